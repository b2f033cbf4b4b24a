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
exec node "/opt/kubelab/bundle/$program.mjs" "$@"
