"""Recognition of a configuration that somebody else saved: its platform, and what makes it no complete one.

The drivers are lenient with each other's texts, since many vendors imitate one command line; a device that is read
says itself what it is. A file says it only by the marks of its platform.
"""

from __future__ import annotations

import re

MARKS: dict[str, tuple[str, ...]] = {
    "cisco_ios": (
        r"Building configuration\.\.\.", r"Current configuration : \d+ bytes", r"version 1[0-9]\.\d+$", r"end$",
        r"boot-(?:start|end)-marker", r"line vty \d+ \d+$", r"service timestamps ",
    ),
    "cisco_nxos": (
        r"!Command: show ", r"!Running configuration last done", r"version \d+\.\d+\(\d+\)", r"vdc \S+ id \d+",
        r"feature \S+", r"vrf context \S+", r"interface mgmt0$",
    ),
    "cisco_asa": (
        r": Saved$", r"ASA Version \d", r" nameif \S+", r" security-level \d+", r"access-group \S+ in interface ",
        r": end$", r"object network \S+",
    ),
    "aruba_aoss": (
        r"; \w+ Configuration Editor", r";? ?Ver #", r"; hpStack", r"   (?:un)?tagged [A-Z0-9/,-]+", r"   no untagged ",
        r"include-credentials", r"password manager",
    ),
    "aruba_aoscx": (
        r"!Version ArubaOS-CX", r"!export-password:", r"ssh server vrf ", r"    vlan (?:access|trunk) ",
        r"    no shutdown$", r"user \S+ group \S+", r"https-server vrf ",
    ),
    "junos": (
        r"## Last (?:changed|commit)", r"system \{$", r"interfaces \{$", r"set system \S+", r"set interfaces \S+",
    ),
    "fortigate": (
        r"#config-version=", r"config system global$", r"config system interface$", r"config firewall policy$",
    ),
}  # fmt: skip
"""Beginnings of lines by platform; each counts once."""

_MASK = r"\*{3,}|<removed>|<secret>|FortinetPasswordMask"
_MASKED = re.compile(
    rf"(?:key|passw\S*|passphrase|secret|community|psk)\b(?:[ \t]+\S+){{0,3}}?[ \t]+\"?(?:{_MASK})(?:[\s\"]|$)",
    re.IGNORECASE,
)
_PAGING = re.compile(r"<?-{1,3} ?more ?-{1,3}>?", re.IGNORECASE)
_TEXT = ("banner ", "description ", "remark ", "!", "#", ";")


def recognized(text: str) -> frozenset[str]:
    """The platforms that most marks of the text speak for; none when there is no mark."""
    lines = text.replace("\r", "").split("\n")
    counts = {
        platform: sum(any(mark.match(line) for line in lines) for mark in map(re.compile, marks))
        for platform, marks in MARKS.items()
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
