"""Records follow an asset to another site and to another tag; the old place says so, and its history goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reversibility.cli import main
from reversibility.errors import CartableError
from reversibility.records import moves, session
from reversibility.records.history import history
from reversibility.records.journals import Journals
from reversibility.records.state import State
from reversibility.records.vault import KdfCost, Vault, VaultError
from tests.project import PROJECT

PASSPHRASE = "Orage-bleu-4127-lampe"
CHEAP = KdfCost(memory_mib=19, passes=2, lanes=1)
WHEN = datetime(2026, 11, 22, 14, tzinfo=UTC)


def told(state: State, asset: str) -> list[list[str]]:
    return [change.words for change in history(state, asset)]


def subjects(state: State) -> list[str]:
    return state.repository.run("log", "--format=%s").splitlines()


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State.create(tmp_path / "state")
    for asset in ("UC250001", "UC250002"):
        state.write("platanes", asset, "accounts.json", {"accounts": [{"login": "root"}]})
        state.write("platanes", asset, "config/etc/hostname", f"{asset}\n")
        state.note_volatile("platanes", asset, {"last_seen": "2026-11-01T00:00:00Z"})
    state.commit("observe.yml")
    return state


def test_records_follow_to_another_site_in_one_commit_and_the_old_place_is_marked(state: State) -> None:
    sites = {"UC250001": "tilleuls", "UC250002": "platanes"}
    assert [str(move) for move in moves.follow(state, sites, WHEN)] == ["UC250001 from platanes to tilleuls"]
    assert state.find("UC250001") == ("tilleuls", "UC250001")
    assert list(state.assets()) == [("platanes", "UC250002"), ("tilleuls", "UC250001")]
    assert state.files("tilleuls", "UC250001") == ["accounts.json", "config/etc/hostname"]
    assert state.volatile("tilleuls", "UC250001")["last_seen"] == "2026-11-01T00:00:00Z"
    assert state.files("platanes", "UC250001") == ["moved.json"]
    assert state.read_json("platanes", "UC250001", "moved.json") == {
        "to": "tilleuls/UC250001",
        "on": "2026-11-22",
    }
    assert subjects(state) == ["moved: UC250001 from platanes to tilleuls", "observe.yml"]
    assert state.repository.run("status", "--porcelain") == ""
    assert told(state, "UC250001")[1:] == [["records moved to tilleuls/UC250001"]]
    assert moves.follow(state, sites, WHEN) == [] and len(subjects(state)) == 2, (
        "a second run changes nothing"
    )


def test_there_and_back(state: State) -> None:
    moves.follow(state, {"UC250002": "tilleuls"}, WHEN)
    moves.follow(state, {"UC250002": "platanes"}, WHEN)
    assert state.find("UC250002") == ("platanes", "UC250002")
    assert state.files("platanes", "UC250002") == ["accounts.json", "config/etc/hostname"]
    assert state.moved_to("UC250002") == "platanes/UC250002"


def test_what_was_seen_at_the_new_place_since_is_kept(state: State) -> None:
    state.write("tilleuls", "UC250001", "accounts.json", {"accounts": [{"login": "root"}, {"login": "new"}]})
    state.commit("observe.yml")
    moves.follow(state, {"UC250001": "tilleuls"}, WHEN)
    accounts = state.read_json("tilleuls", "UC250001", "accounts.json")
    assert [account["login"] for account in accounts["accounts"]] == ["root", "new"]
    assert state.files("platanes", "UC250001") == ["moved.json"]


def test_a_move_that_was_cut_is_completed(state: State) -> None:
    (state.directory / "tilleuls/UC250001").mkdir(parents=True)
    (state.directory / "platanes/UC250001/accounts.json").rename(
        state.directory / "tilleuls/UC250001/accounts.json"
    )
    moves.follow(state, {"UC250001": "tilleuls"}, WHEN)
    assert state.files("tilleuls", "UC250001") == ["accounts.json", "config/etc/hostname"]


def test_assets_that_nobody_declares_and_many_moves(state: State) -> None:
    for number in range(7):
        state.write("platanes", f"VP25000{number}", "accounts.json", {})
    moves.follow(state, {f"VP25000{number}": "tilleuls" for number in range(7)}, WHEN)
    assert subjects(state)[0].endswith("and 2 more") and subjects(state)[1] == "what was recorded before"
    assert state.find("UC250001") == ("platanes", "UC250001")


# ---- another tag: the command


@pytest.fixture
def market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A market in which UC180001 became UC180009 in hosts.yml; records and secrets are the old tag's."""
    folder = tmp_path / "inventories" / "tiny"
    shutil.copytree(PROJECT / "tests/unit/market/base", folder)
    for file in folder.rglob("*.yml"):
        file.write_text(file.read_text().replace("UC180001", "UC180009"))
    vault = Vault.create(tmp_path / "var/tiny/vault.kdbx", PASSPHRASE, cost=CHEAP)
    with vault.transaction() as change:
        for password in ("Old-1", "Now-2"):
            change.put_current("autre", "UC180001", "cartable", username="cartable", password=password)
        change.put_secret("autre", "UC180001", "enseignant", "recovery key", "R-3")
        change.put_current("trois_platanes", "UC250002", "cartable", username="cartable", password="Other-4")
    state = State.create(tmp_path / "var/tiny/state")
    state.write("trois_platanes", "UC180001", "accounts.json", {"accounts": []})
    Journals(state.directory / "journal", "poste7").own.append(
        {"event": "task", "asset": "UC180001", "task": "Set the name", "result": "changed"}
    )
    state.commit("observe.yml")
    monkeypatch.setenv("CARTABLE_VAULT_PASSPHRASE_COMMAND", f"echo {PASSPHRASE}")
    session.close_vaults()
    yield folder
    session.close_vaults()


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = main(list(arguments))
    return status, "".join(capsys.readouterr())


