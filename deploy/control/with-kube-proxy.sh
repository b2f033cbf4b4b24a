#!/bin/sh
# with-kube-proxy.sh COMMAND...: gives the command's network namespace service rules and pod routes, so that the command reaches
# services and pods as a node does. The kube-proxy runs in the same container, because an engine that restarts two containers of
# one namespace in the wrong order leaves the second one down. Only the kube-proxy may touch the network.
set -eu
. /opt/kubelab/choose-iptables.sh

# Comes after the server that it lists and watches, and once more whenever it ends.
keep_kube_proxy() {
  until curl -fsk -o /dev/null --max-time 2 https://localhost:6443/readyz; do sleep 0.5; done
  while :; do
    node /opt/kubelab/bundle/kube-proxy.mjs \
      --kubeconfig=/etc/kubernetes/pki/kube-proxy.conf \
      --hostname-override=apiserver \
      --cluster-cidr=10.244.0.0/16 \
      --metrics-bind-address=127.0.0.1:10249 \
      --healthz-bind-address=127.0.0.1:10256 || true
    echo 'the proxy ended, starting it again'
    sleep 2
  done
}

choose_iptables
# What has no route of its own yet shall fail here instead of being asked of whatever lies beyond the default gateway.
ip route replace unreachable 10.244.0.0/16 metric 1000
keep_kube_proxy 2>&1 | sed -u 's/^/kube-proxy | /' &
exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"
