#!/bin/sh
# Written by Cartable (role remote_support). Shows the screen of this machine to whoever came through the socket, which is the standard input.
# $1: seconds in which whoever sits there may accept. 0: nobody is asked.
set -eu

of_session() {
  [ -z "$session" ] || loginctl show-session "$session" --property="$1" --value
}

session=$(loginctl show-seat seat0 --property=ActiveSession --value 2>/dev/null) || session=
if [ "$(of_session Type)" = wayland ]; then
  echo "The session at the screen is one of Wayland, which x11vnc cannot show: log in to a session of Xorg." >&2
  exit 1
fi
display=$(of_session Display)
display=${display:-:0}

# The cookie that the display manager gave the X server of this display, or the one that there is. ("-auth guess" wants netstat, which Debian has not.)
cookie=$(ps -ww -eo args= | awk -v display="$display" '
  $1 ~ /\/X[a-z]*$/ {
    file = ""; here = 0
    for (i = 2; i <= NF; i++) { if ($i == "-auth") file = $(i + 1); if ($i == display) here = 1 }
    if (file != "" && (here || found == "")) found = file
  }
  END { print found }')

# At the login screen nobody can answer. In doubt somebody is asked.
if [ "$1" -eq 0 ] || [ "$(of_session Class)" = greeter ]; then
  set --
else
  set -- -accept "popup:$1"
fi
exec /usr/bin/x11vnc -norc -safer -inetd -auth "$cookie" -display "$display" "$@"
