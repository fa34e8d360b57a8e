"""Configurations obtained from another party that runs the devices: checked, and recorded like those of managed
devices.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from reversibility.errors import CartableError
from reversibility.market.findings import one_of
from reversibility.market.model import Asset, Market
from reversibility.platforms.clear_text import findings
from reversibility.platforms.driver import Driver, UnknownGrammar
from reversibility.platforms.reader import CONFIGURATION
from reversibility.platforms.recognition import marked_platforms, masked_line, paging_line, recognized
from reversibility.platforms.registry import driver
from reversibility.records import configuration
from reversibility.records.configuration import RESTORABLE
from reversibility.records.state import Content, State

RECORD = "obtained.json"
CONTRACTOR = "contractor"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Delivery:
    """Checked files of one device: content by the driver's path, with their source and date."""

    asset: Asset
    files: Mapping[str, bytes]
    names: Mapping[str, str]
    party: str
    day: date
    absent: tuple[str, ...]
    """What restoring the device takes besides them."""

    def record(self, archive: bytes) -> dict[str, Any]:
        """The record ``obtained.json``, with the digest of ``config.age``.

        A digest of the file itself would allow guessing of short secrets, with the readable copy at hand.
        """
        return {
            "from": self.party,
            "date": self.day.isoformat(),
            "platform": self.asset.platform.name,
            "files": [{"path": path, "name": self.names[path]} for path in sorted(self.files)],
            "sha256": {RESTORABLE: hashlib.sha256(archive).hexdigest()},
        }


def examine(
    market: Market, tag: str, given: Mapping[str, bytes], party: str, day: date, today: date
) -> Delivery:
    """Check the files ``given``, by name, of the device ``tag``. Raises CartableError with what to do."""
    asset = others_device(market, tag)
    another_party(market, party)
    if day > today:
        raise CartableError(f"--date {day} is in the future; give the day on which {party} saved the file.")
    found = driver(asset.platform.name)
    files: dict[str, bytes] = {}
    names: dict[str, str] = {}
    for name, content in given.items():
        if not content.strip():
            raise CartableError(f"{name} is empty; ask {party} for it again.")
        path = _path(found, asset, name)
        if path in files:
            raise CartableError(f"{names[path]} and {name} are both {path} of {tag}; give one of them.")
        files[path], names[path] = content.removeprefix(BYTE_ORDER_MARK), name
    absent: tuple[str, ...] = ()
    if found is not None:
        for path, content in files.items():
            _check_file(found, asset, path, names[path], content)
        _check_device(market, found, asset, files, names)
        absent = tuple(path for path in found.required_files(asset.kind) if path not in files)
    return Delivery(asset, files, names, party, day, absent)


def keep(
    state: State, delivery: Delivery, recipient: str, secrets: frozenset[str] = frozenset(), *, check: bool
) -> list[str]:
    """Write what changes of the device's records, nothing with ``check``; return their names, sorted.

    Raises CartableError when a newer configuration is kept.
    """
    site, tag = delivery.asset.site, delivery.asset.tag
    before = state.read_json(site, tag, RECORD)
    if isinstance(before, dict) and str(before.get("date", "")) > delivery.day.isoformat():
        raise CartableError(
            f"The configuration of {tag} that is kept is of {before['date']}, and this one of {delivery.day}; "
            "give the newer one, or correct --date."
        )
    items = [
        {"path": path, "content_b64": base64.b64encode(content).decode("ascii")}
        for path, content in delivery.files.items()
    ]
    found = driver(delivery.asset.platform.name)
    plan = configuration.plan(state, site, tag, items, recipient, secrets, found.redact if found else None)
    records = {**plan.readable, **(_seen(found, delivery.files) if found else {})}
    written = [name for name, content in records.items() if state.would_change(site, tag, name, content)]
    changed = [*written, *plan.changes]
    kept = state.read_bytes(site, tag, RESTORABLE) or b""
    if RESTORABLE in plan.changes or state.would_change(site, tag, RECORD, delivery.record(kept)):
        changed.append(RECORD)
    if not check and changed:
        plan.remove_stale(state, site, tag)
        for name in written:
            state.write(site, tag, name, records[name])
        plan.apply(state, site, tag)
        kept = state.read_bytes(site, tag, RESTORABLE) or b""
        state.write(site, tag, RECORD, delivery.record(kept))
    return sorted(changed)


def _seen(found: Driver, files: Mapping[str, bytes]) -> dict[str, Content]:
    """The records that the configuration gives: accounts, and what talks in clear text."""
    seen = found.parse(files)
    accounts = [{"login": a.name, "role": a.role, "locked": not a.enabled} for a in seen.accounts]
    return {"accounts.json": {"accounts": accounts}, "compliance.json": {"rules": findings(seen)}}


