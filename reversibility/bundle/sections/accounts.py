"""``05-comptes``: accounts, who may administer, tried logins, and what is in the vault. No secret is here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reversibility.bundle import layout
from reversibility.bundle.sections.contractor_access import access_sheets
from reversibility.bundle.sections.section import Build, Section
from reversibility.bundle.signature import fingerprint_of
from reversibility.documents.french import PARTIES, POLICIES, RESULTS
from reversibility.documents.names import WAYS, site_name
from reversibility.documents.outgoing_access import write_sheet
from reversibility.documents.transition import transition_page
from reversibility.errors import CartableError
from reversibility.market.people import people
from reversibility.records.logins import login_records
from reversibility.records.state import State
from reversibility.records.tables import write_table

ACCOUNT_KEYS = ("login", "uid", "gid", "groups", "home", "shell", "administrator", "declared", "locked")
ACCOUNT_HEADERS = (
    "École", "Étiquette", "Compte", "UID", "GID", "Groupes", "Dossier", "Interpréteur", "Administrateur",
    "Déclaré", "Verrouillé", "Code école",
)  # fmt: skip
LOGIN_KEYS = ("account", "method", "result", "vault_revision")
LOGIN_HEADERS = (
    "École",
    "Étiquette",
    "Compte",
    "Méthode",
    "Résultat",
    "Révision du coffre",
    "Vérifiée le (UTC)",
    "Code école",
)

ADMINISTRATOR_HEADERS = (
    "Nom", "Partie", "Compte", "Clé SSH", "Accès à partir du", "Accès jusqu’au", "Second facteur",
    "Passerelle d’administration",
)  # fmt: skip
VAULT_HEADERS = (
    "École", "Étiquette", "Compte", "Identifiant", "Règle", "Expire le", "Révision", "Changement en cours",
    "Code école",
)  # fmt: skip


def write(build: Build, folder: Path) -> None:
    """Write the accounts that were seen, who may administer, tried logins, and the vault's list of contents.

    No secret is here: the list of the vault names entries and their revisions.
    """
    market, state, vault = build.market, build.state, build.vault
    with (
        write_table(folder / "comptes.csv", ACCOUNT_HEADERS) as table,
        write_table(folder / "connexions.csv", LOGIN_HEADERS) as logins,
        (folder / "comptes.json").open("w", encoding="utf-8") as stream,
    ):
        stream.write("[")
        first = True
        for site, tag in state.assets():
            accounts = _mappings(state.read_json(site, tag, "accounts.json"), "accounts")
            records = login_records(state.files(site, tag))
            times = state.volatile(site, tag) if records else {}
            for account in accounts:
                cells = (_cell(account.get(key)) for key in ACCOUNT_KEYS)
                table.row((site_name(market, site), tag, *cells, site))
            for name in records:
                for login in _read_logins(state, site, tag, name):
                    result, method = str(login.get("result", "")), str(login.get("method", ""))
                    shown = {
                        **login,
                        "result": RESULTS.get(result, result),
                        "method": WAYS.get(method, method),
                    }
                    cells = (_cell(shown.get(key)) for key in LOGIN_KEYS)
                    logins.row((site_name(market, site), tag, *cells, _time(times.get(name)), site))
            if accounts:
                row = {"site": site, "asset": tag, "accounts": accounts}
                stream.write("\n" if first else ",\n")
                stream.write(json.dumps(row, ensure_ascii=False, sort_keys=True))
                first = False
        stream.write("\n]\n")
    write_administrators(market.contract, folder / "administrateurs.csv", build.paths.data)
    if transition := market.contract.get("transition"):
        page = transition_page(market, transition, build.moment)
        (folder / "transition.html").write_text(page, encoding="utf-8")
    with write_table(folder / "coffre.csv", VAULT_HEADERS) as table:
        for entry in vault.entries():
            expires = entry.expires.date() if entry.expires else None
            policy = POLICIES.get(entry.policy, entry.policy)
            kept = (site_name(market, entry.site), entry.asset, entry.account, entry.username, policy)
            table.row((*kept, expires, entry.revision, entry.pending is not None, entry.site))
    for sheet, rows in access_sheets(build).items():
        write_sheet(folder, sheet, market, rows, build.moment)


def write_administrators(contract: Mapping[str, Any], path: Path, data: Path | None = None) -> None:
    """Write who may administer: account, key, from when to when, second factor and bastion of each person (B 7.2).

    ``data`` is the market's folder, where the SSH keys are.
    """
    declared = contract.get("administrators") or ()
    with write_table(path, ADMINISTRATOR_HEADERS) as table:
        for person, found in zip(declared, people(contract, data), strict=True):
            access = (str(person.get(key) or "aucun") for key in ("mfa", "bastion"))
            own = (found.account or "aucun", _fingerprint(found.key), found.starts, found.ends)
            table.row((found.name, PARTIES.get(found.party, found.party), *own, *access))


def _fingerprint(key: str) -> str:
    try:
        return fingerprint_of(key) if key else "aucune"
    except CartableError:
        return "illisible"


def _time(value: Any) -> str | None:
    """A moment as a spreadsheet takes it: ``2026-02-28 09:30:00``."""
    return str(value).replace("T", " ").removesuffix("Z") if value else None


def _read_logins(state: State, site: str, tag: str, name: str) -> list[dict[str, Any]]:
    content = state.read_json(site, tag, name)
    return _mappings({"logins": content} if isinstance(content, list) else content, "logins")


def _mappings(content: object, key: str) -> list[dict[str, Any]]:
    """The mappings in the list ``key`` of a record, whatever else is in it."""
    items = content.get(key) if isinstance(content, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _cell(value: Any) -> str | int | bool | None:
    if isinstance(value, (str, int)) or value is None:
        return value
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


SECTION = Section(
    folder=layout.ACCOUNTS,
    contains=(
        "Les comptes relevés sur chaque équipement, leurs droits, les connexions vérifiées, les accès du titulaire "
        "sortant. Aucun mot de passe."
    ),
    formats=(".csv", ".json", ".html"),
    readers="les parties",
    empty="aucun compte n’a été relevé",
    write=write,
)
