"""Proofs about access: passwords that open, rules that hold, and the vault under dual control."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.formats import open_format
from reversibility.contract.obligations import Obligation, Subject
from reversibility.contract.registry import proof
from reversibility.market.model import Asset
from reversibility.market.people import accepted_as_shared, named_accounts, people
from reversibility.records.inventory_summary import dicts
from reversibility.records.logins import RECORDS, SUCCESS
from reversibility.records.password_policy import POLICIES, USERS
from reversibility.records.state import VOLATILE
from reversibility.records.vault import Entry
from reversibility.typography import NNBSP, long_date, number, plural

C = "\u00a0:"  # a colon in French


@proof("logged_in")
def logged_in(found: Found, context: AssessmentContext, subject: Subject, _: Obligation) -> Verdict:
    """Every account seen that a password may open has its entry, declared or not, and every entry's current password
    opened a session when last tried.
    """
    asset = subject.of_asset()
    if found.content is None:
        return Verdict(False, "coffre non ouvert pendant l’évaluation")
    seen = context.payload.asset(asset.site, asset.tag).json("accounts.json")
    if seen is None:
        return Verdict(False, "comptes jamais relevés sur cet équipement")
    if refusal := _unusable(found.content):
        return refusal
    entries = [entry for entry in found.content if entry.password]
    if not entries:
        return Verdict(False, "aucun mot de passe en vigueur dans le coffre")
    known = {entry.username for entry in entries} | {entry.account for entry in entries}
    without = sorted({str(a.get("login")) for a in dicts(seen, "accounts") if not a.get("locked")} - known)
    if without:
        return Verdict(False, f"compte sans mot de passe dans le coffre{C} {', '.join(without)}")
    times = {entry.account: _login_verified(context, asset, entry) for entry in entries}
    untried = [account for account, time in times.items() if time is None]
    if untried:
        return Verdict(False, f"connexion non vérifiée avec ce mot de passe{C} {', '.join(untried)}")
    oldest = min(time for time in times.values() if time)
    detail = f"connexion vérifiée le {oldest:%d/%m/%Y}{C} {', '.join(times)}"
    return Verdict(True, detail, when=oldest)


@proof("logged_in")
def two_accesses(found: Found, context: AssessmentContext, subject: Subject, _: Obligation) -> Verdict:
    """An administrator's and a user's access are set, each verified by a login with the current password."""
    asset = subject.of_asset()
    if found.content is None:
        return Verdict(False, "coffre non ouvert pendant l’évaluation")
    if refusal := _unusable(found.content):
        return refusal
    names = {"administrator": "administrateur", "user": "utilisateur"}
    tried = [
        ("user" if entry.policy in USERS else entry.policy, _login_verified(context, asset, entry))
        for entry in found.content
    ]
    verified = {policy: max(at for of, at in tried if at and of == policy) for policy, at in tried if at}
    lacking = [french for policy, french in names.items() if policy not in verified]
    if lacking:
        return Verdict(False, f"accès non vérifié par une connexion{C} {', '.join(lacking)}")
    oldest = min(verified[policy] for policy in names)
    return Verdict(
        True,
        f"accès administrateur et accès utilisateur{C} connexion vérifiée le {oldest:%d/%m/%Y}",
        when=oldest,
    )


@proof("logged_in")
def former_access_refused(found: Found, _: AssessmentContext, __: Subject, ___: Obligation) -> Verdict:
    """A login with each secret that the outgoing contractor holds of the asset was tried and refused (B 6.6)."""
    words = {"held": "toujours ouvert au titulaire sortant", "replaced": "remplacé, ancien accès non essayé"}
    what = {"password": "mot de passe", "operator_key": "clé SSH", "host_key": "clé d’hôte"}
    for status, said in words.items():
        open_ones = [row for row in found.content if row.get("status") == status]
        if open_ones:
            names = ", ".join(
                sorted(f"{what.get(str(row.get('what')), 'accès')} {row.get('name')}" for row in open_ones)
            )
            return Verdict(False, f"{said}{C} {names}")
    refused = [row for row in found.content if row.get("status") == "refused"]
    if len(refused) != len(found.content):
        return Verdict(False, "état inconnu d’un accès du titulaire sortant")
    return Verdict(True, f"connexion refusée avec chacun des {len(refused)} accès du titulaire sortant")


@proof("opened")
def policy_met(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """Each password has the length and classes of its policy, holds no word, and is within its validity (C 9)."""
    if found.content is None:
        return Verdict(False, "coffre non ouvert pendant l’évaluation")
    if refusal := _unusable(found.content):
        return refusal
    entries = [entry for entry in found.content if entry.password]
    if not entries:
        return Verdict(False, "aucun mot de passe en vigueur dans le coffre")
    for entry in entries:
        policy = POLICIES.get(entry.policy)
        if policy is None:
            return Verdict(False, f"{entry.account}{C} aucune règle ne lui est attribuée")
        if policy.problems(entry.password):
            return Verdict(False, f"{entry.account}{C} mot de passe non conforme à la règle")
        if entry.expires is None or entry.expired(context.now):
            return Verdict(False, f"{entry.account}{C} mot de passe sans échéance ou échu")
        if entry.expires > policy.expiry(context.now):
            return Verdict(False, f"{entry.account}{C} échéance au-delà de {policy.valid_months} mois")
    end = min(entry.expires for entry in entries if entry.expires)
    return Verdict(True, f"longueur, classes et échéance vérifiées, valable jusqu’au {end:%d/%m/%Y}")


@proof("opened")
def administrators_declared(found: Found, _: AssessmentContext, __: Subject, ___: Obligation) -> Verdict:
    """Whoever can act as administrator on the asset is declared, and somebody is.

    A locked account counts as well: no password opens it, but an SSH key may. Only root itself, which every machine
    has, need not be declared while it is locked; whether a key opens it is in no record. Another account with root's
    number is not root.
    """
    accounts = dicts(found.content, "accounts")
    administrators = [a for a in accounts if a.get("administrator") and not _locked_root(a)]
    strangers = sorted(str(a.get("login")) for a in administrators if a.get("declared") is not True)
    if strangers:
        return Verdict(False, f"administrateur non déclaré{C} {', '.join(strangers)}")
    if not administrators:
        return Verdict(False, "aucun accès administrateur relevé")
    names = ", ".join(sorted(str(a.get("login")) for a in administrators))
    return Verdict(True, f"comptes relus, seuls administrateurs{C} {names}")


@proof("opened")
def administrators_named(
    found: Found, context: AssessmentContext, subject: Subject, _: Obligation
) -> Verdict:
    """Whoever can act as administrator is one named person, or the customer has accepted that several are (C 9).

    Of a person whose access is over, no account is open.
    """
    asset, day = subject.of_asset(), context.now.date()
    named = named_accounts(people(context.market.contract))
    logins = {
        str(account.get("login")): account
        for account in dicts(found.content, "accounts")
        if account.get("administrator") and not _locked_root(account) and not _disabled(account)
    }
    if not logins:
        return Verdict(False, "aucun accès administrateur relevé")
    seen = {str(account.get("login")): account for account in dicts(found.content, "accounts")}
    open_ones = [
        n for n, one in named.items() if one.has_ended(day) and n in seen and not seen[n].get("locked")
    ]
    if open_ones:
        return Verdict(False, f"accès terminé, compte non fermé{C} {', '.join(sorted(open_ones))}")
    shared = sorted(
        login
        for login in logins
        if login not in named and not accepted_as_shared(context.market, asset, login, day)
    )
    if shared:
        return Verdict(False, f"compte partagé sans accord écrit{C} {', '.join(shared)}")
    persons = sorted(named[login].name for login in logins if login in named)
    others = sorted(login for login in logins if login not in named)
    said = [
        *([f"comptes nominatifs{C} {', '.join(persons)}"] if persons else []),
        *([f"partage accepté par écrit{C} {', '.join(others)}"] if others else []),
    ]
    return Verdict(True, f"{NNBSP}; ".join(said))


@proof("opened")
def transition_arranged(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """Both contractors have named accounts, and the freeze and the lots of the transition are declared (B 6.5)."""
    parties = {"contractor": "titulaire sortant", "successor": "repreneur"}
    for party, words in parties.items():
        own = [one for one in people(context.market.contract) if one.party == party]
        if not own or not all(one.account for one in own):
            return Verdict(False, f"aucun compte nominatif{C} {words}")
    if not found.content.get("freeze"):
        return Verdict(False, "gel des changements non déclaré (transition.freeze)")
    lots = found.content.get("lots") or ()
    if not lots:
        return Verdict(False, "aucun lot de bascule déclaré (transition.lots)")
    start, end = (long_date(found.content[name]) for name in ("from", "until"))
    return Verdict(
        True, f"du {start} au {end}, comptes nominatifs des deux titulaires, {plural(len(lots), 'lot')}"
    )


@proof("opened")
def dual_control(found: Found, context: AssessmentContext, _: Subject, __: Obligation) -> Verdict:
    """The vault opened with both halves, each holder has a half, and no party is in both groups (B 6.3, R34)."""
    holders = context.market.contract.get("holders") or {}
    for group in "ab":
        declared, written = len(holders.get(group) or ()), found.content[group]
        if not declared or len(written) != declared:
            return Verdict(
                False,
                f"groupe {group.upper()}{C} {len(written)} moitiés pour {declared} détenteurs",
            )
        for path in written:
            problem = open_format(f"{context.payload.data}/{path}")
            if problem:
                return Verdict(False, f"{path}{C} {problem}")
    both = {h.get("party") for h in holders["a"]} & {h.get("party") for h in holders["b"]}
    if both:
        return Verdict(False, "une même partie détient les deux moitiés et peut ouvrir seule")
    if context.exported_vault is None:
        return Verdict(False, "coffre non ouvert pendant l’évaluation")
    entries = number(len(context.exported_vault.entries()))
    return Verdict(True, f"coffre ouvert avec les deux moitiés, {entries} entrées relues")


def _unusable(entries: list[Entry]) -> Verdict | None:
    """The verdict on entries whose written value is not what opens the account; None when there is none."""
    names = ", ".join(entry.account for entry in entries if entry.flaw)
    return Verdict(False, f"entrée du coffre inutilisable telle quelle{C} {names}") if names else None


def _disabled(account: Mapping[str, Any]) -> bool:
    """Whether Windows lets nobody in with the account; a locked one on Linux may still be opened by a key."""
    return bool(account.get("sid") and account.get("locked"))


def _locked_root(account: Mapping[str, Any]) -> bool:
    return (account.get("login"), account.get("uid"), account.get("locked")) == ("root", 0, True)


def _login_verified(context: AssessmentContext, asset: Asset, entry: Entry) -> datetime | None:
    """Return the time of the last login with the entry's *current* password (the same revision), None without one.

    It counts only if it says of itself that it succeeded, how it was made, and when. That time stands under the
    name of the record in volatile.json, since it changes with every run.
    """
    folder = context.payload.asset(asset.site, asset.tag)
    wanted = (entry.revision, SUCCESS)
    times = [
        _time_of(folder.json(VOLATILE), name)
        for name, methods in RECORDS.items()
        for login in dicts(folder.json(name), "logins")
        if login.get("account") in (entry.account, entry.username)
        and (login.get("vault_revision"), login.get("result")) == wanted
        and login.get("method") in {method.login for method in methods}
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
