"""Printing of texts that come from elsewhere: file names of a bundle, records of a managed host, journal lines.

A terminal obeys what is printed: ``ESC [ 2 J`` clears the screen, a line feed starts a line that looks like ours, a
right-to-left override turns the rest around. So everything that a command prints goes through ``say``.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import TextIO

ESCAPED = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
)  # control, format, surrogate, private use, line separators
KEPT = "\u00ad\u200d"  # soft hyphen and joiner: harmless, and used in names


def printable(text: object) -> str:
    """The text as one line in which what a terminal would obey is written out (``\\x1b``, ``\\n``, ``\\u202e``)."""
    return "".join(
        char
        if char in KEPT or unicodedata.category(char) not in ESCAPED
        else char.encode("unicode_escape", "surrogatepass").decode("ascii")
        for char in str(text)
    )


def say(text: object = "", file: TextIO | None = None) -> None:
    """Print one line, made printable."""
    print(printable(text), file=file or sys.stdout)


def say_error(error: object) -> None:
    """Print an error to standard error. Its further lines are indented, since a name in it may hold a line feed."""
    say_lines(f"error: {error}".replace("\n", "\n  "), sys.stderr)


def say_lines(text: str, file: TextIO | None = None) -> None:
    """Print a text of several lines of our own making; each line is made printable."""
    for line in text.split("\n"):
        say(line, file)


def say_json(value: object) -> None:
    """Print a value as indented JSON, in which what a terminal would obey is escaped as JSON does it."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    print(
        "".join(char if char == "\n" or printable(char) == char else json.dumps(char)[1:-1] for char in text)
    )
