#!/bin/sh
# Written by Cartable (role shared_pc): gives the shared account an empty home from /etc/skel, in memory, at each login.
# PAM runs it as root before a session of the account is opened, and refuses the login when it fails.
# usage: cartable-clean-profile ACCOUNT
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
account=$1
[ "${PAM_TYPE:-}" = open_session ] && [ "${PAM_USER:-}" = "$account" ] || exit 0

uid=$(id -u "$account")
group=$(id -g "$account")
home=$(getent passwd "$account" | cut -d: -f6)
case $home in /home/?*) ;; *) exit 1 ;; esac
[ "$uid" -ge 1000 ] && [ -d "$home" ] || exit 1

exec 9>/run/cartable-clean-profile.lock
flock 9

# A second login beside the first shares its home. "closing" is a session that is over; its processes are ended below.
for session in $(loginctl show-user "$account" --property=Sessions --value 2>/dev/null || true); do
    case $(loginctl show-session "$session" --property=Class --value):$(loginctl show-session "$session" --property=State --value) in
        user*:closing) ;;
        user*) exit 0 ;;
    esac
done

# What else an account may leave: services that linger, processes, tasks at a given hour, mail, files for everybody.
loginctl disable-linger "$account" 2>/dev/null || true
systemctl stop "user@$uid.service" "user-runtime-dir@$uid.service" || true
pkill -KILL -u "$uid" || true
rm -f "/var/spool/cron/crontabs/$account" "/var/mail/$account"
find /tmp /var/tmp /dev/shm /var/spool/cron/atjobs -xdev -user "$uid" -delete 2>/dev/null || true

# In the name space of the whole PC, wherever the login program runs.
mounts="nsenter --target 1 --mount --"
while mountpoint -q "$home"; do
    $mounts umount --lazy "$home"
done
$mounts mount -t tmpfs -o "nosuid,nodev,mode=0700,uid=$uid,gid=$group,size=50%" cartable-profile "$home"
cp -R /etc/skel/. "$home"
chown -R "$uid:$group" "$home"
