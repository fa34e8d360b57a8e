"""Scripts that read and change an OpenWrt device over SSH; see shell_driver.py.

The change is staged in a session of rpcd, whose ``apply`` undoes it by itself unless the session confirms it. uci
writes the session's own files, since a value in a call of ubus would stand in the list of processes.
"""

from __future__ import annotations

from reversibility.platforms.shell_driver import Scripts

FOLDER = "/var/run/cartable-change"  # in memory

_READ = "cd / && tar -cf - $(ls -d etc/config/* etc/crontabs/root etc/shadow 2>/dev/null)"

_APPLY = f"""set -eu
umask 077
d={FOLDER}
refuse() {{ echo "$1" >&2; exit 1; }}
for tool in uci ubus jsonfilter; do command -v $tool >/dev/null || refuse "there is no $tool"; done
ubus list uci >/dev/null 2>&1 || refuse 'rpcd does not answer: its timer could not take the change back'
rm -rf $d
mkdir $d
tar -xf - -C $d
if [ -f $d/crontab ]; then
  [ ! -f /etc/crontabs/root ] || cp -p /etc/crontabs/root $d/crontab.before
  : > $d/crontab.changed
  mkdir -p /etc/crontabs
  cp $d/crontab /etc/crontabs/root
  /etc/init.d/cron enable
  /etc/init.d/cron restart
fi
[ -f $d/batch ] || exit 0
sid=$(ubus call session create "{{\\"timeout\\":$(({{seconds}}+60))}}" | jsonfilter -e '@.ubus_rpc_session')
[ -n "$sid" ] || refuse 'rpcd gives no session'
session="\\"ubus_rpc_session\\":\\"$sid\\""
printf %s "$sid" > $d/sid
rights='"scope":"uci","objects":[["*","read"],["*","write"]]'
ubus call session grant "{{$session,$rights}}" >/dev/null
mkdir -p /var/run/rpcd/uci-$sid
# Its status is 0 whatever it says of a line.
uci -t /var/run/rpcd/uci-$sid batch < $d/batch > $d/said 2>&1 || :
rm $d/batch
if [ -s $d/said ]; then
  why=$(grep -m 1 -o '^uci: [A-Za-z ]*$' $d/said || echo 'a line that it does not know')
  refuse "uci refuses the change: $why"
fi
# rpcd commits from the files of the session that it was last asked about.
ubus call uci changes "{{$session}}" >/dev/null
timer='"rollback":true,"timeout":{{seconds}}'
ubus call uci apply "{{$session,$timer}}" 2>/dev/null || {{
  rm $d/sid # a rollback by this session would undo the change of another one
  ubus call session destroy "{{$session}}"
  refuse 'rpcd does not apply the change: another one may wait for its confirmation, or for its timer'
}}
"""

_CONFIRM = f"""set -eu
d={FOLDER}
if [ -f $d/sid ]; then
  session="{{\\"ubus_rpc_session\\":\\"$(cat $d/sid)\\"}}"
  i=0
  while ubus call network.wireless status | grep -q '"pending": true' && [ $i -lt 20 ]; do
    sleep 1
    i=$((i+1))
  done
  if ubus call network.wireless status | grep -q '"retry_setup_failed": true'; then
    echo 'a radio does not start with the new configuration' >&2
    exit 1
  fi
  ubus call uci confirm "$session" 2>/dev/null || {{ echo 'the change was undone by the timer of rpcd' >&2; exit 1; }}
  ubus call session destroy "$session"
fi
rm -rf $d
"""

_REVERT = f"""set -eu
d={FOLDER}
if [ -f $d/crontab.changed ]; then
  if [ -f $d/crontab.before ]; then cp -p $d/crontab.before /etc/crontabs/root; else rm -f /etc/crontabs/root; fi
  /etc/init.d/cron restart
fi
if [ -f $d/sid ]; then
  session="{{\\"ubus_rpc_session\\":\\"$(cat $d/sid)\\"}}"
  ubus call uci rollback "$session" 2>/dev/null || :
  ubus call session destroy "$session" 2>/dev/null || :
fi
rm -rf $d
"""

# BusyBox asks for the new password twice, and reads each a byte at a time from whatever its standard input is.
_PASSWORD = """set -eu
IFS= read -r account
IFS= read -r password
printf '%s\\n%s\\n' "$password" "$password" | passwd "$account" >/dev/null 2>&1 || {
  echo "passwd does not change the password of $account" >&2
  exit 1
}
"""

SCRIPTS = Scripts(
    read=_READ,
    apply=_APPLY,
    confirm=_CONFIRM,
    revert=_REVERT,
    way_back="rpcd's apply with rollback",
    password=_PASSWORD,
)