def test_rename_moves_vault_records_and_history(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = market.parent.parent / "var/tiny"
    state, here = State(paths / "state"), ("-i", str(market))
    before = subjects(state)
    status, said = run("rename", "UC180001", "UC180009", "--check", *here, capsys=capsys)
    assert status == 0 and "would move 2 vault entries (cartable, enseignant) and the records of" in said
    assert subjects(state) == before and state.find("UC180001")

    status, said = run("rename", "UC180001", "UC180009", *here, capsys=capsys)
    assert status == 0 and "moved 2 vault entries" in said
    vault = Vault.open(paths / "vault.kdbx", PASSPHRASE)
    entry = vault.find("UC180009", "cartable")
    assert entry is not None and (entry.password, entry.site) == ("Now-2", "trois_platanes")
    assert vault.former("UC180009", "cartable") == "Old-1"
    assert vault.secret("UC180009", "enseignant", "recovery key") == "R-3"
    assert vault.accounts("UC180001") == [] and vault.accounts("UC250002") == ["cartable"]
    assert vault.content.duplicates == []
    assert state.find("UC180009") == ("trois_platanes", "UC180009") and state.find("UC180001") is None
    assert state.former_tags("trois_platanes", "UC180009") == ["UC180001"]

    _, log = run("state", "log", "UC180009", *here, capsys=capsys)
    assert "accounts first seen" in log and "records moved to trois_platanes/UC180009" in log
    status, shown = run("state", "show", "UC180001", *here, capsys=capsys)
    assert status == 2 and "they are those of trois_platanes/UC180009 now" in shown
    _, journal = run("journal", "list", "--asset", "UC180009", *here, capsys=capsys)
    assert "UC180001: Set the name" in journal and "rename UC180009: was UC180001" in journal

    status, said = run("rename", "UC180001", "UC180009", *here, capsys=capsys)
    assert status == 0 and "nothing changes" in said


def test_a_rename_that_was_cut_after_the_vault_is_completed(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = market.parent.parent / "var/tiny"
    with Vault.open(paths / "vault.kdbx", PASSPHRASE).transaction() as change:
        change.rename("trois_platanes", "UC180001", "UC180009")
    status, said = run("rename", "UC180001", "UC180009", "-i", str(market), capsys=capsys)
    assert status == 0 and "moved no vault entry and the records of" in said
    assert State(paths / "state").find("UC180009")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("UC180001", "UC999999", "change the tag of UC180001 there first"),
        ("UC250001", "UC250002", "is still in"),
    ],
)
def test_what_the_inventory_does_not_say_is_refused(
    market: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    status, said = run("rename", old, new, "-i", str(market), capsys=capsys)
    assert status == 2 and words in said


def test_two_machines_are_not_made_one(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = market.parent.parent / "var/tiny"
    state = State(paths / "state")
    state.note_volatile("trois_platanes", "UC180009", {"last_attempt": {}})  # a failed run is no record
    moves.check_rename(state, "UC180009")
    state.write("trois_platanes", "UC180009", "accounts.json", {})
    status, said = run("rename", "UC180001", "UC180009", "-i", str(market), capsys=capsys)
    assert status == 2 and "one of the two is another machine" in said
    vault = Vault.open(paths / "vault.kdbx", PASSPHRASE)
    assert vault.accounts("UC180001") == ["cartable", "enseignant"], "nothing was moved"
    with pytest.raises(VaultError, match="cartable of both"), vault.transaction() as change:
        change.put_current("x", "UC180009", "cartable", username="cartable", password="Mine-5")
        change.rename("trois_platanes", "UC180001", "UC180009")
    with pytest.raises(CartableError):
        moves.rename(state, "UC180001", "UC180009", "trois_platanes")
