"""The journal of a market: one chain for each controller, ``journal/<controller>/``, in the state.

Two controllers that add lines between two exchanges through Git never touch the same file, so that nothing
conflicts. A controller is known by its host name: no two may have the same.
"""

from __future__ import annotations

import contextlib
import heapq
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from reversibility.errors import CartableError
from reversibility.records.journal import Journal
from reversibility.records.journal_chain import HEAD_NAME, Head, JournalReport
from reversibility.records.scrub import scrub_all
from reversibility.records.state_git import StateRepository

Heads = Mapping[str, Mapping[int, str]]
CHANGED_HEAD = re.compile(r":\d+ \d+ [0-9a-f]+ ([0-9a-f]+) [A-Z]\0([^\0]+)\0")
NOT_COMPARED = "the end of each chain was not compared with the state's Git history, which is not here"


def controller_name(host: str) -> str:
    """Make a host name safe as the name of a folder: ``Poste7.ville.example`` gives ``poste7.ville.example``."""
    return re.sub(r"[^a-z0-9._-]+", "-", host.lower()).strip(".-") or "controller"


def record(directory: Path, entry: Mapping[str, Any], secrets: Iterable[str] = ()) -> dict[str, Any]:
    """Add a line, without the ``secrets``, to this controller's chain of the journal ``directory``.

    Raises CartableError when the journal cannot be written.
    """
    return Journals(directory).own.append(scrub_all(dict(entry), secrets))


class Journals:
    """The chains of all controllers below ``directory``. ``own`` is that of this controller, to which it adds.

    ``controller`` is its host name, asked of the system as a rule.
    """

    def __init__(self, directory: Path, controller: str | None = None) -> None:
        self.directory = directory
        self.own = Journal(directory / controller_name(controller or socket.gethostname()))

    def chains(self) -> dict[str, Journal]:
        """The existing chains, by controller, sorted."""
        if not self.directory.is_dir():
            return {}
        found = {path.name: Journal(path) for path in sorted(self.directory.iterdir()) if path.is_dir()}
        return {name: chain for name, chain in found.items() if chain.exists()}

    def entries(self, since: date | None = None, until: date | None = None) -> Iterator[dict[str, Any]]:
        """Read the lines of all chains between two days (UTC), both included, in the order of their time.

        The lines of one chain keep their order, also where its clock was set back.
        """
        chains = (chain.entries(since, until) for chain in self.chains().values())
        return heapq.merge(*chains, key=lambda entry: str(entry.get("time")))

    def verify(self, heads: Heads | None = None) -> JournalReport:
        """Check all chains, against Git's history as well; every problem names controller, file and line.

        ``heads`` is what ``committed_heads`` gave for a journal that was copied from its state. A journal
        outside a state is a problem: what was not compared is not verified.
        """
        report = JournalReport()
        try:
            heads = self.committed_heads() if heads is None else heads
        except CartableError as error:
            report.problems.append(str(error))
        if heads is None and not report.problems and self.chains():
            report.problems.append(NOT_COMPARED)
        for stray in sorted(self.directory.glob("*.jsonl")):
            report.problems.append(
                f"{stray.name}: lies in no controller's folder; move it to the one that it is of"
            )
        for name in sorted({*self.chains(), *(heads or {})}):
            found = Journal(self.directory / name).verify((heads or {}).get(name))
            report.lines += found.lines
            report.problems += [f"{name}/{problem}" for problem in found.problems]
            report.notes += [f"{name}/{note}" for note in found.notes]
        return report

    def committed_heads(self) -> Heads | None:
        """Read from the state's Git history every head that was ever committed: controller, number, hash.

        None when the journal lies in no state. Raises CartableError when Git cannot be asked.
        """
        repository = StateRepository(self.directory.parent)
        if not repository.exists():
            return None
        if not repository.is_whole():
            raise CartableError(
                "the journal was not compared with the state's Git history, of which a part is missing (a shallow "
                "clone, or objects elsewhere); compare it in a full clone"
            )
        if not repository.has_commits():
            return {}
        # Look at all parents of merges, so that no head of any of them is missed.
        options = ("--full-history", "-m", "--raw", "-z", "--no-abbrev", "--no-renames", "--format=")
        pattern = f":(glob){self.directory.name}/*/{HEAD_NAME}"
        changed = CHANGED_HEAD.findall(repository.run("log", *options, "HEAD", "--", pattern))
        contents = repository.blobs({blob for blob, _ in changed if blob.strip("0")})
        found: dict[str, dict[int, str]] = {}
        for blob, path in changed:
            if blob in contents:
                # One that is damaged was never the head of anything.
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    head = Head.read(contents[blob])
                    if head.count:
                        found.setdefault(Path(path).parent.name, {})[head.count] = head.hash
        return found
