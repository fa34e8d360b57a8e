"""Archive of sealed logs, copied from the schools' servers (roles/logs): verification, and search by asset or account.

``<server>/hosts/<asset>/<day>.log.gz`` and the server's chain, in the form of the journal. A line of a file is
``address byte length text``, its text ``time facility.severity program: message``.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from reversibility.records.journal import Journal

LINE = re.compile(
    r"(?P<address>\S+) (?P<place>\d+) \d+ (?P<time>\S+) (?P<level>[\w.]+) (?P<program>\S+?):? (?P<message>.*)"
)
SEALED, REMOVED = "logs_sealed", "logs_removed"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. ``place`` is its first byte in the source's file of the day; ``level`` is facility and severity."""

    asset: str
    day: str
    place: int
    time: str
    level: str
    program: str
    message: str
    address: str


class LogArchive:
    """The logs of one server below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def all(cls, data: Path) -> list[LogArchive]:
        """The archives of a market with the data folder ``data``."""
        return [cls(path) for path in sorted((data / "logs").glob("*/")) if path.is_dir()]

    def verify(self, committed: Mapping[int, str] | None = None) -> list[str]:
        """A sentence for each difference from the sealed state.

        ``committed`` is the hash of lines of the chain by their number, as they are known elsewhere.
        """
        chain = Journal(self.folder / "chain")
        problems = [f"{self.folder.name}/chain/{problem}" for problem in chain.verify(committed).problems]
        entries = list(chain.entries())
        removed = {
            (entry.get("asset"), entry.get("day")) for entry in entries if entry.get("event") == REMOVED
        }
        sealed = set()
        for entry in entries:
            if entry.get("event") != SEALED or (entry.get("asset"), entry.get("day")) in removed:
                continue
            name = str(entry.get("file"))
            sealed.add(name)
            try:
                found = hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
            except OSError:
                problems.append(
                    f"{self.folder.name}/{name}: it was sealed and is not here; run playbooks/collect_logs.yml"
                )
                continue
            if found != entry.get("sha256"):
                problems.append(
                    f"{self.folder.name}/{name}: it is not what was sealed on {entry.get('time')}"
                )
        there = {path.relative_to(self.folder).as_posix() for path in self.folder.glob("hosts/*/*.gz")}
        kept = {
            name for name in there - sealed if (Path(name).parent.name, Path(name).name[:10]) not in removed
        }
        problems += [f"{self.folder.name}/{name}: nothing has sealed it" for name in sorted(kept)]
        return problems

    def gaps(self) -> dict[tuple[str, str], list[list[int]]]:
        """Ranges of bytes that are missing, by asset and day, as the last seal of the day says."""
        found = {
            (str(entry["asset"]), str(entry["day"])): entry["missing"]
            for entry in Journal(self.folder / "chain").entries()
            if entry.get("event") == SEALED
        }
        return {key: gaps for key, gaps in found.items() if gaps}

    def lines(
        self,
        *,
        asset: str | None = None,
        account: str | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Iterator[LogLine]:
        """Lines by asset and day, those of ``asset`` only, or those that name ``account`` as a whole word."""
        named = re.compile(rf"(?<![\w.-]){re.escape(account)}(?![\w.-])") if account else None
        for path in sorted(self.folder.glob(f"hosts/{asset or '*'}/*.log.gz")):
            day = path.name[:10]
            if (since and day < since.isoformat()) or (until and day > until.isoformat()):
                continue
            for raw in gzip.decompress(path.read_bytes()).decode("utf-8", "backslashreplace").splitlines():
                match = LINE.fullmatch(raw)
                if match and (named is None or named.search(match["message"])):
                    yield LogLine(path.parent.name, day, int(match["place"]), match["time"], match["level"],
                                  match["program"], match["message"], match["address"])  # fmt: skip
