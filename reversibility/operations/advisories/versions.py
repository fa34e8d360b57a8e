"""Comparison of versions: dpkg's own rule, and dotted numbers where a vendor uses nothing else."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain

PARTS = re.compile(r"([^0-9]*)([0-9]*)")
DOTTED = re.compile(r"^v?(\d+(?:\.\d+)*)$", re.IGNORECASE)
WINDOWS = (
    "10",
    "0",
)  # 10.0.BUILD.REVISION: a branch is known by its build, and revisions count within it only

DpkgKey = tuple[object, ...]


@cache
def _order(text: str) -> tuple[int, ...]:
    """Deb-policy's order of what is no digit: ``~`` before the end, letters before everything else."""
    return (*(-1 if c == "~" else ord(c) if c.isalpha() else ord(c) + 256 for c in text), 0)


def _key(text: str) -> tuple[object, ...]:
    parts = chain.from_iterable(
        (_order(other), int(digits or 0)) for other, digits in PARTS.findall(text or "0") if other or digits
    )
    return (*parts, (0,), 0)


@cache
def dpkg_key(version: str) -> DpkgKey:
    """A key that orders versions as ``dpkg --compare-versions`` does; equal keys are equal versions."""
    epoch, colon, rest = version.strip().partition(":")
    if not colon:
        epoch, rest = "0", version.strip()
    upstream, _, revision = rest.rpartition("-")
    if not upstream:
        upstream, revision = rest, "0"
    return (int(epoch) if epoch.isdigit() else 0, _key(upstream), _key(revision))


def dotted_less(version: str, bound: str) -> bool | None:
    """Whether ``version`` is below ``bound``, both of dotted numbers; None when that cannot be told.

    Windows builds are compared within one branch only: 10.0.22631.1 says nothing of 10.0.26100.
    """
    first, second = (DOTTED.match(text.strip()) for text in (version, bound))
    if first is None or second is None:
        return None
    one, other = ([int(part) for part in match[1].split(".")] for match in (first, second))
    if tuple(first[1].split(".")[:2]) == WINDOWS and len(other) == len(one) == 4 and one[:3] != other[:3]:
        return None
    length = max(len(one), len(other))
    one += [0] * (length - len(one))
    other += [0] * (length - len(other))
    return one < other
