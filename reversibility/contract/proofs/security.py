"""Proofs about security: rules are met or waived with a reason, and logs are complete."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import proof
from reversibility.records.inventory_summary import dicts
from reversibility.records.log_archive import LogArchive
from reversibility.typography import plural

C = "\u00a0:"  # a colon in French
KEPT, SET_ASIDE = "complies", ("waived", "declined", "not_applicable")


@proof("opened")
def rules_kept(found: Found, context: AssessmentContext, _: Subject, obligation: Obligation) -> Verdict:
    """Each rule of ``settings.group`` (all of them without it) is kept, or set aside with a reason that still holds."""
    group = obligation.settings.get("group")
    rules = [rule for rule in dicts(found.content, "rules") if group in (None, rule.get("group"))]
    kept = [rule for rule in rules if rule.get("state") == KEPT]
    if not kept:
        return Verdict(False, "aucune de ces règles n’a été trouvée en vigueur")
    today = context.now.date().isoformat()
    aside = [rule for rule in rules if rule.get("state") in SET_ASIDE]
    silent = [rule for rule in aside if not rule.get("reason")]
    over = [rule for rule in aside if rule.get("state") == "waived" and str(rule.get("until") or "") < today]
    for rows, said in (
        ([rule for rule in rules if rule not in kept and rule not in aside], "règle non tenue"),
        (silent, "règle écartée sans motif"),
        (over, "dérogation échue"),
    ):
        if rows:
            return Verdict(False, f"{said}{C} {', '.join(sorted(str(row.get('rule')) for row in rows)[:5])}")
    waived = [rule for rule in aside if rule.get("state") == "waived"]
    words = f", {plural(len(waived), 'dérogation motivée', 'dérogations motivées')}" if waived else ""
    return Verdict(True, f"{plural(len(kept), 'règle relue en vigueur', 'règles relues en vigueur')}{words}")


@proof("checksum")
def logs_whole(found: Found, context: AssessmentContext, subject: Subject, obligation: Obligation) -> Verdict:
    """The asset's logs are as they were sealed, nothing is missing, and the last day is young (``settings.days``)."""
    tag = subject.of_asset().tag
    for folder in sorted({Path(path).parents[2] for path in found.content}):
        archive = LogArchive(context.payload.data / folder)
        if problems := archive.verify():
            return Verdict(
                False, f"{folder.name}{C} journaux modifiés depuis leur scellement ({len(problems)})"
            )
        if gaps := sorted(day for asset, day in archive.gaps() if asset == tag):
            return Verdict(False, f"lignes manquantes{C} {', '.join(gaps[:5])}")
    days = sorted(Path(path).name[:10] for path in found.content)
    oldest = context.now.date() - timedelta(days=int(obligation.settings["days"]))
    last = date.fromisoformat(days[-1])
    if last < oldest:
        return Verdict(False, f"aucun journal depuis le {last:%d/%m/%Y}")
    first = date.fromisoformat(days[0])
    return Verdict(
        True, f"{plural(len(days), 'journée scellée', 'journées scellées')} depuis le {first:%d/%m/%Y}"
    )
