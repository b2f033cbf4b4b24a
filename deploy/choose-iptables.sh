# The kernel has two sets of tables. Docker has written its rules into one of them; who adds to them uses the same. Asking
# iptables-legacy would make its tables exist, so the kernel is asked whether they do.
choose_iptables() {
  if grep -q nat /proc/net/ip_tables_names 2>/dev/null; then mode=legacy; else mode=nft; fi
  for program in iptables ip6tables; do
    update-alternatives --set "$program" "/usr/sbin/$program-$mode" >/dev/null 2>&1 || echo "cannot choose $program-$mode"
  done
}
