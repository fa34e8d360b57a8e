"""Command lines as Ansible's winrm connection sends them."""

from __future__ import annotations

import base64
import binascii
import re
import shlex
import xml.etree.ElementTree as ET
from dataclasses import dataclass


@dataclass(frozen=True)
class CommandLine:
    """One command line: a PowerShell script with its arguments, or (script None) a program."""

    line: str
    script: str | None
    arguments: tuple[str, ...] = ()


def parse(line: str) -> CommandLine:
    """Split a command line; `-EncodedCommand` is decoded."""
    try:
        words = shlex.split(line)
    except ValueError:
        return CommandLine(line, None)
    lower = [word.lower() for word in words]
    if (
        not words
        or not re.fullmatch(r"(?i)(.*\\)?powershell(\.exe)?", words[0])
        or "-encodedcommand" not in lower
    ):
        return CommandLine(line, None)
    try:
        script = _decoded(words, lower, "-encodedcommand")
        arguments = _decoded(words, lower, "-encodedarguments")
    except (IndexError, binascii.Error, UnicodeDecodeError):
        return CommandLine(line, None)
    return CommandLine(line, script, _strings(arguments) if arguments else ())


def _decoded(words: list[str], lower: list[str], option: str) -> str | None:
    if option not in lower:
        return None
    return base64.b64decode(words[lower.index(option) + 1], validate=True).decode("utf-16-le")


def _strings(clixml: str) -> tuple[str, ...]:
    return tuple(node.text or "" for node in ET.fromstring(clixml).iter() if node.tag.endswith("}S"))
