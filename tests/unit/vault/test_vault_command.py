"""``reversibility vault``, through its parser."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest

from reversibility.commands import vault as command
from reversibility.errors import CartableError
from reversibility.market.paths import MarketPaths
from reversibility.records import session, vault_file
from reversibility.records.vault import KdfCost, Vault

SECRET = "Kd7m-Tq6w-Rz9b"


@pytest.fixture
def market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passphrase: str) -> MarketPaths:
    """An empty market, and a configured command that gives the passphrase."""
    folder = tmp_path / "inventories" / "tiny"
    folder.mkdir(parents=True)
    (folder / "hosts.yml").write_text("all: {}\n")
    monkeypatch.delenv("CARTABLE_DATA_DIR", raising=False)
    monkeypatch.delenv("CARTABLE_VAULT_PASSPHRASE_FD", raising=False)
    (tmp_path / "passphrase").write_text(passphrase)
    monkeypatch.setenv("CARTABLE_VAULT_PASSPHRASE_COMMAND", f"cat {tmp_path / 'passphrase'}")
    return MarketPaths.for_inventory(folder)


@pytest.fixture
def filled(market: MarketPaths, template: bytes, passphrase: str) -> MarketPaths:
    """A market with a vault that has one account with both secrets."""
    market.data.mkdir(parents=True)
    market.vault.write_bytes(template)
    market.vault.chmod(0o600)
    with Vault.open(market.vault, passphrase).transaction() as change:
        place = ("ecole", "UC250001", "cartable")
        change.put_current(*place, username="cartable", password=SECRET, policy="user")
        change.put_pending(*place, username="cartable", password=f"{SECRET}-Xk8m", policy="user")
        change.put_secret(*place, "recovery key", "1234-5678")
    return market


def run(market: MarketPaths, *words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers(required=True))
    action, *rest = words
    args = parser.parse_args(["vault", action, "-i", str(market.inventory), *rest])
    return int(args.func(args))


def test_init_makes_a_strong_vault_once(
    market: MarketPaths, capsys: pytest.CaptureFixture[str], passphrase: str
) -> None:
    assert run(market, "init") == 0
    vault = Vault.open(market.vault, passphrase)
    parameters = vault.content.opened.database.kdbx.header.value.dynamic_header.kdf_parameters.data.dict
    strong = KdfCost()
    assert vault_file.uses_argon2id(vault.content.opened.database)
    assert parameters["M"].value == strong.memory_mib * 1024 * 1024
    assert (parameters["I"].value, parameters["P"].value) == (strong.passes, strong.lanes)
    assert vault.verify() == []
    assert (market.state / "age-recipient.txt").read_text() == vault.age_recipient() + "\n"
    shown = capsys.readouterr().out
    assert vault.age_recipient() in shown
    assert vault.age_identity() not in shown
    assert passphrase not in shown
    with pytest.raises(CartableError, match="There is a vault already"):
        run(market, "init")


def test_init_refuses_a_weak_passphrase(market: MarketPaths, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("too short")
    with pytest.raises(CartableError, match="too short for a vault"):
        run(market, "init")
    assert not market.vault.exists()


def test_list_shows_no_secret(filled: MarketPaths, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled, "list") == 0
    shown = capsys.readouterr().out
    assert "UC250001/cartable" in shown
    assert "current+pending" in shown
    assert "1 accounts" in shown
    assert SECRET not in shown


def test_show_prints_one_secret_only_where_it_may_go(
    filled: MarketPaths, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CartableError, match="add --reveal"):
        run(filled, "show", "UC250001/cartable")
    assert capsys.readouterr().out == ""
    for words, expected in (
        ([], SECRET),
        (["--pending"], f"{SECRET}-Xk8m"),
        (["--field", "recovery key"], "1234-5678"),
    ):
        assert run(filled, "show", "UC250001/cartable", "--reveal", *words) == 0
        assert capsys.readouterr().out == f"{expected}\n"
    monkeypatch.setattr(os, "isatty", lambda _fd: True)
    for words, message in (
        (["UC250001/nobody"], "There is no entry UC250001/nobody"),
        (["UC250001"], "There is no entry UC250001"),
        (["UC250001/cartable", "--field", "no such"], "has no no such"),
    ):
        with pytest.raises(CartableError, match=message):
            run(filled, "show", "--reveal", *words)


def test_verify_tells_by_its_exit_status(filled: MarketPaths, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(filled, "verify") == 1
    shown = capsys.readouterr().out
    assert "ecole: UC250001/cartable: a change of its password was cut; run provision." in shown
    assert SECRET not in shown
    with session.current_vault(filled.vault).transaction() as change:
        change.make_current("ecole", "UC250001", "cartable")
    assert run(filled, "verify") == 0
