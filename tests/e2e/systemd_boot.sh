#!/bin/bash
# usage: systemd_boot.sh FOLDER
#
# Boots systemd as process 1 of namespaces of its own (processes, mounts, host
# name, network, control groups), on this machine's files: /etc is covered by a
# layer, /run, /tmp, /var/lib and the like are empty, FOLDER is /mnt. It starts
# none of the machine's own services. When systemd ends while FOLDER/reboot is
# there, it is booted again, with /etc and /var/lib as they were. Its services
# write to FOLDER/log. Needs root. Everything ends with this process.
set -e
folder=$1

# Into a group of each hierarchy, which the machine takes for the root.
enter_groups() {
  local group=fleet-systemd-$$ h
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then hierarchies=.
  else hierarchies=$(cd /sys/fs/cgroup && ls -d systemd unified memory pids \
                       cpu cpuacct 2>/dev/null); fi
  for h in $hierarchies; do
    mkdir -p /sys/fs/cgroup/$h/$group
    echo $$ >/sys/fs/cgroup/$h/$group/cgroup.procs
  done
  echo $group >"$folder/group"
  export hierarchies
}

# What outlives a boot: on a disk of its own, since not every file system can
# be the upper one of an overlay.
mount_disk() {
  mount --make-rprivate /
  mount --bind "$folder" /mnt
  mkdir /mnt/disk
  mount -t tmpfs -o mode=755 tmpfs /mnt/disk
  mkdir /mnt/disk/etc /mnt/disk/work /mnt/disk/lib
}

mount_groups() {
  umount -R /sys/fs/cgroup
  if [ "$hierarchies" = . ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    return
  fi
  mount -t tmpfs tmpfs /sys/fs/cgroup
  local h
  for h in $hierarchies; do
    mkdir /sys/fs/cgroup/$h
    case $h in
      unified) mount -t cgroup2 cgroup2 /sys/fs/cgroup/$h ;;
      systemd) mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/$h ;;
      *) mount -t cgroup -o $h cgroup /sys/fs/cgroup/$h ;;
    esac
  done
}

mount_machine() {
  mount -t overlay overlay /etc -o \
    lowerdir=/etc,upperdir=/mnt/disk/etc,workdir=/mnt/disk/work
  mount --bind /mnt/disk/lib /var/lib
  mount_groups
  mount -t proc proc /proc
  local f
  for f in /run /var/log; do mount -t tmpfs -o mode=755 tmpfs $f; done
  for f in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $f; done
  mkdir /run/lock
  ip link set lo up
}

# Once: the machine's own services give way to what a test needs.
set_up_units() {
  cd /etc/systemd/system
  rm -rf -- *
  mkdir service.d
  printf '[Service]\nStandardOutput=append:/mnt/log\nStandardError=inherit\n' \
    >service.d/log.conf
  local unit
  for unit in $(cd /lib/systemd/system && ls -d *.service *.socket *.path \
      *.timer *.mount *.automount 2>/dev/null); do
    case $unit in
      dbus.service | dbus.socket | systemd-logind.service | \
        systemd-user-sessions.service | user@.service | \
        user-runtime-dir@.service | systemd-reboot.service) ;;
      *) ln -s /dev/null $unit ;;
    esac
  done
}

case ${2:-} in
  '')
    enter_groups
    exec unshare --pid --fork --kill-child --mount "$0" "$folder" power
    ;;
  power)
    mount_disk
    while :; do
      rm -f /mnt/reboot
      unshare --pid --fork --kill-child --mount --uts --ipc --net --cgroup \
        "$0" "$folder" boot || true
      [ -e /mnt/reboot ] || exit 1
    done
    ;;
  boot)
    mount_machine
    [ -e /etc/systemd/system/service.d ] || set_up_units
    exec env -i container=fleet-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
      SYSTEMD_LOG_TARGET=console /lib/systemd/systemd --system \
      --unit=multi-user.target --show-status=0
    ;;
esac
