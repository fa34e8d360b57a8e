#!/bin/sh
# Scans folders, moves what it finds away, and notes the result. Written by Cartable (role antivirus).
#   cartable-antivirus QUARANTINE FOLDER…
set -u
quarantine=$1
shift
result=/var/lib/cartable/antivirus.json
log=$(mktemp)
trap 'rm -f "$log"' EXIT
started=$(date --utc +%Y-%m-%dT%H:%M:%SZ)
for folder in "$@"; do # one that is not there yet would count as an error
  shift
  [ ! -d "$folder" ] || set -- "$@" "$folder"
done
# 0 nothing found, 1 something found, 2 an error.
clamscan --recursive --infected --no-summary --cross-fs=no --log="$log" --move="$quarantine" "$@" >/dev/null 2>&1
status=$?
found=$(grep --count ' FOUND$' "$log")
grep ' FOUND$' "$log" | logger --tag cartable-antivirus --priority auth.alert
printf '{"started": "%s", "finished": "%s", "found": %s, "complete": %s}\n' \
  "$started" "$(date --utc +%Y-%m-%dT%H:%M:%SZ)" "$found" "$([ $status -le 1 ] && echo true || echo false)" > $result.new
mv $result.new $result
[ $status -le 1 ]
