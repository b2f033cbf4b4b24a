# What a node's network namespace needs before kube-proxy and the engine start. Only namespaced settings are touched.

# Where pods find the resolver of the node's Docker network; link-local, so that it cannot collide with a real one.
dns_address=169.254.20.53

set_sysctl() {
  [ -e "/proc/sys/$1" ] || return 0
  echo "$2" > "/proc/sys/$1" || say "cannot set $1"
}

set_sysctls() {
  set_sysctl net/ipv4/ip_forward 1
  set_sysctl net/bridge/bridge-nf-call-iptables 1
  set_sysctl net/bridge/bridge-nf-call-ip6tables 1
  # Lets pods use the resolver that Docker keeps on the node's loopback.
  set_sysctl net/ipv4/conf/all/route_localnet 1
}

# Pods cannot reach Docker's 127.0.0.11: they get an address of the node's own that leads there.
write_resolv_conf() {
  if ! grep -q '^nameserver 127\.' /etc/resolv.conf; then
    grep -E '^(nameserver|search|options)' /etc/resolv.conf > "$1"
    return
  fi
  if redirect_dns; then
    nameservers=$dns_address
  else
    # Newer engines name the resolvers behind theirs.
    nameservers=$(sed -n 's/^# ExtServers: \[\(.*\)\]$/\1/p' /etc/resolv.conf | tr -d 'a-z()' )
    [ -n "$nameservers" ] || say "found no resolver that pods can reach: names outside the cluster will not resolve in pods"
  fi
  for server in $nameservers; do echo "nameserver $server"; done > "$1"
  grep -E '^search' /etc/resolv.conf >> "$1" || true
}

redirect_dns() {
  rules=$(iptables-save -t nat | grep -E -- '-d 127\.0\.0\.11/32 .*--dport 53 .*-j DNAT') || return 1
  for protocol in udp tcp; do
    target=$(echo "$rules" | sed -n "s/.*-p $protocol .*--to-destination \([0-9.:]*\).*/\1/p" | head -n 1)
    [ -n "$target" ] || return 1
    for chain in PREROUTING OUTPUT; do
      iptables -t nat -A "$chain" -d "$dns_address/32" -p "$protocol" --dport 53 \
        -m comment --comment "kubelab: Docker's resolver for pods" -j DNAT --to-destination "$target"
    done
  done
}
