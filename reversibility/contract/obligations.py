"""The clauses of a contract, as data.

A contract is one YAML file in ``profiles/``, which may extend another. The words of each clause are the contract's;
the check is ours: which declared assets it concerns, which *evidence* answers it and which *proof* shows that the
evidence is good. Adding a contract is adding such a file; no code knows its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from reversibility.market.platforms import version_of

if TYPE_CHECKING:
    from reversibility.market.model import Asset, Market

Level = Literal["asset", "site", "market"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Subject of one row of an assessment: an asset, a site, or (both empty) the whole market."""

    site: str | None = None
    asset: Asset | None = None

    def of_asset(self) -> Asset:
        """Return the asset; TypeError when an obligation about something else uses what is about an asset."""
        if self.asset is None:
            raise TypeError("this is about an asset; the obligation must concern assets")
        return self.asset


@dataclass(frozen=True, slots=True)
class Concerns:
    """Which subjects an obligation concerns.

    Empty tuples select everything. ``os`` and ``kind`` are shell patterns (``windows-7*``); ``not_kind`` takes
    kinds away. Groups of kinds are already written out here. ``to_replace`` selects the systems that their maker no
    longer supports (market/platforms.yml), and what is dated for replacement. An asset must satisfy all that is given.
    """

    level: Level = "asset"
    kind: tuple[str, ...] = ()
    not_kind: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    managed: bool | None = None
    to_replace: bool = False

    def selects(self, asset: Asset, day: date) -> bool:
        """Say whether ``asset`` is concerned on ``day`` (only asked for the level ``asset``)."""
        if self.managed is not None and asset.managed is not self.managed:
            return False
        if self.site and asset.site not in self.site:
            return False
        if self.to_replace and not _to_replace(asset, day):
            return False
        if self.kind and not _matches(asset.kind, self.kind):
            return False
        if self.not_kind and _matches(asset.kind, self.not_kind):
            return False
        return not self.os or _matches(str(asset.attributes.get("os", "")), self.os)

    def subjects(self, market: Market, day: date) -> Iterator[Subject]:
        """Yield every subject of ``market`` that is concerned on ``day``: the denominator of the obligation."""
        if self.level == "market":
            yield Subject()
        elif self.level == "site":
            for site in market.sites:
                if not self.site or site in self.site:
                    yield Subject(site=site)
        else:
            for asset in market.assets.values():
                if self.selects(asset, day):
                    yield Subject(site=asset.site, asset=asset)


@dataclass(frozen=True, slots=True)
class Obligation:
    """One clause that can be checked.

    ``text`` holds the exact words of the contract, ``title`` ours, short, for tables. ``evidence`` and ``proof``
    are names of functions in ``evidence/`` and ``proofs/``; ``settings`` are what these functions need to know
    (``{"document": "plan-de-reversibilite.*"}``).
    """

    id: str
    clause: str
    title: str
    text: str
    requirement: str
    concerns: Concerns
    evidence: str
    proof: str
    delivered_in: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """A contract's obligations, in the order in which they are written."""

    name: str
    title: str
    obligations: tuple[Obligation, ...]

    def obligation(self, identifier: str) -> Obligation:
        """Return the obligation of that id; KeyError when there is none."""
        for obligation in self.obligations:
            if obligation.id == identifier:
                return obligation
        raise KeyError(identifier)


def _to_replace(asset: Asset, day: date) -> bool:
    if asset.attributes.get("replace_by"):
        return True
    ends = asset.platform.support(version_of(asset.os)).ends
    return ends is not None and ends < day


def _matches(value: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)
