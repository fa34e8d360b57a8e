"""One chain of the journal: what was done from one controller, by whom, when, with which result, as lines
that show any change to them. ``journals.py`` has the chains of all controllers.

``<year>-<month>.jsonl`` holds one canonical JSON object a line. Each line carries its number (``seq``, from
1, across all files), the hash of the line before (``prev``) and its own (``hash``: SHA-256 over the canonical
JSON without ``hash``). ``head.json`` says how many lines there are and the hash of the last one, so that the
removal of the last lines shows as well.

The chain alone does not show that somebody with write access rewrote its end together with its head. Git's history of
the state has the head of every run, and the check compares them if it is available. Against a rewritten Git history,
the bundles that were handed over are evidence.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from reversibility.errors import CartableError
from reversibility.records.atomic import sync_folder, write_atomically
from reversibility.records.journal_chain import (
    HEAD_LOST,
    HEAD_NAME,
    REPAIRED,
    ChainCheck,
    Head,
    JournalReport,
    canonical,
    follows,
    line_hash,
    parse,
)
from reversibility.records.locking import file_lock

__all__ = ["Head", "Journal", "JournalReport", "canonical", "line_hash"]

FILE_NAME = re.compile(r"^\d{4}-(0[1-9]|1[0-2])\.jsonl$")
OWN_KEYS = frozenset({"seq", "time", "prev", "hash"})
LOCK_NAME = ".lock"


class Journal:
    """The chain in the folder ``directory``. Several processes may append at once."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def append(self, entry: Mapping[str, Any], *, when: datetime | None = None) -> dict[str, Any]:
        """Add one line and return it with ``seq``, ``time``, ``prev`` and ``hash``.

        The line is on the disk when this returns. What a crash left behind is put right first: whole lines
        that follow the head are accepted, an unfinished last line is moved to ``torn/`` and a line says so.

        Raises CartableError when the journal cannot be written.
        """
        if reserved := OWN_KEYS & entry.keys():
            raise ValueError(f"reserved keys in a journal entry: {sorted(reserved)}")
        with file_lock(self.directory / LOCK_NAME):
            try:
                head, events = self._recover()
                for event in events:
                    head, _ = self._append_line(head, event, when)
                _, line = self._append_line(head, entry, when)
            except OSError as error:
                raise CartableError(
                    f"The journal in {self.directory} cannot be written ({error.strerror}); "
                    "check the disk's space and the folder's rights."
                ) from error
        return line

    def entries(self, since: date | None = None, until: date | None = None) -> Iterator[dict[str, Any]]:
        """Read the lines whose day (UTC) lies between ``since`` and ``until``, both included, in order.

        Does not check the chain (``verify`` does); skips what is not a JSON object.
        """
        for path in self.files():
            with path.open("rb") as lines:
                for raw in lines:
                    entry = parse(raw)
                    if entry is None:
                        continue
                    day = str(entry.get("time", ""))[:10]
                    if (since is None or day >= since.isoformat()) and (
                        until is None or day <= until.isoformat()
                    ):
                        yield entry

    def files(self) -> list[Path]:
        """List the journal's files in the order of the chain."""
        if not self.directory.is_dir():
            return []
        return sorted(path for path in self.directory.iterdir() if FILE_NAME.match(path.name))

    def exists(self) -> bool:
        """Whether a chain exists: lines, or a head."""
        return bool(self.files()) or (self.directory / HEAD_NAME).exists()

    def verify(self, committed: Mapping[int, str] | None = None) -> JournalReport:
        """Walk the whole chain; every problem names its file and line. Nothing is written.

        ``committed`` is the hash of lines by their number, as Git's history of the state has them.
        """
        check = ChainCheck(committed=committed or {})
        for path in self.files():
            with path.open("rb") as lines:
                end = 0
                for number, raw in enumerate(lines, 1):
                    end += len(raw)
                    check.line(path.name, number, raw, end)
        try:
            head = self.head()
        except CartableError as error:
            check.report.problems.append(f"{HEAD_NAME}: {error}")
            return check.report
        return check.end(head)

    def head(self) -> Head | None:
        """Read the head; None when there is none. Raises CartableError when it is not readable as a head."""
        path = self.directory / HEAD_NAME
        try:
            return Head.read(path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise CartableError(
                f"{path} is not the head of a journal; restore it from the state's Git history."
            ) from error

    def _write_head(self, head: Head) -> None:
        content = {"count": head.count, "file": head.file, "hash": head.hash, "size": head.size}
        write_atomically(self.directory / HEAD_NAME, canonical(content) + b"\n")

    def _recover(self) -> tuple[Head, list[dict[str, Any]]]:
        """Find the end of the chain, and the note to write about its state."""
        events: list[dict[str, Any]] = []
        try:
            head = self.head()
        except CartableError as error:
            head = None
            events.append({"event": HEAD_LOST, "detail": f"{HEAD_NAME}: {error}"})
        if head is None:
            head = Head()
            if self.files() and not events:
                events.append({"event": HEAD_LOST, "detail": f"{HEAD_NAME} was missing"})
            if not self.files():
                self._write_head(head)  # so that lines without a head are always an error
        for path in self.files():
            if path.name < head.file:
                continue
            start = head.size if path.name == head.file else 0
            head, torn = self._accept(head, path, start)
            if torn:
                events.append(self._put_aside(path, torn))
        return head, events

    def _accept(self, head: Head, path: Path, start: int) -> tuple[Head, bytes]:
        """Move the head over whole lines that follow it in ``path``; return the unfinished rest of the
        file, if any.

        Lines that do not follow are left where they are: verify names them.
        """
        if path.stat().st_size <= start:
            return head, self._tail_without_newline(path)
        with path.open("rb") as lines:
            lines.seek(start)
            for raw in lines:
                if not raw.endswith(b"\n"):
                    return head, raw
                entry = parse(raw)
                if entry is not None and follows(entry, raw, head):
                    head = Head(head.count + 1, str(entry["hash"]), path.name, lines.tell())
        return head, b""

    @staticmethod
    def _tail_without_newline(path: Path) -> bytes:
        """Read the end of the file after its last newline; empty as a rule."""
        with path.open("rb") as lines:
            size = lines.seek(0, os.SEEK_END)
            if not size:
                return b""
            lines.seek(size - 1)
            if lines.read(1) == b"\n":
                return b""
            lines.seek(0)
            return lines.read().rpartition(b"\n")[2]

    def _put_aside(self, path: Path, torn: bytes) -> dict[str, Any]:
        """Move an unfinished last line out of the chain's file into ``torn/``."""
        keep = path.stat().st_size - len(torn)
        name = f"{path.stem}-{keep}-{hashlib.sha256(torn).hexdigest()[:8]}.txt"
        write_atomically(self.directory / "torn" / name, torn)
        with path.open("rb+") as lines:
            lines.truncate(keep)
            os.fsync(lines.fileno())
        return {
            "event": REPAIRED,
            "detail": f"an unfinished line at the end of {path.name} ({len(torn)} bytes) was put "
            f"aside as torn/{name}",
        }

    def _append_line(
        self, head: Head, entry: Mapping[str, Any], when: datetime | None
    ) -> tuple[Head, dict[str, Any]]:
        moment = (when or datetime.now(UTC)).astimezone(UTC)
        line: dict[str, Any] = {
            **entry,
            "seq": head.count + 1,
            "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "prev": head.hash,
        }
        line["hash"] = line_hash(line)
        raw = canonical(line) + b"\n"
        # A clock that was set back must not put a line before others: the last file that exists is never
        # left.
        last = max([head.file, *(path.name for path in self.files())])
        path = self.directory / max(f"{moment:%Y-%m}.jsonl", last)
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            if os.write(descriptor, raw) != len(raw):
                raise OSError(28, "the disk is full")
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self.directory)
        new = Head(head.count + 1, line["hash"], path.name, size)
        self._write_head(new)
        return new, line
