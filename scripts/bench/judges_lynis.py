"""Lynis in scripts/bench/judges.py: what each of its tests takes off the index, read from its log, and why."""

from __future__ import annotations

import re

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
