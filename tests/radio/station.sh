#!/bin/sh
# A station of the emulated machine: a network namespace with a radio (wlan1 to wlan5) of its own.
#   station N join SECONDS    reads a configuration of wpa_supplicant, prints what came of it
#   station N leave
#   station N in CMD…         runs a command there
set -eu
verb=$2
namespace=st$1 radio=wlan$1 home=/run/station/$1
shift 2
mkdir -p "$home"
inside() { /bin/ip netns exec "$namespace" "$@"; }
if [ ! -e "/run/netns/$namespace" ]; then
  /bin/ip netns add "$namespace"
  /sbin/iw phy "$(cat "/sys/class/net/$radio/phy80211/name")" set netns name "$namespace"
  inside ip link set lo up
fi

leave() {
  if [ -e "$home/pid" ]; then
    pid=$(cat "$home/pid")
    kill "$pid" 2>/dev/null || :
    i=0
    while [ -e "/proc/$pid" ] && [ $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done
    rm -f "$home/pid"
  fi
  inside ip address flush dev "$radio"
}

case $verb in
join)
  leave
  umask 077
  cat > "$home/conf"
  rm -f "$home/log"
  inside wpa_supplicant -B -t -D nl80211 -i "$radio" -c "$home/conf" -f "$home/log" -P "$home/pid" > /dev/null
  # grep ends with the first match, and tail with it.
  timeout "$1" tail -n +1 -F "$home/log" 2>/dev/null |
    grep -m 1 -o -E 'CTRL-EVENT-(CONNECTED|EAP-FAILURE|EAP-TLS-CERT-ERROR|AUTH-REJECT|ASSOC-REJECT|SSID-TEMP-DISABLED)' ||
    echo NOTHING
  ;;
leave) leave ;;
in) inside "$@" ;;
esac
