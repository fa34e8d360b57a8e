"""The clauses of a contract, as data.

A contract is one YAML file beside this module (its *profile*, for example ``jurancon.yml``). The words of each
clause are the contract's; the check is ours: which declared assets it concerns, which *evidence* answers it and
which *proof* shows that the evidence is good. Adding a contract is adding such a file; no code knows its name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from jsonschema import Draft202012Validator

from reversibility.errors import CartableError

if TYPE_CHECKING:
    from reversibility.market.model import Asset, Market

PROFILES = Path(__file__).parent
SCHEMA = PROFILES / "obligations.schema.json"

Level = Literal["asset", "site", "market"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What one row of an assessment is about: an asset, a site, or (both empty) the market as a whole."""

    site: str | None = None
    asset: Asset | None = None


@dataclass(frozen=True, slots=True)
class Concerns:
    """Which subjects an obligation concerns.

    Empty tuples select everything. ``os`` and ``kind`` are shell patterns (``windows-7*``); ``not_kind`` takes
    kinds away. An asset must satisfy all that is given.
    """

    level: Level = "asset"
    kind: tuple[str, ...] = ()
    not_kind: tuple[str, ...] = ()
    os: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    managed: bool | None = None

    def selects(self, asset: Asset) -> bool:
        """Say whether ``asset`` is concerned (only asked for the level ``asset``)."""
        if self.managed is not None and asset.managed is not self.managed:
            return False
        if self.site and asset.site not in self.site:
            return False
        if self.kind and not _matches(asset.kind, self.kind):
            return False
        if self.not_kind and _matches(asset.kind, self.not_kind):
            return False
        return not self.os or _matches(str(asset.attributes.get("os", "")), self.os)

    def subjects(self, market: Market) -> Iterator[Subject]:
        """Yield every subject of ``market`` that is concerned: the denominator of the obligation."""
        if self.level == "market":
            yield Subject()
        elif self.level == "site":
            for site in market.sites:
                if not self.site or site in self.site:
                    yield Subject(site=site)
        else:
            for asset in market.assets.values():
                if self.selects(asset):
                    yield Subject(site=asset.site, asset=asset)


@dataclass(frozen=True, slots=True)
class Obligation:
    """One clause that can be checked.

    ``text`` holds the exact words of the contract, ``title`` ours, short, for tables. ``evidence`` and ``proof``
    are names of functions in ``evidences.py`` and ``proofs.py``; ``settings`` are what these functions need to
    know (``{"document": "plan-de-reversibilite.*"}``).
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


def load_profile(profile: str | Path) -> Profile:
    """Read a contract: by the name of a shipped profile (``jurancon``), or from the path of a YAML file.

    Raises CartableError that lists every mistake of the file, not the first one only.
    """
    path = profile if isinstance(profile, Path) else PROFILES / f"{profile}.yml"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in PROFILES.glob("*.yml") if p.stem != "attributes"))
        raise CartableError(
            f"contract.yml: there is no obligations profile {str(profile)!r}; use one of: {known}."
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CartableError(f"{path.name} cannot be read as YAML: {error}") from error
    problems = _problems(document)
    if problems:
        raise CartableError(f"{path.name} is not a valid list of obligations: " + "; ".join(problems) + ".")
    return Profile(
        name=document["profile"],
        title=document["title"],
        obligations=tuple(_obligation(item) for item in document["obligations"]),
    )


def _problems(document: Any) -> list[str]:
    """List what is wrong with a parsed profile: its shape, doubled ids, names of functions that do not exist."""
    found = [
        f"{'/'.join(str(step) for step in error.absolute_path) or 'the file'}: {error.message}"
        for error in sorted(
            _validator().iter_errors(document), key=lambda e: [str(s) for s in e.absolute_path]
        )
    ]
    if found:
        return found
    from reversibility.contract.evidences import EVIDENCES
    from reversibility.contract.proofs import PROOFS

    seen: set[str] = set()
    for item in document["obligations"]:
        if item["id"] in seen:
            found.append(f"the id {item['id']} is used twice")
        seen.add(item["id"])
        for what, registry in (("evidence", EVIDENCES), ("proof", PROOFS)):
            if item[what] not in registry:
                found.append(
                    f"{item['id']}: no {what} is called {item[what]!r}; use one of {', '.join(sorted(registry))}"
                )
    return found


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _obligation(item: Mapping[str, Any]) -> Obligation:
    return Obligation(
        id=item["id"],
        clause=item["clause"],
        title=item["title"],
        text=item["text"].strip(),
        requirement=item["requirement"],
        concerns=_concerns(item["concerns"]),
        evidence=item["evidence"],
        proof=item["proof"],
        delivered_in=item["delivered_in"],
        settings=item.get("settings", {}),
    )


def _concerns(value: str | Mapping[str, Any]) -> Concerns:
    """Read the selector: ``market``, ``sites``, ``assets``, or a mapping of what assets must satisfy."""
    if isinstance(value, str):
        levels: dict[str, Level] = {"market": "market", "sites": "site", "assets": "asset"}
        return Concerns(level=levels[value])
    return Concerns(
        kind=tuple(value.get("kind", ())),
        not_kind=tuple(value.get("not_kind", ())),
        os=tuple(value.get("os", ())),
        site=tuple(value.get("site", ())),
        managed=value.get("managed"),
    )


def _matches(value: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)
