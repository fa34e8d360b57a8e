#!/bin/sh
# Runs in the new root file system when the image is built, after rootfs was copied over it.
set -eu
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: > /etc/machine-id
# The account is opened by the operators' key; a locked one ("!") would refuse the key too.
usermod --password '*' root
usermod --shell /bin/sh root # quicker than bash
systemctl enable lab-network.service ssh.service
systemctl set-default multi-user.target
# What an access point that lives for minutes in an emulator does not need. There is no udev: it took half a minute.
systemctl mask getty.target console-getty.service systemd-logind.service systemd-timesyncd.service wpa_supplicant.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  systemd-tmpfiles-clean.timer systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-journal-flush.service \
  systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-network-generator.service systemd-random-seed.service \
  systemd-sysusers.service systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-sysctl.service \
  systemd-remount-fs.service systemd-user-sessions.service systemd-update-done.service kmod-static-nodes.service \
  systemd-ask-password-console.path systemd-ask-password-wall.path systemd-initctl.socket systemd-networkd.socket \
  modprobe@configfs.service modprobe@dm_mod.service modprobe@efi_pstore.service modprobe@fuse.service modprobe@loop.service \
  modprobe@drm.service proc-sys-fs-binfmt_misc.automount dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
  sys-kernel-tracing.mount sys-fs-fuse-connections.mount sys-kernel-config.mount
# As the package leaves it on a machine that runs when it is installed.
systemctl mask hostapd.service
