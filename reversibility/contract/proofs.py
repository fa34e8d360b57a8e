"""Proofs: how evidence about one asset is shown to be good, or is not.

Those about a site or about the market as a whole are in ``market_proofs.py``.

Each looks at what an evidence found and answers with a method and a few words in French, which the town reads.
"Not ok" leaves the row at *present*: something is there, and nobody may say that it is proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reversibility.contract import market_proofs
from reversibility.contract.attributes import mandatory_attributes
from reversibility.contract.context import AssessmentContext, Found, Proof
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.parse_back import NotRestorable, open_configuration, read_back
from reversibility.contract.payload import SOFTWARE_CSV
from reversibility.documents.inventories import installed_version
from reversibility.market.model import Asset
from reversibility.records.inventory_summary import record_serial
from reversibility.records.password_policy import POLICIES
from reversibility.records.state import VOLATILE
from reversibility.records.vault import Entry

ProofFunction = Callable[[Found, AssessmentContext, Subject, Obligation], Proof]

C = "\u00a0:"  # a colon in French
# Record -> how its logins are made: to the machine itself, to its shared spaces. The time at which a record was last
# proven as a whole stands under its name in volatile.json, since it changes with every run.
LOGIN_RECORDS = {"logins.json": "pam", "logins-shares.json": "smb"}
LOGIN_OK = "success"


def matches_declaration(
    found: Found, context: AssessmentContext, subject: Subject, obligation: Obligation
) -> Proof:
    """The row says what is declared, CSV and JSON agree, what was seen (serial, software) agrees, changes are listed.

    A row is written from the declaration: without a record it proves nothing of a managed asset, nor of one whose kind
    is in ``settings.software_of``, since the contract wants its software listed.
    """
    asset, row = _asset(subject), found.content
    wrong = next((name for name, value in _declared(asset) if row.get(name) != value), None)
    if wrong:
        return Proof(False, "opened", f"la colonne «\u00a0{wrong}\u00a0» ne dit pas ce qui est déclaré")
    inventory = context.payload.inventory
    if inventory and asset.tag in inventory.differs:
        return Proof(
            False, "opened", f"inventaire.csv et inventaire.json diffèrent{C} {inventory.differs[asset.tag]}"
        )
    if context.payload.changes_problem:
        return Proof(False, "opened", context.payload.changes_problem)
    folder = context.payload.asset(asset.site, asset.tag)
    has_software = asset.kind in obligation.settings.get("software_of", ())
    if folder.json("inventory.json") is None:
        if asset.managed:
            return Proof(False, "opened", "jamais relevé\u00a0: numéro de série et logiciels non constatés")
        if has_software:
            return Proof(False, "opened", "logiciels jamais relevés")
        return Proof(True, "opened", "ligne relue, égale à la déclaration")
    if has_software and not folder.software:
        return Proof(False, "opened", "le relevé ne comporte aucun logiciel")
    seen = row.get("serial_seen")
    if seen and seen != row.get("serial"):
        return Proof(False, "opened", f"numéro de série relevé {seen}, déclaré {row.get('serial')}")
    if not _software_listed(context, asset):
        return Proof(False, "opened", "logiciels.csv ne dit pas ce qui a été relevé")
    unseen = "" if seen else " (numéro de série non lisible sur l’appareil)"
    return Proof(True, "opened", f"ligne relue, égale à la déclaration et au dernier relevé{unseen}")


def attributes_complete(found: Found, _: AssessmentContext, subject: Subject, __: Obligation) -> Proof:
    """Every mandatory attribute of the asset's kind has a value in the inventory handed over."""
    asset, rules = _asset(subject), mandatory_attributes()
    lacking = rules.lacking(found.content, asset.kind, asset.managed)
    if lacking:
        return Proof(False, "opened", f"à compléter{C} {', '.join(rules.label(name) for name in lacking)}")
    return Proof(True, "opened", f"{len(rules.of(asset.kind, asset.managed))} attributs obligatoires relus")


