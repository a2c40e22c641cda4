#!/bin/bash
# usage: systemd_boot.sh FOLDER
#
# Boots systemd as process 1 of namespaces of its own (processes, mounts, host
# name, network, control groups), on this machine's files: /etc is covered by a
# layer that is thrown away, /run and /var/lib are empty. It starts none of the
# machine's own services. Needs root. Everything ends with this process.
set -e
folder=$1
group=fleet-systemd-$$
# Into a group of each hierarchy, which the new namespace takes for the root.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then hierarchies=.
else hierarchies=$(cd /sys/fs/cgroup && ls -d systemd unified memory pids cpu \
                     cpuacct 2>/dev/null); fi
for h in $hierarchies; do
  mkdir -p /sys/fs/cgroup/$h/$group
  echo $$ >/sys/fs/cgroup/$h/$group/cgroup.procs
done
echo $group >"$folder/group"
export folder hierarchies
exec unshare --pid --fork --kill-child --mount --uts --ipc --net --cgroup \
  bash -e <<'INSIDE'
mount --make-rprivate /
mkdir -p "$folder/layer"
mount -t tmpfs tmpfs "$folder/layer"
mkdir "$folder/layer/upper" "$folder/layer/work"
mount -t overlay overlay /etc -o \
  "lowerdir=/etc,upperdir=$folder/layer/upper,workdir=$folder/layer/work"
umount -R /sys/fs/cgroup
if [ "$hierarchies" = . ]; then mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
  mount -t tmpfs tmpfs /sys/fs/cgroup
  for h in $hierarchies; do
    mkdir /sys/fs/cgroup/$h
    case $h in
      unified) mount -t cgroup2 cgroup2 /sys/fs/cgroup/$h ;;
      systemd) mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/$h ;;
      *) mount -t cgroup -o $h cgroup /sys/fs/cgroup/$h ;;
    esac
  done
fi
mount -t proc proc /proc
for f in /run /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs $f; done
mkdir /run/lock
ip link set lo up
cd /etc/systemd/system
rm -rf -- *
cat >test.target <<'UNIT'
[Unit]
Description=What a machine has before its services
Requires=basic.target
After=basic.target
AllowIsolate=yes
UNIT
# What is the machine's and not this test's.
for unit in $(cd /lib/systemd/system &&
    ls -d systemd-*.service systemd-*.socket systemd-*.path *.mount \
      *.automount kmod-static-nodes.service dbus.socket 2>/dev/null); do
  ln -s /dev/null $unit
done
exec env -i container=fleet-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  SYSTEMD_LOG_TARGET=console /lib/systemd/systemd --system --unit=test.target \
  --show-status=0
INSIDE
