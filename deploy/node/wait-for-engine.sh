#!/bin/sh
# Returns when the node's engine answers.
answers() {
  case ${KUBELAB_RUNTIME:-docker} in
    docker) curl -sf -o /dev/null --max-time 2 --unix-socket /run/docker.sock http://docker/_ping ;;
    containerd) timeout 2 ctr version >/dev/null 2>&1 ;;
  esac
}
until answers; do sleep 0.1; done
