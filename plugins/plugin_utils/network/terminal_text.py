# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of a terminal without its control characters."""

from __future__ import annotations

import re

ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[=>78cDEHM]|[()][A-Z0-9])|\x07|\x00")


def clean(text: str) -> str:
    """Plain text: without control characters, with one kind of line end, backspaces applied."""
    text = ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r\r\n", "\n")
    while "\b" in text:
        shorter = re.sub(r"[^\b\n]\b", "", text)
        text = shorter if shorter != text else text.replace("\b", "")
    return "\n".join(
        line.rpartition("\r")[2] if line.rstrip("\r") == line else line.rstrip("\r")
        for line in text.split("\n")
    )


def squeezed(text: str) -> str:
    """The text without blanks, to compare texts that a terminal has wrapped differently."""
    return "".join(text.split())
