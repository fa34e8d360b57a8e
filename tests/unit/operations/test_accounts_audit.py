"""Audit of accounts, on the demonstration market."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from reversibility import cli
from reversibility.commands.accounts import FRENCH
from reversibility.market.load import load_market
from reversibility.operations.accounts_audit import FINDINGS, Account, Observed, audit
from reversibility.records import session
from reversibility.records.state import State
from reversibility.records.vault import KdfCost, Vault
from reversibility.records.vault_entry import Entry
from tests.project import PROJECT

DEMO = PROJECT / "inventories" / "demo"
MARKET = load_market(DEMO)
NOW = datetime(2026, 11, 30, tzinfo=UTC)
PC = MARKET.assets["UC250001"]


def entry(account: str, days: int = 100, policy: str = "user", **changes: Any) -> Entry:
    """An entry of the PC that expires in so many days."""
    made = Entry(
        site=PC.site, asset=PC.tag, account=account, username=account, password="x", pending=None, address="",
        expires=NOW + timedelta(days=days), policy=policy, revision=f"of-{account}",
    )  # fmt: skip
    return replace(made, **changes)


def seen(login: str, **values: Any) -> dict[str, Any]:
    return {"login": login, "administrator": False, "locked": False, "declared": True, **values}


def audited(
    entries: list[Entry], accounts: list[dict[str, Any]] | None, *proven: str, market: Any = MARKET
) -> Any:
    """Account → findings, of the PC."""
    observed = Observed(
        None if accounts is None else tuple(accounts), frozenset((name, f"of-{name}") for name in proven)
    )
    return {
        each.account: each.findings
        for each in audit(market, {PC.tag: observed}, entries, NOW)
        if each.asset == PC.tag
    }


def test_nothing_is_found_of_accounts_that_are_as_they_should_be() -> None:
    admin = seen("cartable", administrator=True)
    root = seen("root", administrator=True, locked=True, declared=False)
    builtin = seen("desactive", administrator=True, locked=True, sid="S-1-5-21-1-500")
    entries = [
        entry("cartable", policy="administrator"),
        entry("eleve"),
        entry("cles", password="", policy=""),
    ]
    assert audited(entries, [admin, root, builtin, seen("eleve")], "cartable", "eleve") == {
        "cartable": [], "eleve": [], "root": [], "desactive": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days_known", "last", "locked", "found"),
    [
        (90, None, False, ["never_used"]),
        (90, 3, False, []),
        (90, None, True, []),
        (29, None, False, []),  # too short to say so
        (None, None, False, []),
    ],
)
def test_an_account_is_never_used_where_the_asset_would_know(
    days_known: int | None, last: int | None, locked: bool, found: list[str]
) -> None:
    def ago(days: int | None) -> Any:
        return None if days is None else (NOW - timedelta(days=days)).date()

    observed = Observed(
        (seen("eleve", locked=locked),),
        frozenset({("eleve", "of-eleve")}),
        logins_since=ago(days_known),
        last_logins={} if last is None else {"eleve": ago(last)},
    )
    (row,) = (
        each for each in audit(MARKET, {PC.tag: observed}, [entry("eleve")], NOW) if each.account == "eleve"
    )
    assert (row.findings, row.last_login) == (found, ago(last))


@pytest.mark.parametrize(
    ("kept", "account", "proven", "findings"),
    [
        (None, seen("intrus", declared=False), False, ["unknown", "without_entry"]),
        (
            None, seen("intrus", declared=False, administrator=True, locked=True), False,
            ["unknown", "undeclared_administrator"],
        ),
        (
            None, {"login": "intrus", "role": "admin", "locked": False}, False,
            ["unknown", "without_entry", "undeclared_administrator"],
        ),
        (None, seen("intrus"), False, ["without_entry"]),
        (entry("eleve", days=-1), seen("eleve"), True, ["expired"]),
        (entry("eleve", days=29), seen("eleve"), True, ["expires_soon"]),
        (entry("eleve", days=31), seen("eleve"), True, []),
        (entry("eleve", revision="newer"), seen("eleve"), True, ["never_proven"]),
        (entry("eleve", password="", pending="y"), seen("eleve"), False, ["never_proven"]),
        (entry("eleve", password="", flaw="a reference"), seen("eleve"), True, ["unusable_entry"]),
        (entry("eleve"), seen("eleve", administrator=True), True, ["undeclared_administrator"]),
        (entry("eleve"), seen("eleve", declared=False), True, ["unknown"]),
        (entry("accueil"), seen("accueil"), True, ["shared"]),
        (
            None, seen("desactive", administrator=True, sid="S-1-5-21-1-500"), True,
            ["without_entry", "undeclared_administrator"],
        ),
    ],
)  # fmt: skip
def test_each_finding(kept: Entry | None, account: dict[str, Any], proven: bool, findings: list[str]) -> None:
    login = account["login"]
    assert audited([kept] if kept else [], [account], *([login] if proven else [])) == {login: findings}


def test_an_acceptance_ends_and_holds_only_where_it_was_given() -> None:
    accepted = {"account": "eleve", "until": "2026-11-30", "reason": "r", "author": "a"}
    for change, found in (
        ({}, []),
        ({"until": "2026-11-29"}, ["shared"]),
        ({"kind": "nas"}, ["shared"]),
        ({"kind": PC.kind, "site": PC.site, "asset": PC.tag}, []),
    ):
        market = replace(MARKET, contract={**MARKET.contract, "shared_accounts": [{**accepted, **change}]})
        assert audited([entry("eleve")], [seen("eleve")], "eleve", market=market) == {"eleve": found}


def test_an_administrators_account_is_one_persons_or_somebody_has_accepted_that_it_is_not() -> None:
    """And it is closed when the person's access is over: no entry in the vault, and no password that opens it."""
    person = {"name": "Alex", "party": "contractor", "account": "alex"}
    accounts = [seen(name, administrator=True) for name in ("cartable", "alex")]
    entries = [entry(name, policy="administrator") for name in ("cartable", "alex")]
    contract = {**MARKET.contract, "administrators": [person], "shared_accounts": []}
    market = replace(MARKET, contract=contract)
    assert audited(entries, accounts, "cartable", "alex", market=market) == {
        "cartable": ["shared"],
        "alex": [],
    }
    over = {**person, "until": NOW.date() - timedelta(days=1)}
    market = replace(MARKET, contract={**contract, "administrators": [over]})
    assert audited(entries[1:], accounts[1:], "alex", market=market) == {"alex": ["ended"]}
    locked = [seen("alex", locked=True)]
    assert audited([], locked, market=market) == {"alex": []}
    assert audited(entries[1:], locked, "alex", market=market) == {"alex": ["ended"]}


