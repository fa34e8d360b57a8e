#!/bin/sh
# Written by Cartable (role sobriety): shuts the PC down at HH:MM, SECONDS after a warning.
# usage: cartable-shutdown HH:MM SECONDS
set -eu
late=$(($(date +%s) - $(date -d "today $1" +%s)))
# A PC that slept at that hour gets here when somebody wakes it next morning.
if [ "$late" -lt 0 ] || [ "$late" -ge 1800 ]; then
    exit 0
fi
wall "L’école est fermée : ce poste s’éteint dans $(($2 / 60)) minutes. Enregistrez votre travail." || true
sleep "$2"
# apt and dpkg forbid it while they install something; then systemd tries again.
systemctl poweroff --check-inhibitors=yes
