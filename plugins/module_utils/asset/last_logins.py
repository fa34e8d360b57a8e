# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Last logins of local accounts, by day, from what the system keeps: logind's sessions, lastlog(8) and lastlog2(8)."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import struct
from datetime import datetime, timezone
from typing import Any, Dict, List

from .machine import Machine, number

SESSION = (
    "8d45620c1a4348dbb17410da57c60c66"  # SD_MESSAGE_SESSION_START of sd-messages.h: console, desktop and SSH
)
SESSIONS = (
    *("journalctl", "--quiet", "--no-pager", "--output=json", "--output-fields=USER_ID", "--lines=50000"),
    f"MESSAGE_ID={SESSION}",
)
LASTLOG = "/var/log/lastlog"
RECORD = struct.Struct(
    "=i32s256s"
)  # struct lastlog of <lastlog.h>, one for each user id; 32 bits of time on all Linux
LASTLOG2 = "/var/lib/lastlog/lastlog2.db"


def last_logins(machine: Machine, accounts: List[Dict[str, Any]]) -> Dict[str, Any]:
    """Give ``since``, the first day of which logins are known, and ``days``, account → day of its last login.

    Empty where the system keeps nothing. The day of the first session in the journal is taken as its beginning, which
    may be later than the true one.
    """
    found: Dict[str, int] = {}
    sessions = _sessions(machine)
    begins = [time for times in sessions.values() for time in times]
    for login, times in sessions.items():
        found[login] = max(times)
    for login, time in {**_lastlog(machine, accounts), **_lastlog2(machine)}.items():
        found[login] = max(time, found.get(login, 0))
        begins.append(time)
    if not begins:
        return {}
    names = {account["login"] for account in accounts}
    days = {login: _day(time) for login, time in sorted(found.items()) if login in names}
    return {"since": _day(min(begins)), "days": days}


def _sessions(machine: Machine) -> Dict[str, List[int]]:
    found: Dict[str, List[int]] = {}
    for line in (machine.run(*SESSIONS) or "").splitlines():
        with contextlib.suppress(ValueError):  # a line that was cut
            entry = json.loads(line)
            login, time = entry.get("USER_ID"), number(entry.get("__REALTIME_TIMESTAMP"))
            if isinstance(login, str) and time is not None:
                found.setdefault(login, []).append(time // 1_000_000)
    return found


def _lastlog(machine: Machine, accounts: List[Dict[str, Any]]) -> Dict[str, int]:
    found = {}
    for account in accounts:
        record = machine.part(LASTLOG, account["uid"] * RECORD.size, RECORD.size)
        if len(record) == RECORD.size:
            time = RECORD.unpack(record)[0]
            if time > 0:
                found[account["login"]] = time
    return found


def _lastlog2(machine: Machine) -> Dict[str, int]:
    path = machine.root / LASTLOG2.lstrip("/")
    if not path.exists():
        return {}
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
            rows = database.execute("SELECT Name, Time FROM Lastlog2 WHERE Time > 0").fetchall()
    except sqlite3.Error:
        return {}
    return {str(name): int(time) for name, time in rows}


def _day(time: int) -> str:
    return datetime.fromtimestamp(time, timezone.utc).date().isoformat()
