"""The journal's hash chain: the format of a line, its hash, and the check of all lines."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GENESIS = "0" * 64
REPAIRED = "journal_repaired"
HEAD_LOST = "journal_head_lost"
HEAD_NAME = "head.json"


@dataclass(frozen=True)
class Head:
    """Known end of the journal: ``count`` lines, the last of which ends at byte ``size`` of ``file``."""

    count: int = 0
    hash: str = GENESIS
    file: str = ""
    size: int = 0

    @classmethod
    def read(cls, content: str | bytes) -> Head:
        """Read the content of ``head.json``; raises ValueError, KeyError or TypeError when it is none."""
        found = json.loads(content)
        return cls(int(found["count"]), str(found["hash"]), str(found["file"]), int(found["size"]))


@dataclass
class JournalReport:
    """What a check found: the number of lines, the problems (tampering), and notes (a crash, explained)."""

    lines: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def canonical(entry: Mapping[str, Any]) -> bytes:
    """The canonical form of an entry, which is hashed: sorted keys, no spaces, UTF-8 (lone surrogates escaped)."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def line_hash(entry: Mapping[str, Any]) -> str:
    """Hash an entry without its own ``hash``; ``prev`` is inside, which makes the chain."""
    return hashlib.sha256(
        canonical({key: value for key, value in entry.items() if key != "hash"})
    ).hexdigest()


def parse(raw: bytes) -> dict[str, Any] | None:
    """Read one line; None when it is not a JSON object."""
    with contextlib.suppress(ValueError, RecursionError):
        entry = json.loads(raw)
        if isinstance(entry, dict):
            return entry
    return None


def is_sound(entry: Mapping[str, Any], raw: bytes) -> bool:
    """Whether the line is unchanged: canonical, and matching its own hash."""
    with contextlib.suppress(ValueError, RecursionError):
        return canonical(entry) + b"\n" == raw and entry.get("hash") == line_hash(entry)
    return False


def follows(entry: Mapping[str, Any], raw: bytes, head: Head) -> bool:
    """Tell whether a line is the sound successor of the head."""
    return entry.get("seq") == head.count + 1 and entry.get("prev") == head.hash and is_sound(entry, raw)


@dataclass
class ChainCheck:
    """Check of all lines. One change makes one problem, or two if the next line shows it as well: after a bad line
    the check continues with the line's own values, so that one bad line does not invalidate all others.

    ``committed`` is what Git's history of the state has of this chain: the hash of a line by its number. A head
    can be rewritten together with the lines; its copies in Git's history are not.
    """

    committed: Mapping[int, str] = field(default_factory=dict)
    report: JournalReport = field(default_factory=JournalReport)
    last: Head = field(default_factory=Head)  # the previous line
    before_last: Head = field(default_factory=Head)
    readable: bool = True  # whether the previous line could be read and compared with
    at: str = ""  # file:line of the previous line
    torn: str = ""  # file:line of an unfinished line
    replaced: bool = False  # whether a line was seen that is not the one in Git's history

    def line(self, file: str, number: int, raw: bytes, end: int) -> None:
        """Check one line, given the file and line number where it stands and the offset of its end."""
        at = f"{file}:{number}"
        if self.torn:
            self._problem(self.torn, "the line has no end: it was cut")
            self.torn = ""
        if not raw.endswith(b"\n"):
            self.torn = at
            return
        self.report.lines += 1
        self.at = at
        entry = parse(raw)
        if entry is None:
            self._problem(at, "the line is not a JSON object: it was altered")
            self._advance(Head(self.last.count + 1, "", file, end))
            self.readable = False
            return
        if not is_sound(entry, raw):
            self._problem(at, "the line does not match its own hash: it was altered")
        self._check_place(at, entry)
        self._check_month(at, file, entry)
        seq = entry.get("seq")
        count = seq if type(seq) is int else self.last.count + 1
        self._check_committed(at, count, entry)
        self._advance(Head(count, str(entry.get("hash")), file, end))
        self.readable = True
        if entry.get("event") == REPAIRED:
            self.report.notes.append(f"{at}: {entry.get('detail')}")
        elif entry.get("event") == HEAD_LOST:
            self._problem(at, f"{entry.get('detail')}; lines before this one may have been removed")

    def end(self, head: Head | None) -> JournalReport:
        """Compare the end of the walk with the head, and give the report."""
        at = self.torn or self.at or HEAD_NAME
        committed = max(self.committed, default=0)
        if self.last.count < committed:
            self._problem(
                at,
                f"the journal ends with line number {self.last.count} and Git's history of the state has line "
                f"number {committed}: the last lines were removed",
            )
        if head is None:
            if self.report.lines or self.torn:
                self._problem(
                    HEAD_NAME, "missing although there are lines; restore it from the state's history"
                )
            return self.report
        if self.last.count < head.count:
            self._problem(
                at,
                f"the journal ends with line number {self.last.count} and {HEAD_NAME} counts {head.count}: "
                "the last lines were removed",
            )
            return self.report
        if self.torn:
            self.report.notes.append(
                f"{self.torn}: an unfinished last line (a power cut, as a rule); the next run puts it aside"
            )
        if self.last.count == head.count:
            known = self.last
        elif self.last.count == head.count + 1:
            known = self.before_last
            self.report.notes.append(f"{at}: one line after the head (a killed run); the next run adopts it")
        else:
            self._problem(
                at, f"the journal ends with line number {self.last.count}, {HEAD_NAME} counts {head.count}"
            )
            return self.report
        if known != head:
            self._problem(at, f"{HEAD_NAME} does not name this line as the last: one of them was altered")
        return self.report

    def _check_place(self, at: str, entry: Mapping[str, Any]) -> None:
        seq, expected = entry.get("seq"), self.last.count + 1
        if seq != expected:
            self._problem(
                at, f"this is line number {seq}, expected {expected}: lines were removed, added or moved"
            )
        elif self.readable and entry.get("prev") != self.last.hash:
            self._problem(
                at, "the line does not follow the line before it: one of the two was altered or replaced"
            )

    def _check_committed(self, at: str, count: int, entry: Mapping[str, Any]) -> None:
        """Compare a line with Git's history; reports only the first difference, since all later lines differ too."""
        if not self.replaced and self.committed.get(count, entry.get("hash")) != entry.get("hash"):
            self.replaced = True
            self._problem(
                at,
                f"Git's history of the state has another line number {count}: lines were removed or replaced",
            )

    def _check_month(self, at: str, file: str, entry: Mapping[str, Any]) -> None:
        """A file begins with a line of its month; later ones may be older (a clock set back), never newer."""
        month, line_month = file[:7], str(entry.get("time"))[:7]
        if line_month > month or (file != self.last.file and line_month != month):
            self._problem(at, f"a line of {line_month} stands in the file of {month}: it was moved")

    def _advance(self, head: Head) -> None:
        self.before_last, self.last = self.last, head

    def _problem(self, at: str, text: str) -> None:
        self.report.problems.append(f"{at}: {text}")
