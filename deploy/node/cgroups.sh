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

# The size that this machine was given for itself: `cpu QUOTA` (microseconds in 100 ms), `memory BYTES`. The engine has set it, unless the
# container was made anew without it; then the root of the node's own hierarchies is set from here, where the kernel lets it.
limit_node() {
  [ -s "$kept_limits" ] || return 0
  while read -r what amount; do
    [ "$(limit_now "$what")" = "$amount" ] && continue
    set_limit "$what" "$amount" 2>/dev/null
    [ "$(limit_now "$what")" = "$amount" ] || say "the $what limit $amount cannot be set from here: run kubelab up"
  done < "$kept_limits"
}

limit_now() {
  case $1 in
    cpu) cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d ' ' -f 1 /sys/fs/cgroup/cpu.max ;;
    memory) cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max ;;
  esac
}

set_limit() {
  case $1 in
    cpu)
      if [ -e /sys/fs/cgroup/cpu.max ]; then
        echo "$2 100000" > /sys/fs/cgroup/cpu.max
      else
        echo 100000 > /sys/fs/cgroup/cpu/cpu.cfs_period_us
        echo "$2" > /sys/fs/cgroup/cpu/cpu.cfs_quota_us
      fi
      ;;
    memory)
      if [ -e /sys/fs/cgroup/memory.max ]; then
        echo 0 > /sys/fs/cgroup/memory.swap.max
        echo "$2" > /sys/fs/cgroup/memory.max
      else
        # Memory and swap together may never be less than memory: the order depends on the direction.
        for file in memsw.limit_in_bytes limit_in_bytes memsw.limit_in_bytes; do
          echo "$2" > "/sys/fs/cgroup/memory/memory.$file"
        done
      fi
      ;;
  esac || true
}
