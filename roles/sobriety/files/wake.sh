#!/bin/sh
# Written by Cartable (role sobriety): sets the clock's alarm to the next Wednesday at HH:MM.
# usage: cartable-wake print|set HH:MM        print: the seconds since 1970, and nothing else
set -eu
at=$(date -d "wednesday $2" +%s) # today, on a Wednesday
if [ "$at" -le "$(date +%s)" ]; then
    at=$(date -d "next wednesday $2" +%s)
fi
case $1 in
    print) echo "$at" ;;
    set) exec rtcwake --mode no --time "$at" ;;
    *) exit 2 ;;
esac
