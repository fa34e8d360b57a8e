"""Faults that a simulated device shows on demand."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass
class Faults:
    """What goes wrong; as made, nothing does. Patterns are regular expressions, searched in received lines."""

    drop_at: str | None = None
    """Closes the session when a line that matches arrives, before it is done."""
    drop_after: int | None = None
    """Closes the session when the line with this number arrives, counted over all sessions of the device."""
    refuse: str | None = None
    """Answers ``Invalid input`` to a line that matches, though the grammar knows it."""
    silent_at: str | None = None
    """Never answers a line that matches."""
    garble_at: str | None = None
    """Answers a line that matches with bytes that are no text, and with no prompt."""
    strange_prompt_at: str | None = None
    """Answers a line that matches with a prompt that nobody knows."""
    flash_full: bool = False
    """The copy that a rollback needs cannot be written."""
    startup_busy: bool = False
    """The startup file cannot be opened for writing."""
    overwrite_question: bool = False
    """Saving asks whether the previous configuration may be overwritten."""
    syslog_every: int | None = None
    """Prints a log line over the prompt after each so many lines."""
    latency: float = 0.0
    """Seconds before each answer."""
    dribble: int | None = None
    """Answers in pieces of so many bytes, with the latency between them."""
    refuse_logins: int = 0
    """So many logins are refused for want of a free line before one is let in."""

    def matches(self, pattern: str | None, line: str) -> bool:
        return pattern is not None and re.search(pattern, line) is not None
