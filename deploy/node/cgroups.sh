# Mounts this cgroup namespace's hierarchies read-write over the engine's read-only ones.

mount_cgroups() {
  if grep -q '^[1-9]' /proc/self/cgroup; then
    mount_cgroups_v1
  else
    mount_cgroup_v2
  fi
}

mount_cgroups_v1() {
  mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
  while IFS=: read -r _ controllers _; do
    case $controllers in
      '') continue ;; # the unified part of a hybrid layout has no controllers to offer
      name=*) folder=${controllers#name=} ;;
      *) folder=$controllers ;;
    esac
    mkdir -p "/sys/fs/cgroup/$folder"
    mount -t cgroup -o "$controllers" cgroup "/sys/fs/cgroup/$folder"
    case $folder in
      *,*) for alias in $(echo "$folder" | tr , ' '); do ln -s "$folder" "/sys/fs/cgroup/$alias"; done ;;
    esac
  done < /proc/self/cgroup
  # v1 does not inherit cpusets, and a group without one cannot hold processes.
  pods=/sys/fs/cgroup/cpuset/kubepods
  mkdir -p "$pods"
  for file in cpuset.cpus cpuset.mems; do cat "/sys/fs/cgroup/cpuset/$file" > "$pods/$file"; done
}

mount_cgroup_v2() {
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  # A group that hands out controllers may not hold processes itself.
  mkdir -p /sys/fs/cgroup/node
  xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/node/cgroup.procs 2>/dev/null || true
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control || say "cgroup controller $controller is not available"
  done
}
