"""Proofs about what needs upkeep: backups are recent and come back, certificates are valid, maintenance was done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import proof
from reversibility.records.inventory_summary import dicts
from reversibility.typography import plural

C = "\u00a0:"  # a colon in French


@proof("opened")
def backups_recent(
    found: Found, context: AssessmentContext, subject: Subject, obligation: Obligation
) -> Verdict:
    """Each data set of the asset has a backup that succeeded in the last ``settings.days`` days.

    Whether it can be restored is another obligation (the witness restore).
    """
    oldest = context.now - timedelta(days=int(obligation.settings["days"]))
    last: dict[str, datetime | None] = {}
    for backup in dicts(found.content, "backups"):
        name, time = str(backup.get("dataset")), _time(backup, "time")
        if backup.get("result") != "success":
            time = None
        known = last.setdefault(name, time)
        if time and (known is None or time > known):
            last[name] = time
    if not last:
        return Verdict(False, "le relevé ne comporte aucune sauvegarde")
    late = sorted(name for name, time in last.items() if time is None or time < oldest)
    if late:
        return Verdict(False, f"sans sauvegarde réussie depuis le {oldest:%d/%m/%Y}{C} {', '.join(late)}")
    return Verdict(True, f"{plural(len(last), 'sauvegarde réussie', 'sauvegardes réussies')}, dates relues")


@proof("restored")
def data_restored(
    found: Found, context: AssessmentContext, subject: Subject, obligation: Obligation
) -> Verdict:
    """The asset was rebuilt in the last ``settings.days`` days, and its data came back from their copies."""
    restored = dicts(found.content, "data")
    if not restored:
        return Verdict(False, f"{found.content.get('asset')} a été reconstruit, sans données restaurées")
    verdict = machine_rebuilt(found, context, subject, obligation)
    files = sum(int(row.get("files") or 0) for row in restored)
    return Verdict(verdict.ok, f"{verdict.detail}, {plural(files, 'fichier')} de données", verdict.when)


@proof("rebuilt")
def machine_rebuilt(found: Found, context: AssessmentContext, _: Subject, obligation: Obligation) -> Verdict:
    """The asset was rebuilt from a blank machine in the last ``settings.days`` days: the play came to its end."""
    ended, tag = _time(found.content, "ended"), found.content.get("asset")
    oldest = context.now - timedelta(days=int(obligation.settings["days"]))
    if ended is None or found.content.get("result") != "success":
        return Verdict(False, f"la reconstruction de {tag} n’est pas allée à son terme")
    if ended < oldest:
        return Verdict(False, f"dernière reconstruction ({tag}) antérieure au {oldest:%d/%m/%Y}")
    return Verdict(True, f"{tag} reconstruit le {ended:%d/%m/%Y}", ended)


@proof("opened")
def certificates_valid(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """Each certificate that was seen says when it ends, and is not over."""
    records = found.content if isinstance(found.content, Mapping) else {}
    ends = {
        f"{tag}, {certificate.get('subject')}": _time(certificate, "not_after")
        for tag, record in records.items()
        for certificate in dicts(record, "certificates")
    }
    if not ends:
        return Verdict(False, "le relevé ne comporte aucun certificat")
    over = sorted(name for name, end in ends.items() if end is None or end <= context.now)
    if over:
        return Verdict(False, f"certificat échu ou sans échéance{C} {', '.join(over[:3])}")
    first = min(end for end in ends.values() if end)
    return Verdict(True, f"{plural(len(ends), 'certificat')}, première échéance le {first:%d/%m/%Y}")


@proof("opened")
def maintenance_done(
    found: Found, context: AssessmentContext, subject: Subject, obligation: Obligation
) -> Verdict:
    """The last run at the site is of the last ``settings.days`` days and has ended on every managed asset."""
    report = found.content if isinstance(found.content, Mapping) else {}
    when = _time(report, "reported")
    oldest = context.now - timedelta(days=int(obligation.settings["days"]))
    if when is None or when < oldest:
        return Verdict(False, f"aucun compte rendu depuis le {oldest:%d/%m/%Y}")
    outcomes = {str(row.get("asset")): row.get("outcome") for row in dicts(report, "assets")}
    managed = {
        tag for tag, asset in context.market.assets.items() if asset.site == subject.site and asset.managed
    }
    left = sorted(tag for tag in managed if outcomes.get(tag) != "done")
    if left:
        more = ", …" if len(left) > 5 else ""
        return Verdict(False, f"maintenance du {when:%d/%m/%Y} inachevée{C} {', '.join(left[:5])}{more}")
    return Verdict(
        True, f"{plural(len(managed), 'équipement traité', 'équipements traités')} le {when:%d/%m/%Y}"
    )


def _time(record: Mapping[str, Any], name: str) -> datetime | None:
    """Read a time of a record (ISO 8601 with its zone); None when it has none that can be read."""
    try:
        time = datetime.fromisoformat(record[name])
        return time.astimezone(UTC) if time.tzinfo else None
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
