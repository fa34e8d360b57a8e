"""Proofs about a site or about the market as a whole. See ``proofs.py`` for those about one asset."""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from reversibility.contract.attributes import mandatory_attributes
from reversibility.contract.context import AssessmentContext, Found, Proof
from reversibility.contract.formats import open_format
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.payload import Inventory
from reversibility.contract.spreadsheet import Row, says
from reversibility.documents.french import number, percent
from reversibility.errors import CartableError
from reversibility.market.host_keys import reached_by_ssh, unknown_hosts
from reversibility.market.load import load_market
from reversibility.records.journal_chain import JournalReport
from reversibility.records.journals import Journals

C = "\u00a0:"


def sheet_complete(found: Found, context: AssessmentContext, subject: Subject, _: Obligation) -> Proof:
    """The site's sheet has a row for each of its declared assets and no other, and says what inventaire.json says."""
    sheet, inventory = found.content
    wanted = Counter(asset.tag for asset in context.market.assets.values() if asset.site == subject.site)
    listed = Counter(row.get("A", "") for row in sheet[1:])
    if listed != wanted:
        wrong = ", ".join(sorted((listed - wanted) | (wanted - listed))[:5])
        return Proof(False, "opened", f"la feuille de l’école et le parc déclaré diffèrent{C} {wrong}")
    difference = _first_difference(sheet, inventory)
    if difference:
        return Proof(False, "opened", f"la feuille de l’école et inventaire.json diffèrent{C} {difference}")
    count = number(len(sheet) - 1)
    return Proof(True, "opened", f"feuille relue, égale à inventaire.json, {count} équipements")


def completeness_reached(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Proof:
    """The share of mandatory attributes that have a value reaches the threshold, over the *declared* fleet."""
    rules = mandatory_attributes()
    wanted = lacking = 0
    for asset in context.market.assets.values():
        row = found.content.rows.get(asset.tag, {})
        wanted += len(rules.of(asset.kind, asset.managed))
        lacking += len(rules.lacking(row, asset.kind, asset.managed))
    share = (wanted - lacking) / wanted if wanted else 0.0
    detail = f"{number(wanted - lacking)} attributs obligatoires sur {number(wanted)}{C} {percent(share)}"
    return Proof(share >= rules.threshold, "opened", f"{detail} (seuil {percent(rules.threshold)})")


def chain_verified(found: Found, context: AssessmentContext, _: Subject, obligation: Obligation) -> Proof:
    """The journal verifies, as ``reversibility journal verify`` does it, and its first line is old enough.

    The journal must reach back ``settings.months`` months, or to the start of the contract when that is later.
    """
    folder = context.payload.data / "09-journal"
    journals = Journals(folder)
    report = journals.verify()
    problem = _journal_problem(folder, report)
    if problem:
        return Proof(False, "checksum", problem)
    first = next(journals.entries(), None)
    if first is None:
        return Proof(False, "checksum", "le journal ne comporte aucune ligne")
    since = date.fromisoformat(str(first["time"])[:10])
    months = int(obligation.settings["months"])
    wanted = _months_before(context.now.date(), months)
    start = context.market.contract.get("contract", {}).get("start")
    if isinstance(start, date):
        wanted = max(wanted, start)
    detail = f"chaîne de {number(report.lines)} lignes vérifiée, depuis le {since:%d/%m/%Y}"
    if since > wanted:
        return Proof(
            False, "checksum", f"{detail}{C} {months} mois attendus, soit depuis le {wanted:%d/%m/%Y}"
        )
    return Proof(True, "checksum", detail)


def formats_open(found: Found, _: AssessmentContext, __: Subject, ___: Obligation) -> Proof:
    """Every file of the bundle is in an open format and opens as what it says it is."""
    report = found.content
    if report.problems:
        shown = "\u00a0; ".join(report.problems[:3])
        return Proof(
            False,
            "opened",
            f"{number(len(report.problems))} fichier(s) sur {number(report.opened)}{C} {shown}",
        )
    return Proof(True, "opened", f"{number(report.opened)} fichiers ouverts, tous en format ouvert")


def dual_control(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Proof:
    """The vault opened with both halves, each holder has a half, and no party is in both groups (B 6.3, R34)."""
    holders = context.market.contract.get("holders") or {}
    for group in "ab":
        declared, written = len(holders.get(group) or ()), found.content[group]
        if not declared or len(written) != declared:
            return Proof(
                False,
                "opened",
                f"groupe {group.upper()}{C} {len(written)} moitiés pour {declared} détenteurs",
            )
        for path in written:
            problem = open_format(f"{context.payload.data}/{path}")
            if problem:
                return Proof(False, "opened", f"{path}{C} {problem}")
    both = {h.get("party") for h in holders["a"]} & {h.get("party") for h in holders["b"]}
    if both:
        return Proof(False, "opened", "une même partie détient les deux moitiés et peut ouvrir seule")
    if context.exported_vault is None:
        return Proof(False, "opened", "coffre non ouvert pendant l’évaluation")
    entries = number(len(context.exported_vault.entries()))
    return Proof(True, "opened", f"coffre ouvert avec les deux moitiés, {entries} entrées relues")


def successor_can_start(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Proof:
    """The repository in the bundle opens, its packages are pinned, the market in it is the declared one, and with what
    is in the bundle its machines can be reached.
    """
    folder = context.payload.data / "10-automatisation"
    problem = _repository_problem(context.payload.data / found.content)
    if problem:
        return Proof(False, "opened", problem)
    requirements = folder / "requirements.txt"
    lines = requirements.read_text(encoding="utf-8").splitlines() if requirements.is_file() else []
    pinned = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "-"))]
    if not pinned or any("==" not in line and " @ " not in line for line in pinned):
        return Proof(False, "opened", "requirements.txt ne fixe pas la version de chaque paquet")
    try:
        market = load_market(folder / "marche")
    except (CartableError, OSError):
        return Proof(False, "opened", "l’inventaire remis (marche) n’est pas valide")
    if market.assets.keys() != context.market.assets.keys():
        return Proof(False, "opened", "l’inventaire remis (marche) ne déclare pas le même parc")
    problem = _access_problem(context, folder)
    if problem:
        return Proof(False, "opened", problem)
    read = "inventaire et clés SSH" if reached_by_ssh(context.market) else "inventaire"
    return Proof(True, "opened", f"dépôt, {len(pinned)} paquets à version fixée, {read} relus")


