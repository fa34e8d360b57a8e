"""The audit of a take-over: compares each asset's current records with those in the bundle; a French report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reversibility.bundle import layout
from reversibility.bundle.signature import public_half
from reversibility.bundle.takeover.context import Context
from reversibility.documents.takeover_audit import write_report
from reversibility.errors import CartableError
from reversibility.market.people import people
from reversibility.operations.takeover.audit import UNREAD, Finding, Seen, audit
from reversibility.operations.takeover.progress import Outcome
from reversibility.records.configuration import RESTORABLE, open_restorable
from reversibility.records.inventory_summary import dicts
from reversibility.records.json_text import read_json

FOLDER = "takeover"


def write_audit(context: Context) -> Outcome:
    """Compare every managed asset and write the report; findings do not stop the take-over."""
    market, identity = context.market, context.vault.age_identity()
    keys = frozenset({_operator_key(context)})
    named = {
        one.account: " ".join(one.key.split()[:2])
        for one in people(market.contract, context.paths.data)
        if one.account and one.key
    }
    unread = {line.split()[0] for line in context.progress.steps.get("observe", {}).get("left", ())}
    findings: list[Finding] = []
    assets = [one for one in market.assets.values() if one.managed and one.platform.family != "unmanaged"]
    for asset in assets:
        before = _seen(context.bundle / layout.DATA / layout.EQUIPMENT / asset.site / asset.tag, identity)
        after = _seen(
            context.state.directory / asset.site / asset.tag, identity, read=asset.tag not in unread
        )
        findings += audit(asset.site, asset.tag, before, after, keys, named)
    folder = context.paths.data / FOLDER
    files = write_report(folder, market, context.progress.bundle, assets, findings, context.clock())
    real = [one for one in findings if one.change != UNREAD]
    return Outcome(
        f"{len(real)} differences on {len({one.asset for one in real})} assets: {files[0]}",
        notes=tuple(f"{tag}: not compared, since it did not answer" for tag in sorted(unread)),
    )


def _operator_key(context: Context) -> str:
    """The public key that was handed over, by which everything here is reached."""
    try:
        return " ".join(public_half(context.paths.operator_key).split()[:2])
    except CartableError:
        return ""  # none was handed over


def _seen(folder: Path, identity: str, *, read: bool = True) -> Seen:
    restorable = folder / RESTORABLE
    return Seen(
        accounts=tuple(dicts(_json(folder / "accounts.json"), "accounts")),
        services=tuple(dicts(_json(folder / "services.json"), "services")),
        ports=_ports(folder / "ports.json"),
        files=open_restorable(restorable.read_bytes(), identity) if restorable.is_file() else None,
        read=read,
    )


def _ports(path: Path) -> tuple[Mapping[str, Any], ...] | None:
    content = _json(path)
    return tuple(dicts(content, "ports")) if content and content.get("known") else None


def _json(path: Path) -> Any:
    try:
        return read_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise CartableError(f"{path} cannot be read ({error}); verify the bundle and the state.") from error
