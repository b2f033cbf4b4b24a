#!/bin/sh
# Turns a container into a machine of the cluster: its own cgroup root, writable kernel settings of its own namespaces, a name, a DNS
# resolver that pods can reach; then runs the node's services until it is told to stop.
set -eu

here=/opt/kubelab/node
run=/run/kubelab
kept_name=/var/lib/kubelet/node-name

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
mkdir -p "$run" /var/lib/kubelet /var/log/pods /var/log/containers /etc/docker

. "$here/cgroups.sh"
. "$here/network.sh"
. /opt/kubelab/choose-iptables.sh

mount_cgroups
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
runsvdir -P /run/service &
supervisor=$!

# Agents first, so that nothing restarts what the engine then stops.
stop() {
  say "stopping"
  trap '' TERM INT
  sv -w 5 force-stop /run/service/kubelet /run/service/kube-proxy >/dev/null 2>&1 || true
  sv -w 15 force-stop /run/service/dockerd >/dev/null 2>&1 || true
  kill -HUP "$supervisor" 2>/dev/null || true
  wait "$supervisor" || true
  say "stopped"
  exit 0
}
trap stop TERM INT

wait "$supervisor" || true
say "the supervisor ended"
exit 1
