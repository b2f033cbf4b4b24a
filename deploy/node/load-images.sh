#!/bin/sh
# Loads every archive of the shared volume that this node's engine has not loaded yet. The list of loaded ones lies beside the engine's
# data, because it is true as long as they are.
set -eu
archives=/var/lib/kubelab/images
runtime=${KUBELAB_RUNTIME:-docker}
loaded=/var/lib/$runtime/kubelab-loaded
once=${1:-}

load() {
  case $runtime in
    docker) docker load -q -i "$1" ;;
    containerd) ctr -n k8s.io images import "$1" ;;
  esac
}

/opt/kubelab/node/wait-for-engine.sh
mkdir -p "$loaded"
for archive in "$archives"/*.tar; do
  [ -e "$archive" ] || continue
  mark=$loaded/$(basename "$archive").$(stat -c %Y-%s "$archive")
  [ -e "$mark" ] && continue
  load "$archive"
  touch "$mark"
done
[ "$once" = --once ] || sv down /run/service/images
