"""Last logins, from the files and answers of the programs that keep them."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.module_utils.asset.last_logins import RECORD, SESSIONS, last_logins
from plugins.module_utils.asset.machine import Machine

ACCOUNTS = [{"login": "root", "uid": 0}, {"login": "cartable", "uid": 1000}, {"login": "eleve", "uid": 1001}]


def at(day: int) -> int:
    return int(datetime(2026, 11, day, 8, tzinfo=UTC).timestamp())


class Asked(Machine):
    """A folder, and the answer of journalctl."""

    journal: str | None = None

    def run(self, *command: str, accept: range | None = None) -> str | None:
        assert command == SESSIONS
        return self.journal


@pytest.fixture
def machine(tmp_path: Path) -> Asked:
    return Asked(str(tmp_path))


def session(login: str, day: int) -> str:
    """A line as journalctl of systemd 257 prints it."""
    return json.dumps(
        {
            "__CURSOR": "s=1",
            "__REALTIME_TIMESTAMP": str(at(day) * 1_000_000),
            "_BOOT_ID": "0",
            "USER_ID": login,
        }
    )


def test_a_machine_that_keeps_nothing_says_nothing(machine: Asked) -> None:
    assert last_logins(machine, ACCOUNTS) == {}


def test_sessions_of_the_journal_by_the_last_of_each_account(machine: Asked) -> None:
    lines = [session("cartable", 3), session("cartable", 9), session("autre", 2), '{"cut', "[]"]
    machine.journal = "\n".join(lines[:4])
    assert last_logins(machine, ACCOUNTS) == {"since": "2026-11-02", "days": {"cartable": "2026-11-09"}}


def test_lastlog_has_a_record_for_each_user_id(machine: Asked, tmp_path: Path) -> None:
    (tmp_path / "var/log").mkdir(parents=True)
    with (tmp_path / "var/log/lastlog").open("wb") as stream:  # sparse, and it ends after the highest id
        stream.seek(1000 * RECORD.size)
        stream.write(RECORD.pack(at(5), b"tty1", b""))
    assert RECORD.size == 292
    assert last_logins(machine, ACCOUNTS) == {"since": "2026-11-05", "days": {"cartable": "2026-11-05"}}


def test_the_newest_of_all_sources_counts(machine: Asked, tmp_path: Path) -> None:
    (tmp_path / "var/lib/lastlog").mkdir(parents=True)
    with sqlite3.connect(tmp_path / "var/lib/lastlog/lastlog2.db") as database:
        database.execute(
            "CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT)"
        )
        rows = [("cartable", at(4)), ("eleve", at(8)), ("root", 0)]
        database.executemany("INSERT INTO Lastlog2(Name, Time) VALUES (?, ?)", rows)
    machine.journal = session("cartable", 9)
    assert last_logins(machine, ACCOUNTS)["days"] == {"cartable": "2026-11-09", "eleve": "2026-11-08"}
    (tmp_path / "var/lib/lastlog/lastlog2.db").write_bytes(b"no database")
    assert last_logins(machine, ACCOUNTS)["days"] == {"cartable": "2026-11-09"}