def signed(found: Found, _: AssessmentContext, __: Subject, ___: Obligation) -> Proof:
    """What only people can do: the document is there; that it was agreed and signed, no machine can prove."""
    return Proof(False, "signed", "document présent\u00a0; accord et signature à constater par les parties")


ALL = (
    chain_verified,
    completeness_reached,
    dual_control,
    formats_open,
    sheet_complete,
    signed,
    successor_can_start,
)


def _first_difference(sheet: list[Row], inventory: Inventory) -> str | None:
    """Compare every cell of a site's sheet with inventaire.json; the first that says something else, in French."""
    header = sheet[0] if sheet else {}
    if list(header.values()) != list(inventory.columns.values()):
        return "les colonnes"
    columns = [
        (letters, key, header[letters]) for letters, key in zip(header, inventory.columns, strict=True)
    ]
    for row in sheet[1:]:
        told = inventory.rows.get(row["A"], {})
        for letters, key, title in columns:
            if not says(row.get(letters, ""), told.get(key)):
                return f"{row['A']}, colonne «\u00a0{title}\u00a0»"
    return None


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


def _access_problem(context: AssessmentContext, folder: Path) -> str | None:
    """Tell what keeps a successor from the machines that are reached by SSH: the operators' key, or their own."""
    wanted = reached_by_ssh(context.market)
    if not wanted:
        return None
    if context.exported_vault is None:
        return "coffre non ouvert pendant l’évaluation"
    if not context.exported_vault.operator_key():
        return (
            "le coffre ne contient pas la clé SSH des exploitants, sans laquelle on ne joint aucune machine"
        )
    path = folder / "known_hosts"
    try:
        unknown = unknown_hosts(context.market, path.read_text(encoding="utf-8") if path.is_file() else "")
    except UnicodeDecodeError:
        return f"known_hosts{C} illisible"
    if unknown:
        shown = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
        count = f"{number(len(unknown))} machine(s) sur {number(len(wanted))}"
        return f"known_hosts{C} {count} sans clé d’hôte connue ({shown})"
    return None


def _repository_problem(path: Path) -> str | None:
    """Open the repository in the bundle as its new owner would: clone the Git bundle, or list the archive."""
    if path.suffix == ".gz":
        try:
            with tarfile.open(path) as archive:
                names = archive.getnames()
        except (tarfile.TarError, EOFError, OSError):
            return "le dépôt remis n’est pas une archive lisible"
    else:
        with tempfile.TemporaryDirectory(prefix="cartable-depot-") as scratch:
            clone = ["git", "clone", "--quiet", "--bare", str(path), f"{scratch}/depot.git"]
            listing = ["git", "-C", f"{scratch}/depot.git", "ls-tree", "-r", "--name-only", "HEAD"]
            try:
                subprocess.run(clone, check=True, capture_output=True)
                names = subprocess.run(
                    listing, check=True, capture_output=True, text=True
                ).stdout.splitlines()
            except (subprocess.CalledProcessError, FileNotFoundError):
                return "le dépôt remis ne se clone pas"
    if not any(Path(name).name == "ansible.cfg" for name in names):
        return "le dépôt remis ne contient pas le projet (ansible.cfg)"
    return None
