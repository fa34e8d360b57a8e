"""Proofs about the journal."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import proof
from reversibility.records.journal_chain import JournalReport
from reversibility.records.journals import Journals
from reversibility.typography import number

C = "\u00a0:"  # a colon in French


@proof("checksum")
def chain_verified(found: Found, context: AssessmentContext, _: Subject, obligation: Obligation) -> Verdict:
    """The journal verifies, as ``reversibility journal verify`` does it, and its first line is old enough.

    The journal must reach back ``settings.months`` months, or to the start of the contract when that is later.
    """
    folder = context.payload.data / "09-journal"
    journals = Journals(folder)
    # The copy lies in no state: it was compared with Git's history when it was made, which verification.json tells.
    report = journals.verify({} if (folder / "verification.json").is_file() else None)
    problem = _journal_problem(folder, report)
    if problem:
        return Verdict(False, problem)
    first = next(journals.entries(), None)
    if first is None:
        return Verdict(False, "le journal ne comporte aucune ligne")
    since = date.fromisoformat(str(first["time"])[:10])
    months = int(obligation.settings["months"])
    wanted = _months_before(context.now.date(), months)
    start = context.market.contract.get("contract", {}).get("start")
    if isinstance(start, date):
        wanted = max(wanted, start)
    detail = f"chaîne de {number(report.lines)} lignes vérifiée, depuis le {since:%d/%m/%Y}"
    if since > wanted:
        return Verdict(False, f"{detail}{C} {months} mois attendus, soit depuis le {wanted:%d/%m/%Y}")
    return Verdict(True, detail)


def _journal_problem(folder: Path, report: JournalReport) -> str | None:
    """Tell the first problem of the journal, if any; those found while it was copied count as well."""
    problems = list(report.problems)
    told = folder / "verification.json"
    if told.is_file():
        try:
            problems += json.loads(told.read_bytes())["problems"]
        except (ValueError, KeyError, TypeError):
            return f"verification.json{C} illisible"
    if not problems:
        return None
    file, _, line = problems[0].split(": ")[0].partition(":")  # controller/file:line: what is wrong
    at = f"{file}, ligne {line}" if line.isdigit() else file
    return f"{at}{C} ligne altérée, retirée ou ajoutée ({number(len(set(problems)))} anomalie(s) en tout)"


def _months_before(day: date, months: int) -> date:
    """Return the same day ``months`` months earlier, or the last day of that month."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    after = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), after - timedelta(days=1))
