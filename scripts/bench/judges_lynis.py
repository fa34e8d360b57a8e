"""Lynis in scripts/bench/judges.py: what each of its tests takes off the index, read from its log, and why."""

from __future__ import annotations

import re

HOST = "of the host in a container; a machine with its own kernel has it"
CHOSEN = {
    "ACCT-9622": "a list of every program that everybody starts is more than a school may keep",
    "AUTH-9286": "a password that was told is to be changed at once, not after a day",
    "DEB-0810": "asks in the middle of an installation, and wants the internet",
    "DEB-0811": "is for a person who reads along; `patch.yml` records what was changed",
    "DEB-0831": "`patch.yml` restarts what needs it itself",
    "DEB-0880": "nobody guesses passwords by SSH: it takes keys only",
    "FILE-6310": "the partitions are made when the machine is installed",
    "FILE-6344": "hidden processes break the desktop's sessions (logind, polkit)",
    "FINT-4350": "AIDE: the data would be made anew with each update; debsums and the audit look",
    "MALW-3280": "it looks for commercial programs; ClamAV (role `antivirus`) counts elsewhere",
    "PKGS-7420": "`patch.yml` patches in the school's windows, with a way back",
    "SSH-7408": "port 22 as in `network.yml`; four sessions, for delegated tasks; a server is a jump host",
    "TOOL-5190": "nobody guesses passwords by SSH: it takes keys only",
    "USB-1000": "a file server takes its backup disk by USB",
    "USB-3000": "USB sticks are refused by their drivers; USBGuard would refuse a keyboard that was replaced",
}
"""Test → why this project leaves its points."""

OF_THE_HOST = {"ACCT-9628": 0, "KRNL-6000": 1, "MACF-6290": 0, "TIME-3104": 0}
"""Test whose points a container cannot have → those that a machine lacks as well (modules_disabled)."""

_LINE = re.compile(
    r"Performing test ID (?P<test>[A-Z]+-\d+)"
    r"|assigned maximum number of hardening points for this item \((?P<all>\d+)\)"
    r"|assigned partial number of hardening points \((?P<got>\d+) of (?P<most>\d+)\)"
)


def points(log: str) -> dict[str, tuple[int, int]]:
    """Test → points it gave and points it could give, for the tests that gave less."""
    found: dict[str, tuple[int, int]] = {}
    test = ""
    for match in _LINE.finditer(log):
        if match["test"]:
            test = match["test"]
        else:
            got, most = (match["all"],) * 2 if match["all"] else (match["got"], match["most"])
            before = found.get(test, (0, 0))
            found[test] = (before[0] + int(got), before[1] + int(most))
    return {test: pair for test, pair in found.items() if pair[0] < pair[1]}


def with_own_kernel(log: str) -> tuple[int, int]:
    """The index, counted from the log, and what it would be with the points that a container cannot have."""
    got, most = 0, 0
    for match in re.finditer(r"Currently having (\d+) points \(out of (\d+)\)", log):
        got, most = int(match[1]), int(match[2])
    missing = {test: pair[1] - pair[0] for test, pair in points(log).items()}
    more = sum(max(0, missing.get(test, 0) - left) for test, left in OF_THE_HOST.items())
    return (100 * got // most, 100 * (got + more) // most) if most else (0, 0)


def why(test: str) -> str:
    """Why its points are not there."""
    return HOST if test in OF_THE_HOST else CHOSEN.get(test, "**no reason yet**")


def rows(short: dict[str, tuple[int, int]]) -> list[tuple[str, ...]]:
    """Test, points that are missing, why; the most expensive first."""
    missing = sorted(((most - got, test) for test, (got, most) in short.items()), reverse=True)
    return [(f"`{test}`", str(points), why(test)) for points, test in missing]