def test_an_asset_that_was_never_read_is_named_where_it_is_ours() -> None:
    never = {each.asset for each in audit(MARKET, {}, [], NOW) if each.findings == ["never_read"]}
    assert PC.tag in never
    assert never <= {tag for tag, asset in MARKET.assets.items() if asset.managed}


def test_every_finding_has_its_words() -> None:
    assert FINDINGS.keys() == FRENCH.keys()
    assert Account("s", "a", "x").findings == []


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "var"
    (data / "demo").mkdir(parents=True)
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(data))
    monkeypatch.setenv("CARTABLE_VAULT_PASSPHRASE_COMMAND", "echo six words that nobody else knows")
    session.close_vaults()
    vault = Vault.create(
        data / "demo" / "vault.kdbx",
        "six words that nobody else knows",
        cost=KdfCost(memory_mib=19, passes=2, lanes=1),
    )
    with vault.transaction() as change:
        names = (PC.site, PC.tag, "eleve")
        revision = change.put_current(
            *names,
            username="eleve",
            password="bcd-2-Secret",
            policy="user",
            expires=datetime.now(UTC) + timedelta(days=90),
        )
    state = State.create(data / "demo" / "state")
    login = {"account": "eleve", "vault_revision": revision, "method": "pam", "result": "success"}
    state.write(PC.site, PC.tag, "logins.json", {"logins": [login]})
    state.write(PC.site, PC.tag, "accounts.json", {"accounts": [seen("eleve")]})
    words = ["accounts", "-i", str(DEMO), "--asset", PC.tag]
    logins = {"since": "2026-01-01", "days": {"eleve": "2026-11-29", "autre": "hier"}}
    state.note_volatile(PC.site, PC.tag, {"last_logins": logins})
    assert cli.main(words) == 0
    capsys.readouterr()

    state.write(
        PC.site, PC.tag, "accounts.json", {"accounts": [seen("eleve"), seen("=\x1b[2Jx", declared=False)]}
    )
    book = ["--xlsx", str(tmp_path / "a.xlsx")]
    assert (
        cli.main([*words, "--csv", str(tmp_path / "a.csv"), "--json", str(tmp_path / "a.json"), *book]) == 1
    )
    told = capsys.readouterr().out
    sheet = list(openpyxl.load_workbook(tmp_path / "a.xlsx").active.values)
    assert [row[sheet[0].index("Constats")] for row in sheet[1:]] == [
        "compte inconnu, sans mot de passe dans le coffre, jamais utilisé", None,
    ]  # fmt: skip
    session.close_vaults()
    assert "unknown, without_entry, never_used" in told
    assert "\x1b" not in told
    assert "2 accounts, 0 of administrators; something is found of 1" in told
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert [row["Dernière connexion"] for row in rows] == ["", "2026-11-29"]
    assert {row["Compte"]: row["Constats"] for row in rows} == {
        "eleve": "", "'=\x1b[2Jx": "compte inconnu, sans mot de passe dans le coffre, jamais utilisé",
    }  # fmt: skip
    written = json.loads((tmp_path / "a.json").read_text())
    assert [row["findings"] for row in written] == [["unknown", "without_entry", "never_used"], []]
    assert "bcd-2-Secret" not in told + json.dumps(written) + str(rows)
