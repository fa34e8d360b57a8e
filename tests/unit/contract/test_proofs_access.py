"""Passwords and access (3.4, C 9): what a login, a vault and two halves of its key prove."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.contract.handover import NOW, Handover, edit


def test_a_login_is_dated_by_itself_and_not_by_the_assessment(handover: Handover) -> None:
    year = NOW + timedelta(days=365)
    login = handover.row("J-3.14-mots-de-passe", "UC250001", now=year)
    assert login.status == "proven" and login.proved_at == "2026-02-28T09:30:00+00:00"
    assert login.detail == "connexion vérifiée le 28/02/2026\u00a0: cartable, enseignant"
    both = handover.row("J-3.4-deux-acces", "UC250001", now=year)
    assert both.proved_at == "2026-02-28T09:30:00+00:00"
    assert both.detail.endswith("connexion vérifiée le 28/02/2026")


def test_the_time_of_a_login_is_told_in_utc(handover: Handover) -> None:
    time = "2026-02-28T00:30:00+01:00"
    edit(handover.folder("UC250001") / "volatile.json", lambda seen: {**seen, "logins.json": time})
    row = handover.row("J-3.14-mots-de-passe", "UC250001")
    assert row.proved_at == "2026-02-27T23:30:00+00:00" and "27/02/2026" in row.detail


def test_the_login_that_is_longest_ago_gives_the_date(handover: Handover) -> None:
    """The machine's and the shares' records have a time each; a row is as old as its oldest login."""
    folder = handover.folder("UC250001")
    logins = json.loads((folder / "logins.json").read_bytes())["logins"]
    (folder / "logins.json").write_text(json.dumps({"logins": logins[:1]}))
    shares = [{**logins[1], "method": "smb"}]
    (folder / "logins-shares.json").write_text(json.dumps({"logins": shares}))
    edit(folder / "volatile.json", lambda seen: {**seen, "logins-shares.json": "2026-01-15T07:00:00Z"})
    for obligation in ("J-3.14-mots-de-passe", "J-3.4-deux-acces"):
        row = handover.row(obligation, "UC250001")
        assert row.status == "proven" and "15/01/2026" in row.detail
        assert row.proved_at == "2026-01-15T07:00:00+00:00"
    (folder / "logins.json").write_text(
        json.dumps({"logins": logins})
    )  # tried both ways: the last time counts
    assert "28/02/2026" in handover.row("J-3.14-mots-de-passe", "UC250001").detail


@pytest.mark.parametrize(
    "time",
    [None, "", "yesterday", 1772000000, ["2026-02-28"], "2026-02-28T09:30:00", "0001-01-01T00:00:00+14:00"],
)
def test_a_login_that_does_not_say_when_is_not_proven(handover: Handover, time: object) -> None:
    edit(handover.folder("UC250001") / "volatile.json", lambda seen: {**seen, "logins.json": time})
    row = handover.row("J-3.14-mots-de-passe", "UC250001")
    assert row.status == "present" and "non vérifiée" in row.detail
    (handover.folder("UC250001") / "volatile.json").unlink()
    assert handover.row("J-3.14-mots-de-passe", "UC250001").status == "present"


@pytest.mark.parametrize(
    "change",
    [
        {"result": "failed"}, {"result": None}, {"result": True}, {"method": "telepathy"}, {"method": None},
        {"method": "smb"}, {"vault_revision": "that of an earlier password"},
    ],
)  # fmt: skip
def test_a_password_without_a_login_with_it_is_not_proven(
    handover: Handover, change: dict[str, object]
) -> None:
    def other(content: dict[str, Any]) -> None:
        for login in content["logins"]:
            login.update(change)
            if None in change.values():
                del login[next(iter(change))]

    edit(handover.folder("UC250001") / "logins.json", other)
    for obligation in ("J-3.14-mots-de-passe", "J-3.4-mot-de-passe", "J-3.4-deux-acces"):
        row = handover.row(obligation, "UC250001")
        assert row.status == "present", obligation
    assert "cartable, enseignant" in handover.row("J-3.14-mots-de-passe", "UC250001").detail


def test_logins_that_were_taken_back_prove_nothing(handover: Handover) -> None:
    edit(handover.folder("UC250001") / "logins.json", lambda _: {"logins": []})
    assert handover.row("J-3.14-mots-de-passe", "UC250001").status == "present"
    (handover.folder("UC250001") / "logins.json").unlink()
    assert handover.row("J-3.14-mots-de-passe", "UC250001").status == "present"


def add_account(handover: Handover, **account: object) -> None:
    """Add an account to those seen on UC250001."""

    def more(content: dict[str, Any]) -> None:
        content["accounts"].append(account)

    edit(handover.folder("UC250001") / "accounts.json", more)


@pytest.mark.parametrize("declared", [True, False, None])
def test_an_account_without_a_vault_entry_is_named(handover: Handover, declared: bool | None) -> None:
    """Also one that nobody declared: its password is an access code of the fleet, and nobody can hand it over."""
    add_account(handover, login="visiteur", declared=declared, locked=False)
    for obligation in ("J-3.14-mots-de-passe", "J-3.4-mot-de-passe"):
        row = handover.row(obligation, "UC250001")
        assert row.status == "present" and row.detail.endswith("\u00a0: visiteur")


def test_an_account_that_no_password_opens_needs_no_vault_entry(handover: Handover) -> None:
    add_account(handover, login="visiteur", declared=False, locked=True)
    assert handover.row("J-3.14-mots-de-passe", "UC250001").status == "proven"


def test_accounts_that_were_never_seen_are_not_all_handed_over(handover: Handover) -> None:
    (handover.folder("UC250001") / "accounts.json").unlink()
    row = handover.row("J-3.14-mots-de-passe", "UC250001")
    assert row.status == "present" and "jamais relevés" in row.detail


def test_a_vault_that_is_not_opened_proves_nothing(handover: Handover) -> None:
    assessment = handover.assess(exported_vault=None)
    about = {
        "J-3.14-mots-de-passe",
        "C-9-regles-mots-de-passe",
        "J-3.14-materiels",
        "B-6.3-coffre",
        "J-3.4-deux-acces",
    }
    assert not [row for row in assessment.rows if row.obligation in about and row.status == "proven"]


def test_a_password_that_expires_later_is_proven_only_until_then(handover: Handover) -> None:
    assert handover.row("C-9-regles-mots-de-passe", "UC250001").status == "proven"
    row = handover.row("C-9-regles-mots-de-passe", "UC250001", now=NOW + timedelta(days=190))
    assert row.status == "present" and "échu" in row.detail


@pytest.mark.parametrize(
    "account",
    [
        {"login": "intrus", "uid": 1002, "locked": False, "declared": False},
        {"login": "intrus", "uid": 1002, "locked": True, "declared": False},  # a key may open it
        {"login": "intrus", "uid": 1002, "locked": True, "declared": None},
        {"login": "intrus", "uid": 0, "locked": True, "declared": False},  # a second root
        {"login": "root", "uid": 1002, "locked": True},
        {"login": "root", "uid": 0, "locked": False, "declared": False},
    ],
)
def test_an_undeclared_administrator_is_named(handover: Handover, account: dict[str, object]) -> None:
    add_account(handover, administrator=True, **account)
    row = handover.row("J-3.4-administrateurs", "UC250001")
    assert row.status == "present" and row.detail == f"administrateur non déclaré\u00a0: {account['login']}"


@pytest.mark.parametrize("declared", [True, False, None])
def test_root_itself_is_no_stranger_while_it_is_locked(handover: Handover, declared: bool | None) -> None:
    def alone(content: dict[str, Any]) -> None:
        content["accounts"] = [a for a in content["accounts"] if a["login"] == "root"]

    path = handover.folder("UC250001") / "accounts.json"
    edit(path, lambda content: content["accounts"][0].update(declared=declared))
    row = handover.row("J-3.4-administrateurs", "UC250001")
    assert row.status == "proven" and row.detail.endswith("seuls administrateurs\u00a0: cartable")
    edit(path, alone)
    row = handover.row("J-3.4-administrateurs", "UC250001")
    assert row.status == "present" and row.detail == "aucun accès administrateur relevé"


@pytest.mark.parametrize(
    "what", ["one half is missing", "one half is no age file", "one party in both groups"]
)
def test_dual_control_is_checked(handover: Handover, what: str) -> None:
    market = handover.market
    half = next((handover.data / "06-secrets/moitie-b").iterdir())
    if what == "one half is missing":
        half.unlink()
    elif what == "one half is no age file":
        half.write_bytes(b"the key file in clear")
    else:
        holders = {**market.contract["holders"], "a": [*market.contract["holders"]["a"][:1]]}
        holders["a"].append({"name": "Alex", "party": "contractor"})
        market = replace(market, contract={**market.contract, "holders": holders})
    assert handover.row("B-6.3-coffre", market=market).status == "present"


def test_an_administrators_account_is_one_persons_or_accepted_as_shared(handover: Handover) -> None:
    obligation, tag = "C-9-comptes-nominatifs", "UC250001"
    accepted = handover.row(obligation, tag)
    assert accepted.status == "proven" and "partage accepté par écrit\u00a0: cartable" in accepted.detail
    contract = {**handover.market.contract, "shared_accounts": []}
    shared = handover.row(obligation, tag, market=replace(handover.market, contract=contract))
    assert shared.status == "present" and "cartable" in shared.detail
    person = {"name": "Alex Exemple", "party": "contractor", "account": "cartable"}
    named = {**contract, "administrators": [person]}
    row = handover.row(obligation, tag, market=replace(handover.market, contract=named))
    assert row.status == "proven" and "Alex Exemple" in row.detail
    builtin = {
        "login": "desactive",
        "sid": "S-1-5-21-1-500",
        "administrator": True,
        "locked": True,
        "declared": True,
    }
    edit(handover.folder(tag) / "accounts.json", lambda seen: {"accounts": [*seen["accounts"], builtin]})
    row = handover.row(obligation, tag, market=replace(handover.market, contract=named))
    assert row.status == "proven", "what is disabled on Windows opens to nobody"
    over = {**contract, "administrators": [{**person, "until": (NOW - timedelta(days=1)).date()}]}
    row = handover.row(obligation, tag, market=replace(handover.market, contract=over))
    assert row.status == "present" and "non fermé" in row.detail
