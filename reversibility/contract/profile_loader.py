"""Loading a profile: its file and those that it extends, checked, as obligations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from reversibility.contract import evidence, proofs
from reversibility.contract.obligations import Concerns, Level, Obligation, Profile
from reversibility.contract.registry import EVIDENCES, PROOFS
from reversibility.errors import CartableError
from reversibility.market.kinds import kind_table, kinds_in
from reversibility.market.profiles import PROFILES, profile_documents

__all__ = ["evidence", "load_profile", "proofs"]  # the two packages are imported for what they register

SCHEMA = PROFILES / "profile.schema.json"


def load_profile(profile: str | Path) -> Profile:
    """Read a contract: by the name of a shipped profile (``jurancon``), or from the path of a YAML file.

    Its own obligations come first, then those of the profiles that it extends. Raises CartableError that lists every
    mistake of a file, not the first one only.
    """
    documents = profile_documents(profile if isinstance(profile, Path) else PROFILES / f"{profile}.yml")
    seen: set[str] = set()
    for path, document in documents:
        problems = list(_problems(document, seen))
        if problems:
            raise CartableError(
                f"{path.name} is not a valid list of obligations: " + "; ".join(problems) + "."
            )
    own = documents[0][1]
    return Profile(
        name=own["profile"],
        title=own["title"],
        obligations=tuple(_obligation(item) for _, document in documents for item in document["obligations"]),
    )


def _problems(document: Any, seen: set[str]) -> Iterator[str]:
    """List what is wrong with a parsed profile: its shape, doubled ids, names of functions that do not exist."""
    wrong_shape = False
    for error in sorted(_validator().iter_errors(document), key=lambda e: [str(s) for s in e.absolute_path]):
        wrong_shape = True
        yield f"{'/'.join(str(step) for step in error.absolute_path) or 'the file'}: {error.message}"
    if wrong_shape:
        return
    for item in document["obligations"]:
        if item["id"] in seen:
            yield f"the id {item['id']} is used twice"
        seen.add(item["id"])
        for what, known in (("evidence", EVIDENCES), ("proof", PROOFS)):
            if item[what] not in known:
                yield f"{item['id']}: no {what} is called {item[what]!r}; use one of {', '.join(sorted(known))}"
        for group in _groups(item["concerns"]):
            if group not in kind_table().groups:
                groups = ", ".join(kind_table().groups)
                yield f"{item['id']}: no group of kinds is called {group!r}; use one of {groups}"


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
        kind=(*value.get("kind", ()), *_kinds_of(value.get("group", ()))),
        not_kind=(*value.get("not_kind", ()), *_kinds_of(value.get("not_group", ()))),
        os=tuple(value.get("os", ())),
        site=tuple(value.get("site", ())),
        managed=value.get("managed"),
        to_replace=value.get("to_replace", False),
    )


def _groups(concerns: str | Mapping[str, Any]) -> list[str]:
    if isinstance(concerns, str):
        return []
    return [*concerns.get("group", ()), *concerns.get("not_group", ())]


def _kinds_of(groups: Iterable[str]) -> Iterator[str]:
    for group in groups:
        yield from kinds_in(group)
