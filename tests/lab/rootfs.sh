#!/bin/sh
# Runs in the new root file system when an image is built, after tests/lab/rootfs was copied over it.
set -eu

# What a preseed leaves (R24): one account that the operators' key opens, and that becomes root without a password.
# The key itself comes when a container is made; "*" refuses every password but, unlike "!", not the account.
useradd --create-home --shell /bin/bash --password '*' --comment 'Cartable' cartable
chown root:root /etc/sudoers.d/90-bootstrap
chmod 0440 /etc/sudoers.d/90-bootstrap

# Every container is another machine: its own host keys and its own machine-id, made at its first start.
rm -f /etc/ssh/ssh_host_*
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id

# Of the machine that builds, not of the one that will run.
echo debian > /etc/hostname
printf '127.0.0.1\tlocalhost\n127.0.1.1\tdebian\n::1\tlocalhost ip6-localhost ip6-loopback\n' > /etc/hosts
echo '# No name server in the lab.' > /etc/resolv.conf

systemctl enable lab-own-files.service ssh.service lab-ssh-keys.service lab-apt-proxy.socket
# The switch and the router enable it; elsewhere it would only cost memory.
systemctl disable openvswitch-switch.service
# Timers that would fetch packages, or rotate nothing, in the middle of a test.
systemctl disable apt-daily.timer apt-daily-upgrade.timer
# No console in a container.
systemctl mask console-getty.service getty.target systemd-logind.service