def others_devices(market: Market, state: State) -> Iterator[str]:
    """One line a party that runs network devices: how many, and of which no configuration was obtained."""
    devices: dict[str, list[Asset]] = {}
    for asset in market.assets.values():
        party = asset.attributes.get("responsible", CONTRACTOR)
        if party != CONTRACTOR and not asset.managed and "network" in asset.kind_groups:
            devices.setdefault(str(party), []).append(asset)
    for party, assets in sorted(devices.items()):
        absent = sorted(a.tag for a in assets if state.read_bytes(a.site, a.tag, RECORD) is None)
        yield (
            f"run by {party}, not configured here: {len(assets)} network device(s), "
            f"configuration obtained of {len(assets) - len(absent)}"
            + (f"; missing: {', '.join(absent)}" if absent else "")
        )


def others_device(market: Market, tag: str) -> Asset:
    """The asset ``tag``, which another party runs. Raises CartableError when it is not declared, or ours."""
    asset = market.assets.get(tag)
    if asset is None:
        raise CartableError(f"{tag} is not declared in {market.name}; declare it in hosts.yml first.")
    if asset.managed or asset.attributes.get("responsible", CONTRACTOR) == CONTRACTOR:
        raise CartableError(
            f"{tag} is run by the contractor: playbooks/observe.yml reads its configuration. What another party runs "
            "has `managed: false` and that party as `responsible` in hosts.yml."
        )
    return asset


def another_party(market: Market, party: str) -> None:
    """Raises CartableError when ``party`` is no party of the contract, or the contractor."""
    others = set(market.contract.get("parties", {})) - {CONTRACTOR}
    if party not in others:
        raise CartableError(
            f'--from "{party}" is no other party of contract.yml; expected {one_of(party, others)}.'
        )


def _path(found: Driver | None, asset: Asset, name: str) -> str:
    """The path by which the driver knows a file: that of the same name, with or without an ending."""
    if found is None:
        return f"/{name}"
    required = found.required_files(asset.kind)
    known: list[str] = [*required, *getattr(found, "commands", ()), *getattr(found, "paths", ())]
    for path in known:
        if PurePosixPath(path).name == name or PurePosixPath(path).name == PurePosixPath(name).stem:
            return path
    for pattern in found.collected(asset.kind):
        path = str(PurePosixPath(pattern).with_name(name)) if pattern.startswith("/") else ""
        if path and len(required) > 1 and fnmatchcase(path, pattern) and "." not in name:
            return path
    if len(required) == 1 or required[0] == CONFIGURATION:
        return required[0]
    expected = ", ".join(dict.fromkeys(PurePosixPath(path).name for path in known))
    raise CartableError(
        f"{name} is no file of a {asset.platform.label} device; name it as one of: {expected}."
    )


def _check_file(found: Driver, asset: Asset, path: str, name: str, content: bytes) -> None:
    label = asset.platform.label
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CartableError(f"{name} is not text in UTF-8; save it as UTF-8 and give it again.") from error
    if path == CONFIGURATION:
        likely = recognized(text)
        if likely and asset.platform.name in marked_platforms() and asset.platform.name not in likely:
            raise CartableError(
                f"{name} looks like a configuration of {' or '.join(sorted(likely))}, and {asset.tag} is declared as "
                f'"{asset.os}" ({label}); ask for the right file, or correct "os" in hosts.yml.'
            )
    if number := masked_line(text):
        command = found.collected(asset.kind)[0]
        hint = f" (on this platform: {command})" if path == CONFIGURATION else ""
        raise CartableError(
            f"{name}, line {number}: something stands in place of a secret, so the device cannot be restored from it; "
            f"ask for a configuration with its keys{hint}."
        )
    if number := paging_line(text):
        raise CartableError(
            f"{name}, line {number}: was recorded with paging; ask for it without (terminal length 0)."
        )
    if found.redact(path, text) is None:
        raise CartableError(f"{name} cannot be read as a configuration of {label}; ask for the right file.")


def _check_device(
    market: Market, found: Driver, asset: Asset, files: Mapping[str, bytes], names: Mapping[str, str]
) -> None:
    """Whose configuration it is, and whether it is whole."""
    given = ", ".join(names.values())
    required = found.required_files(asset.kind)
    if required and required[0] not in files:
        raise CartableError(
            f"{given} is not enough: give the file {PurePosixPath(required[0]).name} of {asset.tag} with it."
        )
    problems = found.problems(files)
    if problems:
        raise CartableError(f"{given} is damaged or cut ({'; '.join(problems[:3])}); ask for it again.")
    try:
        name = found.parse(files).hostname
    except UnknownGrammar as error:
        raise CartableError(f"{given} cannot be parsed ({error}); ask for it again.") from error
    wanted = str(asset.variables.get("baseline_hostname", asset.tag))
    if name and name.lower() != wanted.lower():
        raise CartableError(
            f'{given} is the configuration of "{name}"{_whose(market, asset, name)}, and {asset.tag} is named '
            f'"{wanted}"; '
            "ask for the right file, or set baseline_hostname in its host_vars when that is its name."
        )


def _whose(market: Market, asset: Asset, name: str) -> str:
    for other in market.assets.values():
        known = str(other.variables.get("baseline_hostname", other.tag))
        if other.tag != asset.tag and known.lower() == name.lower():
            return f" ({other.tag})"
    return ""
