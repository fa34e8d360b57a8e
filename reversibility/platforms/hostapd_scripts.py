"""Scripts that read and change a Linux access point, as root; see shell_driver.py."""

from __future__ import annotations

from reversibility.platforms import linux_way_back
from reversibility.platforms.shell_driver import REMOVED, Scripts

_LIST = (
    "cd / && ls -d etc/hostapd/*.conf etc/hostapd/*.vlan etc/default/hostapd "
    "etc/systemd/system/hostapd.service.d/cartable.conf etc/systemd/system/cartable-wifi-* 2>/dev/null"
)

_READ = f"""command -v hostapd >/dev/null || {{ echo 'hostapd is not installed there' >&2; exit 1; }}
{{ {_LIST} || :; }} | sort -u | tar -C / -cf - -T -
"""

# hostapd has no option that checks (-t adds time stamps): started without its radio it reads everything, then stops.
_CHECK = r"""for new in $back/new/etc/hostapd/*.conf; do
  [ -f "$new" ] || continue
  { printf 'interface=cartable-none\ndriver=none\n'
    grep -v -e '^driver=' -e '^ctrl_interface=' -e '^interface=' -e '^bridge=' -e '^vlan_file=' "$new"
  } > $back/check.conf
  : > $back/said
  (cd $back && exec timeout -s KILL 10 hostapd check.conf > said 2>&1) &
  checked=$!
  i=0
  while kill -0 $checked 2>/dev/null && [ $i -lt 100 ]; do
    ! grep -q -e AP-ENABLED -e TERMINATING -e COUNTRY_UPDATE $back/said || break
    sleep 0.05
    i=$((i+1))
  done
  pkill -KILL -P $checked 2>/dev/null || :
  wait $checked 2>/dev/null || :
  if grep -q 'errors found in configuration file' $back/said; then
    why=$(grep -m 1 -o "unknown configuration item '[a-z0-9_]*'\|invalid [A-Za-z ]*" $back/said || echo 'a wrong line')
    rm -rf $back
    echo "hostapd refuses ${new##*/}: $why" >&2
    exit 1
  fi
done
rm -f $back/check.conf $back/said
"""

_UNDO = f"""cd /
{_LIST} | while IFS= read -r file; do rm -f "/$file"; done
tar -xf $back/before.tar -C /
systemctl daemon-reload
for timer in cartable-wifi-on.timer cartable-wifi-off.timer; do
  if [ -f /etc/systemd/system/$timer ]; then systemctl restart $timer; else systemctl stop $timer 2>/dev/null || :; fi
done
unit=cartable-wifi-isolation.service
[ -f /etc/systemd/system/$unit ] || systemctl stop $unit 2>/dev/null || :
if [ -e $back/active ]; then systemctl restart hostapd.service || exit 1; else systemctl stop hostapd.service || :; fi
"""

_APPLY = f"""{linux_way_back.BEGIN}mkdir $back/new
tar -xf - -C $back/new
{_CHECK}{{ {_LIST} || :; }} | sort -u | tar -C / -cf $back/before.tar -T -
! systemctl is-active --quiet hostapd.service || : > $back/active
{linux_way_back.arm(_UNDO, "Before=hostapd.service")}
cd $back/new
if [ -f {REMOVED} ]; then while IFS= read -r file; do
  case $file in *.timer) systemctl disable --now --quiet "${{file##*/}}" 2>/dev/null || : ;;
    */cartable-wifi-isolation.service) systemctl stop "${{file##*/}}" 2>/dev/null || : ;; esac
  rm -f "$file"
done < {REMOVED}; rm -f {REMOVED}; fi
find . -type f | while IFS= read -r file; do
  mode=600; case $file in ./etc/default/*|./etc/systemd/*) mode=644 ;; esac
  mkdir -p "/${{file%/*}}"
  install -m $mode "$file" "/$file.new"
  mv "/$file.new" "/$file"
done
cd /
rm -rf $back/new
# One reload for all of it. Debian's package masks the service where it finds no configuration.
systemctl unmask --quiet --no-reload hostapd.service
systemctl enable --quiet --no-reload hostapd.service
for timer in cartable-wifi-on.timer cartable-wifi-off.timer; do
  [ ! -f /etc/systemd/system/$timer ] || systemctl enable --quiet --no-reload $timer
done
systemctl daemon-reload
for timer in cartable-wifi-on.timer cartable-wifi-off.timer; do
  [ ! -f /etc/systemd/system/$timer ] || systemctl restart $timer
done
systemctl restart hostapd.service
echo armed
"""

# It runs before its radios do: the rules of the country come first. A search for radars may take minutes.
_HEALTHY = """systemctl is-active --quiet hostapd.service || {
  echo 'hostapd does not run with the new configuration' >&2
  exit 1
}
DAEMON_OPTS=
[ ! -f /etc/default/hostapd ] || . /etc/default/hostapd
end=$(($(date +%s)+20))
for file in /etc/hostapd/hostapd.conf $DAEMON_OPTS; do
  grep -q '^ctrl_interface=' $file || continue
  radio=$(sed -n 's/^interface=//p' $file)
  while :; do
    state=$(hostapd_cli -p /run/hostapd -i $radio status 2>/dev/null | sed -n 's/^state=//p')
    case $state in ENABLED|DFS|ACS) break ;; esac
    if ! systemctl is-active --quiet hostapd.service || [ $(date +%s) -gt $end ]; then
      echo "the radio $radio does not run with the new configuration (${state:-no answer})" >&2
      exit 1
    fi
    sleep 0.1
  done
done
guests=
[ ! -f /etc/systemd/system/cartable-wifi-isolation.service ] ||
  guests=$(sed -n 's/^Environment="GUESTS=\\(.*\\)"$/\\1/p' /etc/systemd/system/cartable-wifi-isolation.service)
for name in $guests; do
  while [ -e /sys/class/net/$name/brport ] && [ "$(cat /sys/class/net/$name/brport/isolated)" != 1 ]; do
    if [ $(date +%s) -gt $end ]; then
      echo "the guests of $name are not isolated from those of other SSIDs" >&2
      exit 1
    fi
    sleep 0.1
  done
done
"""

# Out of hours Wi-Fi stays off: the timer that comes next says which it is.
_OUT_OF_HOURS = """if [ -f /etc/systemd/system/cartable-wifi-on.timer ]; then
  on=$(systemctl show cartable-wifi-on.timer -p NextElapseUSecRealtime --value)
  off=$(systemctl show cartable-wifi-off.timer -p NextElapseUSecRealtime --value)
  if [ -n "$on" ] && [ -n "$off" ] && [ "$(date -d "$on" +%s)" -lt "$(date -d "$off" +%s)" ]; then
    systemctl start cartable-wifi-off.service
  fi
fi
"""

SCRIPTS = Scripts(
    read=_READ,
    apply=_APPLY,
    confirm=linux_way_back.confirm(_HEALTHY) + _OUT_OF_HOURS,
    revert=linux_way_back.REVERT,
    way_back=f"systemd timer {linux_way_back.UNIT}",
)