def matches_asset(found: Found, _: AssessmentContext, subject: Subject, __: Obligation) -> Proof:
    """The record has the shape of GLPI's format and is about this asset: its tag and serial where seen."""
    asset, record = _asset(subject), found.content
    content = record.get("content") if isinstance(record, Mapping) else None
    if not (
        isinstance(content, Mapping)
        and isinstance(record.get("deviceid"), str)
        and isinstance(content.get("versionclient"), str)
    ):
        return Proof(False, "parsed_back", "n’est pas au format d’inventaire GLPI")
    tags = {str(value) for value in (record.get("tag"), _bios(content).get("assettag")) if value}
    if asset.tag not in tags and asset.tag not in record["deviceid"]:
        return Proof(False, "parsed_back", "le relevé ne porte pas l’étiquette de cet équipement")
    serial = record_serial(content)
    if serial and serial != asset.attributes.get("serial"):
        declared = asset.attributes.get("serial")
        return Proof(False, "parsed_back", f"numéro de série relevé {serial}, déclaré {declared}")
    agreement = "numéro de série concordant" if serial else "numéro de série non lisible sur l’appareil"
    return Proof(True, "parsed_back", f"format GLPI relu, {agreement}")


def parsed_back(found: Found, context: AssessmentContext, subject: Subject, __: Obligation) -> Proof:
    """The encrypted configuration decrypts with the vault's identity, unpacks, has what restoring the asset takes, and
    says what is declared.
    """
    asset = _asset(subject)
    if found.content is None:
        return Proof(
            False, "parsed_back", "copie lisible seulement\u00a0: aucune copie restaurable (config.age)"
        )
    if context.age_identity is None:
        return Proof(False, "parsed_back", "coffre non ouvert pendant l’évaluation\u00a0: non déchiffrée")
    try:
        files = open_configuration(found.content, context.age_identity)
    except NotRestorable as error:
        return Proof(False, "parsed_back", str(error))
    problem = read_back(context.market, asset, files)
    if problem:
        return Proof(False, "parsed_back", problem)
    count = f"{len(files)} fichier{'s' if len(files) > 1 else ''}"
    return Proof(True, "parsed_back", f"déchiffrée et relue, {count}")


def software_listed(_: Found, context: AssessmentContext, subject: Subject, __: Obligation) -> Proof:
    """The record lists software, logiciels.csv says the same, and the catalogue's software is installed."""
    asset = _asset(subject)
    software = context.payload.asset(asset.site, asset.tag).software
    if not software:
        return Proof(False, "parsed_back", "le relevé ne comporte aucun logiciel")
    if not _software_listed(context, asset):
        return Proof(False, "parsed_back", "logiciels.csv ne dit pas ce qui a été relevé")
    absent = [
        str(entry.get("name"))
        for entry in context.market.software_for(asset)
        if installed_version(entry, software) is None
    ]
    if absent:
        return Proof(False, "parsed_back", f"prévu au catalogue et non constaté{C} {', '.join(absent)}")
    return Proof(
        True, "parsed_back", f"{len(software)} logiciels avec leur version, relus dans {SOFTWARE_CSV}"
    )


def logged_in(found: Found, context: AssessmentContext, subject: Subject, _: Obligation) -> Proof:
    """Every account seen that a password may open has its entry, declared or not, and every entry's current password
    opened a session when last tried.
    """
    asset = _asset(subject)
    if found.content is None:
        return Proof(False, "logged_in", "coffre non ouvert pendant l’évaluation")
    seen = context.payload.asset(asset.site, asset.tag).json("accounts.json")
    if seen is None:
        return Proof(False, "logged_in", "comptes jamais relevés sur cet équipement")
    entries = [entry for entry in found.content if entry.password]
    if not entries:
        return Proof(False, "logged_in", "aucun mot de passe en vigueur dans le coffre")
    known = {entry.username for entry in entries} | {entry.account for entry in entries}
    without = sorted({str(a.get("login")) for a in _dicts(seen, "accounts") if not a.get("locked")} - known)
    if without:
        return Proof(False, "logged_in", f"compte sans mot de passe dans le coffre{C} {', '.join(without)}")
    times = {entry.account: _login_verified(context, asset, entry) for entry in entries}
    untried = [account for account, time in times.items() if time is None]
    if untried:
        return Proof(
            False, "logged_in", f"connexion non vérifiée avec ce mot de passe{C} {', '.join(untried)}"
        )
    oldest = min(time for time in times.values() if time)
    detail = f"connexion vérifiée le {oldest:%d/%m/%Y}{C} {', '.join(times)}"
    return Proof(True, "logged_in", detail, when=oldest)


