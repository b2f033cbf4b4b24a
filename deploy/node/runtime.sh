# What differs between a node with Docker and one with containerd: its services, the kubelet's flags, and the end of its containers.

runtime=${KUBELAB_RUNTIME:-docker}

# What the kubelet is told about the runtime, as its run script reads it.
runtime_flags() {
  case $runtime in
    docker) echo --container-runtime-endpoint=unix:///run/kubelab/cri.sock --docker-endpoint=unix:///run/docker.sock ;;
    containerd)
      echo --container-runtime-endpoint=unix:///run/containerd/containerd.sock \
        --pod-infra-container-image=kubelab/pause:1
      ;;
    *)
      say "KUBELAB_RUNTIME must be docker or containerd, not \"$runtime\"" >&2
      exit 64
      ;;
  esac
}

# Takes away the services of the other runtime.
choose_services() {
  case $runtime in
    docker) rm -r "$1/containerd" ;;
    containerd) rm -r "$1/dockerd" ;;
  esac
}

# The runtime last: it ends the containers that are left.
stop_runtime() {
  case $runtime in
    docker) sv -w 15 force-stop /run/service/dockerd >/dev/null 2>&1 || true ;;
    containerd)
      stop_tasks
      sv -w 5 force-stop /run/service/containerd >/dev/null 2>&1 || true
      ;;
  esac
}

# containerd leaves its containers running when it ends: they get their signal here, and as long as Docker gives them.
stop_tasks() {
  tasks=$(timeout 5 ctr -n k8s.io tasks ls 2>/dev/null | awk 'NR > 1 && $3 == "RUNNING" { print $2 }')
  [ -n "$tasks" ] || return 0
  kill -TERM $tasks 2>/dev/null || true
  waited=0
  while [ "$waited" -lt 80 ]; do
    left=false
    for task in $tasks; do [ -d "/proc/$task" ] && left=true; done
    $left || return 0
    sleep 0.1
    waited=$((waited + 1))
  done
}
