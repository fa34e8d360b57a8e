#!/bin/sh
# Way back after a change that may shut the administrators out. Written by Cartable (role security).
#   cartable-way-back arm MINUTES PATH…   keep these files, and restore them by itself after so long, also after a restart
#   cartable-way-back disarm              a new login has succeeded: forget it
#   cartable-way-back restore             what the timer runs
set -eu
kept=/var/lib/cartable/way-back
units=/etc/systemd/system
name=cartable-way-back

disarm() {
  systemctl disable --quiet --now $name.timer 2>/dev/null || true
  rm -rf "$kept" "$units/$name.timer" "$units/$name.service"
  systemctl daemon-reload
}

case $1 in
  arm)
    minutes=$2
    shift 2
    # Still armed: a run was cut before its new login. What was there before that run is what counts.
    if [ ! -e "$kept/whole" ]; then
      rm -rf "$kept"
      install -d -m 0700 "$kept"
      for path in "$@"; do
        if [ -e "$path" ]; then echo "$path"; else echo "$path" >> "$kept/absent"; fi
      done > "$kept/there"
      tar --create --file="$kept/files.tar" --absolute-names --files-from="$kept/there"
      nft list ruleset > "$kept/ruleset" 2>/dev/null || rm -f "$kept/ruleset"
      touch "$kept/whole"
    fi
    printf '[Unit]\nDescription=Restore the access of the administrators\n[Service]\nType=oneshot\nExecStart=/usr/local/sbin/%s restore\n' \
      $name > "$units/$name.service"
    printf '[Unit]\nDescription=Restore the access of the administrators after %s minutes\n[Timer]\nOnActiveSec=%smin\nAccuracySec=1s\n[Install]\nWantedBy=timers.target\n' \
      "$minutes" "$minutes" > "$units/$name.timer"
    systemctl daemon-reload
    systemctl enable --quiet $name.timer
    systemctl restart $name.timer
    ;;
  disarm) disarm ;;
  restore)
    [ -e "$kept/whole" ] || exit 0
    # Files that came beside the kept ones in folders of settings would stay in effect.
    grep -E '^/etc/(ssh|security|pam\.d)$' "$kept/there" | while read -r folder; do
      find "$folder" -type f | while read -r path; do
        tar --list --file="$kept/files.tar" --absolute-names "$path" >/dev/null 2>&1 || rm -f "$path"
      done
    done
    tar --extract --file="$kept/files.tar" --absolute-names --preserve-permissions
    [ ! -e "$kept/absent" ] || while read -r path; do rm -f "$path"; done < "$kept/absent"
    if command -v nft >/dev/null; then
      nft flush ruleset || true
      [ ! -e "$kept/ruleset" ] || nft -f "$kept/ruleset" || true
    fi
    systemctl reload-or-restart ssh.service || true
    logger --tag $name "access restored" 2>/dev/null || true
    disarm
    ;;
  *)
    echo "$0: arm, disarm or restore" >&2
    exit 2
    ;;
esac