def two_accesses(found: Found, context: AssessmentContext, subject: Subject, _: Obligation) -> Proof:
    """An administrator's and a user's access are set, each verified by a login with the current password."""
    asset = _asset(subject)
    if found.content is None:
        return Proof(False, "logged_in", "coffre non ouvert pendant l’évaluation")
    names = {"administrator": "administrateur", "user": "utilisateur"}
    tried = [(entry.policy, _login_verified(context, asset, entry)) for entry in found.content]
    verified = {policy: max(at for of, at in tried if at and of == policy) for policy, at in tried if at}
    lacking = [french for policy, french in names.items() if policy not in verified]
    if lacking:
        return Proof(False, "logged_in", f"accès non vérifié par une connexion{C} {', '.join(lacking)}")
    oldest = min(verified[policy] for policy in names)
    return Proof(
        True,
        "logged_in",
        f"accès administrateur et accès utilisateur{C} connexion vérifiée le {oldest:%d/%m/%Y}",
        when=oldest,
    )


def policy_met(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Proof:
    """Each password has the length and classes of its policy, holds no word, and is within its validity (C 9)."""
    if found.content is None:
        return Proof(False, "opened", "coffre non ouvert pendant l’évaluation")
    entries = [entry for entry in found.content if entry.password]
    if not entries:
        return Proof(False, "opened", "aucun mot de passe en vigueur dans le coffre")
    for entry in entries:
        policy = POLICIES.get(entry.policy)
        if policy is None:
            return Proof(False, "opened", f"{entry.account}{C} aucune règle ne lui est attribuée")
        if policy.problems(entry.password):
            return Proof(False, "opened", f"{entry.account}{C} mot de passe non conforme à la règle")
        if entry.expires is None or entry.expired(context.now):
            return Proof(False, "opened", f"{entry.account}{C} mot de passe sans échéance ou échu")
        if entry.expires > policy.expiry(context.now):
            return Proof(
                False, "opened", f"{entry.account}{C} échéance au-delà de {policy.valid_months} mois"
            )
    end = min(entry.expires for entry in entries if entry.expires)
    return Proof(True, "opened", f"longueur, classes et échéance vérifiées, valable jusqu’au {end:%d/%m/%Y}")


def administrators_declared(found: Found, _: AssessmentContext, __: Subject, ___: Obligation) -> Proof:
    """Whoever can act as administrator on the asset is declared, and somebody is.

    A locked account counts as well: no password opens it, but an SSH key may. Only root itself, which every machine
    has, need not be declared while it is locked; whether a key opens it is in no record. Another account with root's
    number is not root.
    """
    accounts = _dicts(found.content, "accounts")
    administrators = [a for a in accounts if a.get("administrator") and not _locked_root(a)]
    strangers = sorted(str(a.get("login")) for a in administrators if a.get("declared") is not True)
    if strangers:
        return Proof(False, "opened", f"administrateur non déclaré{C} {', '.join(strangers)}")
    if not administrators:
        return Proof(False, "opened", "aucun accès administrateur relevé")
    names = ", ".join(sorted(str(a.get("login")) for a in administrators))
    return Proof(True, "opened", f"comptes relus, seuls administrateurs{C} {names}")


def approved(found: Found, _: AssessmentContext, __: Subject, obligation: Obligation) -> Proof:
    """Each software that the catalogue gives the asset has the approval ``settings.approval``: who and when."""
    approval = str(obligation.settings["approval"])
    for identifier, entry in found.content.items():
        given = ((entry or {}).get("approvals") or {}).get(approval) or {}
        if not given.get("by") or not isinstance(given.get("date"), date):
            return Proof(False, "opened", f"accord absent{C} {identifier}")
    if not found.content:
        return Proof(True, "opened", "catalogue relu, aucun logiciel ajouté sur cet équipement")
    return Proof(True, "opened", f"accord relu (qui, quand){C} {', '.join(found.content)}")


def recently_seen(found: Found, context: AssessmentContext, _: Subject, obligation: Obligation) -> Proof:
    """The asset was reached in the last ``settings.days`` days: what is handed over is not an old story."""
    days = int(obligation.settings["days"])
    try:
        last = date.fromisoformat(str(found.content.get("last_seen")))
    except ValueError:
        return Proof(False, "opened", "jamais relevé")
    if last < context.now.date() - timedelta(days=days):
        return Proof(False, "opened", f"dernier relevé le {last:%d/%m/%Y}, il y a plus de {days} jours")
    return Proof(True, "opened", f"dernier relevé le {last:%d/%m/%Y}")


def replacement_dated(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Proof:
    """An asset at the end of its life says which system it has and by when it is replaced (R02)."""
    row = found.content
    if not row.get("os"):
        return Proof(False, "opened", "système non indiqué")
    try:
        day = date.fromisoformat(str(row.get("replace_by")))
    except ValueError:
        return Proof(False, "opened", f"{row['os']} en fin de vie, sans date de remplacement")
    late = day < context.now.date()
    detail = f"{row['os']} en fin de vie, à remplacer avant le {day:%d/%m/%Y}"
    return Proof(not late, "opened", f"{detail}{C} date dépassée" if late else detail)


PROOFS: dict[str, ProofFunction] = {
    proof.__name__: proof
    for proof in (
        administrators_declared,
        approved,
        attributes_complete,
        logged_in,
        matches_asset,
        matches_declaration,
        parsed_back,
        policy_met,
        recently_seen,
        replacement_dated,
        software_listed,
        two_accesses,
        *market_proofs.ALL,
    )
}


def _asset(subject: Subject) -> Asset:
    if subject.asset is None:
        raise TypeError("this proof is about an asset; its obligation must concern assets")
    return subject.asset


def _declared(asset: Asset) -> Iterable[tuple[str, Any]]:
    """Yield what is declared of an asset under the names of the inventory's columns, as JSON gives it back."""
    yield from (("tag", asset.tag), ("site", asset.site), ("room", asset.room), ("kind", asset.kind))
    yield from (("managed", asset.managed), ("address", asset.address))
    for name, value in asset.attributes.items():
        if isinstance(value, date):
            yield name, value.isoformat()
        elif isinstance(value, (str, int, float)):
            yield name, value


def _software_listed(context: AssessmentContext, asset: Asset) -> bool:
    """Compare the software of a record with logiciels.csv."""
    folder = context.payload.asset(asset.site, asset.tag)
    return context.payload.software.get(asset.tag, 0) == folder.software_digest


def _locked_root(account: Mapping[str, Any]) -> bool:
    return (account.get("login"), account.get("uid"), account.get("locked")) == ("root", 0, True)


def _login_verified(context: AssessmentContext, asset: Asset, entry: Entry) -> datetime | None:
    """Return the time of the last login with the entry's *current* password (the same revision), None without one.

    It counts only if it says of itself that it succeeded, how it was made, and when.
    """
    folder = context.payload.asset(asset.site, asset.tag)
    wanted = (entry.revision, LOGIN_OK)
    times = [
        _time_of(folder.json(VOLATILE), name)
        for name, method in LOGIN_RECORDS.items()
        for login in _dicts(folder.json(name), "logins")
        if login.get("account") in (entry.account, entry.username)
        and (login.get("vault_revision"), login.get("result"), login.get("method")) == (*wanted, method)
    ]
    return max((time for time in times if time), default=None)


def _time_of(volatile: Any, name: str) -> datetime | None:
    """Return the time (UTC) at which a record was last proven, as the asset's volatile values have it.

    None also for one without its zone: nobody knows when that was.
    """
    try:
        time = datetime.fromisoformat(volatile[name])
        return time.astimezone(UTC) if time.tzinfo else None
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _bios(content: Mapping[str, Any]) -> Mapping[str, Any]:
    bios = content.get("bios")
    return bios if isinstance(bios, Mapping) else {}


def _dicts(content: Any, name: str) -> list[Mapping[str, Any]]:
    value = content.get(name) if isinstance(content, Mapping) else None
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
