#!/bin/sh
# start.sh PROGRAM FLAGS...: runs one of the control plane's programs; the lab's failure clock decides about some more flags.
set -eu
program=$1
shift
if [ "${KUBELAB_FAILURE_CLOCK:-upstream}" = fast ]; then
  case $program in
    apiserver) set -- "$@" --default-not-ready-toleration-seconds=10 --default-unreachable-toleration-seconds=10 ;;
    controller-manager) set -- "$@" --node-monitor-grace-period=8s --node-monitor-period=1s ;;
  esac
fi
# A server that has held many objects and watches gives their memory back with jemalloc, which glibc does not: bench/src/api/README.md.
if [ "$program" = apiserver ]; then
  export LD_PRELOAD=libjemalloc.so.2
  export MALLOC_CONF=background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,narenas:2
fi
exec node "/opt/kubelab/bundle/$program.mjs" "$@"
