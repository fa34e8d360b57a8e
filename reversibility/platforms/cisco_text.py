"""Text of a Cisco configuration: banners and certificates, whose lines are none of configuration, set apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# "banner motd #...#"; the delimiter is ^C as two characters or ETX, else any character.
_BANNER = re.compile(r"banner (?P<kind>\S+) (?P<mark>\^C|\x03|[^\s\"]|\")(?P<text>.*)$")
_CERTIFICATE = re.compile(r"\s+certificate\b(?!.*\bchain\b)|\s*key-string\s*$")
_VOLATILE = re.compile(
    r"Building configuration|Current configuration *:|Using \d+ out of|!? *(?:Last configuration change"
    r"|NVRAM config last|No configuration change since)|!Command:|!Running configuration last done|!Time:"
    r"|!Startup config saved|ntp clock-period"
    r"|Cryptochecksum:|: Written by|: Saved|: Serial Number|ASA Version .* at |: Call-home enabled"
    r"|(?:[\w.\-]+(?:\([\w\-.]+\))?|[\w.\-]+/[\w\-]+/?\w*)[#>]"
    r" *(?:(?:show|sh|terminal|term|more|exit|end|enable|en)\b.*)?$"
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its number and kind: ``config``, ``text`` (of a banner), ``certificate`` or ``secret``."""

    number: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Banner:
    """A banner: its kind (motd, login, exec) and text."""

    kind: str
    text: str


def volatile(line: str) -> bool:
    """Whether a line changes with each reading, or belongs to the session and not to the configuration."""
    return _VOLATILE.match(line) is not None


def banner_at(lines: list[str], at: int) -> tuple[Banner, int] | None:
    """The banner that begins at a line, and the number of the line after it; None when none begins, or it never ends.

    A device that shows the delimiter as ``^CCC`` has typed two C too many (cisco.ios#433).
    """
    match = _BANNER.match(lines[at])
    if match is None:
        return None
    mark, first = match["mark"], match["text"]
    if mark in ("^C", "\x03") and first.strip() and set(first.strip()) == {"C"}:
        first = ""
    text, found, _ = first.partition(mark)
    if found:
        return Banner(match["kind"], text), at + 1
    kept = [first] if first else []
    for number in range(at + 1, min(at + 300, len(lines))):
        text, found, after = lines[number].partition(mark)
        if found and not after.strip().strip("C"):
            return Banner(match["kind"], "\n".join([*kept, text] if text else kept)), number + 1
        kept.append(lines[number])
    return None


def classified(text: str) -> Iterator[Line]:
    """Each line with its kind, without those that change from one reading to the next."""
    lines = text.split("\n")
    at, endless, cut = 0, False, False
    while at < len(lines):
        line = lines[at]
        if line.startswith("banner ") and not endless:
            found = banner_at(lines, at)
            endless = found is None  # looked for once: reading stays linear
            if found is not None:
                for number in range(at, found[1]):
                    yield Line(number + 1, "text", lines[number])
                at = found[1]
                continue
        if not cut and _CERTIFICATE.match(line):
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == "quit"), None)
            cut = end is None
            if end is not None:
                yield Line(at + 1, "config", line)
                for number in range(at + 1, end):
                    yield Line(number + 1, "secret" if "key-string" in line else "certificate", lines[number])
                yield Line(end + 1, "config", " quit")
                at = end + 1
                continue
        if not volatile(line):
            yield Line(at + 1, "config", line.rstrip())
        at += 1
