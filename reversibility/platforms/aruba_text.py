"""Text of an Aruba configuration: banners set apart, what changes with each reading left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reversibility.platforms.cisco_text import Line

_BANNER = re.compile(
    r"banner (?:motd|exec) (?P<mark>[^\s\"])\s*$"
)  # AOS-CX: closed by a line of the mark alone
_VOLATILE = re.compile(
    r"Running configuration:|Startup configuration:|Current configuration:|; Ver #|;\s*encrypt-cred"
    r"|!Version |!Last modified|!Generated|[\w.\-]+(?:\([\w\-./<>]+\))?[#>]"
    r" *(?:(?:show|sh|no page|exit|end|enable|en|logout|term)\b.*)?$"
)
_QUOTED = re.compile(r'banner (?:motd|exec|last-login) "')


def classified(text: str) -> Iterator[Line]:
    """Each line with its kind, without those that change from one reading to the next."""
    lines = text.split("\n")
    at, endless = 0, False
    while at < len(lines):
        line = lines[at]
        end = None if endless or not line.startswith("banner ") else banner_end(lines, at)
        if end is not None:
            for number in range(at, end):
                yield Line(number + 1, "text", lines[number])
            at = end
            continue
        endless = endless or (line.startswith("banner ") and _BANNER.match(line) is not None)
        if not _VOLATILE.match(line):
            yield Line(at + 1, "config", line.rstrip())
        at += 1


def banner_end(lines: list[str], at: int) -> int | None:
    """The number of the line after the banner that begins at a line; None when none begins, or it never ends."""
    if _QUOTED.match(lines[at]):  # ArubaOS-Switch: one quoted text, whose quotes are escaped
        rest = lines[at].partition('"')[2]
        for number in range(at, min(at + 200, len(lines))):
            if re.sub(r"\\.", "", rest).rstrip().endswith('"'):
                return number + 1
            rest = lines[number + 1] if number + 1 < len(lines) else ""
        return None
    match = _BANNER.match(lines[at])
    if match is None:
        return None
    return next((n + 1 for n in range(at + 1, len(lines)) if lines[n].strip() == match["mark"]), None)


def banner_text(lines: list[str], at: int) -> str | None:
    """The text of the banner that begins at a line."""
    end = banner_end(lines, at)
    if end is None:
        return None
    if _QUOTED.match(lines[at]):
        quoted = "\n".join(lines[at:end]).partition('"')[2].rstrip()[:-1]
        return unescape(quoted)
    return "\n".join(lines[at + 1 : end - 1])


def unescape(text: str) -> str:
    """The text of an ArubaOS-Switch string, without its escapes."""
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], text)


def escape(text: str) -> str:
    """The text as an ArubaOS-Switch string."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
