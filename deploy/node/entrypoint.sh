#!/bin/sh
# Turns a container into a machine of the cluster: its own cgroup root, writable kernel settings of its own namespaces, a name, a DNS
# resolver that pods can reach; then runs the node's services until it is told to stop.
set -eu

here=/opt/kubelab/node
run=/run/kubelab
kept_name=/var/lib/kubelet/node-name
kept_limits=/var/lib/kubelet/node-limits

say() { echo "node | $*"; }

# A cgroup namespace of its own makes the container's cgroup the root of what the node sees: what the node's engine creates lies inside
# the container's cgroup, is limited, frozen and removed with it, and looks the same under every engine's cgroupns default.
if [ "${KUBELAB_CGROUP_NAMESPACE:-}" != own ]; then
  export KUBELAB_CGROUP_NAMESPACE=own
  exec unshare --cgroup -- "$0" "$@"
fi

mount --make-rshared /
mount -o remount,rw /proc/sys
mount -o remount,rw /sys 2>/dev/null || say "/sys stays read-only"
[ -e /dev/kmsg ] || mknod /dev/kmsg c 1 11 2>/dev/null || ln -s /dev/null /dev/kmsg
mkdir -p "$run" /var/lib/kubelet/manifests /var/log/pods /var/log/containers /etc/docker

# Where static pods are looked for on every cluster; kept with the node's data, which outlives this container.
ln -sfn /var/lib/kubelet/manifests /etc/kubernetes/manifests

. "$here/cgroups.sh"
. "$here/network.sh"
. /opt/kubelab/choose-iptables.sh
. "$here/runtime.sh"

runtime_flags > "$run/runtime-flags"

mount_cgroups
limit_node
set_sysctls
choose_iptables
write_resolv_conf "$run/resolv.conf"

# A machine keeps the name it was first given, next to the certificate that is issued to it.
if [ ! -s "$kept_name" ]; then
  echo "${KUBELAB_NODE_NAME:-$(node "$here/node-name.mjs")}" > "$kept_name"
fi
name=$(cat "$kept_name")
echo "$name" > "$run/node-name"
hostname "$name"
say "this is $name"

# runsvdir keeps the services up; its state lies on the tmpfs, so a node that was killed starts without a memory of its last life.
ln -sfn /run/service /etc/service
rm -rf /run/service
cp -r "$here/services" /run/service
choose_services /run/service
runsvdir -P /run/service &
supervisor=$!

# When a machine goes down alone, its pods end with it and others take over. When the whole lab goes down, or this container is about to be
# made anew, they are to go on afterwards where they were.
goes_down_alone() {
  [ -z "$(find "$run/coming-back" -mmin -10 2>/dev/null)" ] || return 1
  sleep 1
  curl -fsk -o /dev/null --max-time 2 "${KUBELAB_API_SERVER:-https://apiserver:6443}/readyz"
}

# Agents first, so that nothing restarts what the engine then stops. The kubelet by itself: it may take a while.
stop() {
  trap '' TERM INT
  if goes_down_alone; then
    say "shutting down"
    touch "$run/shutdown"
  else
    say "stopping"
  fi
  sv -w 30 force-stop /run/service/kubelet >/dev/null 2>&1 || true
  sv -w 5 force-stop /run/service/kube-proxy >/dev/null 2>&1 || true
  stop_runtime
  kill -HUP "$supervisor" 2>/dev/null || true
  wait "$supervisor" || true
  say "stopped"
  exit 0
}
trap stop TERM INT

wait "$supervisor" || true
say "the supervisor ended"
exit 1
