"""Recognition of a configuration file from another party: its platform, and signs of an incomplete file.

The drivers are lenient with each other's texts, since many vendors imitate one command line; a device that is read
says itself what it is. A file says it only by the marks of its platform.
"""

from __future__ import annotations

import re
from functools import cache

from reversibility.market.platforms import platform_table
from reversibility.platforms.registry import driver

_MASK = r"\*{3,}|<removed>|<secret>|FortinetPasswordMask"
_MASKED = re.compile(
    rf"(?:key|passw\S*|passphrase|secret|community|psk)\b(?:[ \t]+\S+){{0,3}}?[ \t]+\"?(?:{_MASK})(?:[\s\"]|$)",
    re.IGNORECASE,
)
_PAGING = re.compile(r"<?-{1,3} ?more ?-{1,3}>?", re.IGNORECASE)
_TEXT = ("banner ", "description ", "remark ", "!", "#", ";")


@cache
def marked_platforms() -> dict[str, tuple[str, ...]]:
    """By platform, the ``marks`` of its driver: beginnings of lines, each of which counts once. Most have none."""
    marks = {name: getattr(driver(name), "marks", ()) for name in platform_table().platforms}
    return {name: found for name, found in marks.items() if found}


def recognized(text: str) -> frozenset[str]:
    """The platforms that most marks of the text speak for; none when there is no mark."""
    lines = text.replace("\r", "").split("\n")
    counts = {
        platform: sum(any(mark.match(line) for line in lines) for mark in map(re.compile, marks))
        for platform, marks in marked_platforms().items()
    }
    most = max(counts.values())
    return frozenset(platform for platform, count in counts.items() if most and count == most)


def masked_line(text: str) -> int | None:
    """The number of the first line where stars, or another mask, stand for a secret; None when there is none."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.lstrip().startswith(_TEXT) and _MASKED.search(line):
            return number
    return None


def paging_line(text: str) -> int | None:
    """The number of the first line that a terminal's paging left in the text; None when there is none."""
    for number, line in enumerate(text.splitlines(), start=1):
        if _PAGING.match(line.strip()):
            return number
    return None
