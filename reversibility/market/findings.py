"""Findings of a market's check: file, line, problem, expected value."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from reversibility.errors import CartableError

# Beyond this number of candidates a near name costs more than it helps (25,000 tags: half a second a typo).
NEAR_NAME_CANDIDATES = 2_000
LISTED_CANDIDATES = 12


@dataclass(frozen=True, order=True)
class Finding:
    """One error in a market.

    ``file`` is below the market's path as given, ``line`` counts from 1, ``where`` is the key's place
    in the file (``UC250001.asset.serial``), ``problem`` says what is wrong and ``expected`` what would be right.
    A variable that Ansible merged has its host for ``file``, and line 0, where Ansible does not know its place.
    """

    file: str
    line: int
    where: str
    problem: str
    expected: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.problem}; expected {self.expected}"


class MarketError(CartableError):
    """An invalid market: ``findings`` are all its errors, and the message lists them."""

    def __init__(self, path: Path, findings: Iterable[Finding]) -> None:
        self.path = path
        self.findings = tuple(findings)
        super().__init__(describe(path, self.findings))


def describe(path: Path, findings: Collection[Finding]) -> str:
    """Every finding on its own line, below one sentence that says how many there are."""
    count = len(findings)
    what = "1 error" if count == 1 else f"{count} errors"
    return "\n".join([f"the market {path} has {what}; correct what is listed here:", *map(str, findings)])


def near(name: object, candidates: Collection[str]) -> str | None:
    """The candidate that ``name`` is probably a misspelling of, if there is one."""
    if not isinstance(name, str) or len(candidates) > NEAR_NAME_CANDIDATES:
        return None
    folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


def one_of(name: object, candidates: Collection[str]) -> str:
    """The words "one of ..." for a name that is not among ``candidates``, and the near one if any."""
    ordered = sorted(candidates)
    more = len(ordered) - LISTED_CANDIDATES
    match = near(name, candidates)
    if not ordered:
        listed = "one that is declared"
    elif match and more > 0:
        listed = f"one of the {len(ordered)} that there are"
    else:
        listed = f"one of {', '.join(ordered[:LISTED_CANDIDATES])}" + (
            f" and {more} more" if more > 0 else ""
        )
    return f'{listed} (did you mean "{match}"?)' if match else listed
