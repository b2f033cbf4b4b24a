#!/bin/bash
# First process of the bare machine: a cgroup root of its own and writable kernel settings, as any machine has them, then nothing.
set -eu

say() { echo "machine | $*"; }

if [ "${OWN_CGROUPS:-}" != yes ]; then
  export OWN_CGROUPS=yes
  exec unshare --cgroup -- bash "$0"
fi

mount --make-rshared /
mount -o remount,rw /proc/sys
mount -o remount,rw /sys || say "/sys stays read-only"
. /opt/machine/cgroups.sh
mount_cgroups
ln -sf /opt/machine/npm/bin/npm-cli.js /usr/local/bin/npm
ln -sf /opt/machine/npm/bin/npx-cli.js /usr/local/bin/npx
mkdir -p /etc/ssl/certs
cp /opt/machine/ca.crt /etc/ssl/certs/ca-certificates.crt
touch /run/machine-is-up

# As first process it also has to bury what others leave behind.
while :; do
  sleep 3600 &
  wait $! || true
done
