"""What commands print of names from elsewhere holds no byte that a terminal obeys, and no line that looks like ours."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reversibility.cli import main
from reversibility.records.journals import Journals
from reversibility.records.state import State
from tests.project import PROJECT
from tests.unit.bundle.conftest import bag, keys, sealed
from tests.unit.bundle.judges import run_file
from tests.unit.trust.command import reversibility

__all__ = ["bag", "keys", "sealed"]  # fixtures

CLEAR, RIGHT_TO_LEFT, CSI = "\x1b[2J\x1b[H", "\u202e", "\x9b"
FORGED = "intact, signed by the expected key"
HOSTILE = [f"x{CLEAR}{FORGED}", f"x\n{FORGED}", f"x\r{FORGED}", f"{RIGHT_TO_LEFT}x", f"{CSI}2J", "\udcff\x07"]


def safe(output: str) -> str:
    """The output, when no terminal obeys anything in it and no line of it says what the attacker wrote."""
    assert not [char for char in output if char != "\n" and (ord(char) < 32 or 0x7F <= ord(char) < 0xA0)]
    assert RIGHT_TO_LEFT not in output
    assert not any(
        line.startswith((FORGED, "Résultat\u00a0: dossier INTACT")) for line in output.splitlines()
    )
    return output


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bundle_with_a_name_that_a_terminal_obeys_is_seen_to_be_refused(
    bag: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (bag / "data" / name).write_text("x")
    for arguments in (
        ["verify", bag],
        ["verify", bag, "--json"],
        ["open", bag, "--fingerprint", f"SHA256:{'A' * 43}"],
    ):
        assert main([str(argument) for argument in arguments]) in (1, 2)
        output, errors = capsys.readouterr()
        safe(output + errors)
        if "--json" in arguments:
            assert f"data/{name}" in [problem["file"] for problem in json.loads(output)["problems"]]
    status, words = run_file(bag)
    assert status == 1 and "REFUSÉ" in safe(words)


@pytest.mark.parametrize("name", HOSTILE[:2])
def test_a_manifest_with_such_a_name_is_seen_to_be_refused(bag: Path, name: str) -> None:
    with (bag / "manifest-sha256.txt").open("a", encoding="utf-8", newline="") as manifest:
        manifest.write(f"{'0' * 64}  data/{name}\n")
    done = reversibility("verify", bag)
    assert "REFUSED" in safe(done.stdout + done.stderr)
    assert "REFUSÉ" in safe(run_file(bag)[1])


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A market whose records and journal say what a host or another controller wants a terminal to do."""
    root = tmp_path_factory.mktemp("market")
    folder = root / "inventories" / "tiny"
    shutil.copytree(PROJECT / "tests/unit/market/base", folder)
    directory = root / "var" / "tiny" / "state"
    state = State.create(directory)
    asset = directory / "trois_platanes" / "UC250001"
    (asset / "config").mkdir(parents=True)
    for number, text in enumerate(HOSTILE):
        written = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        record = {
            "content": {
                "hardware": {"name": written},
                "operatingsystem": {"full_name": written},
                "softwares": [{"name": written, "version": str(number)}],
            }
        }
        (asset / "inventory.json").write_text(json.dumps(record), encoding="utf-8")
        (asset / f"{number}.json").write_text("{}")
        (asset / "accounts.json").write_text(json.dumps({"accounts": [{"login": written, "uid": number}]}))
        (asset / "config" / written.replace("/", "")).write_text("x\n")
        Journals(directory / "journal", "poste7").own.append(
            {
                "event": "task",
                "asset": "UC250001",
                "task": written,
                "result": written,
                "message": written,
                "user": written,
            },
            when=datetime(2026, 11, 22, 14, number, tzinfo=UTC),
        )
        state.commit(f"run {written}")
    yield folder


@pytest.mark.parametrize(
    "arguments",
    [
        ("state", "log", "UC250001"),
        ("state", "show", "UC250001"),
        ("state", "verify"),
        ("journal", "list"),
        ("journal", "verify"),
        ("accounts",),
        ("check",),
    ],
    ids=" ".join,
)
def test_records_and_journal_lines_command_no_terminal(
    market: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*arguments, "-i", str(market)])
    output = safe("".join(capsys.readouterr()))
    if arguments[:2] in (("state", "log"), ("journal", "list")):
        assert "\\x1b[2J" in output, "the name is shown, written out"


@pytest.mark.parametrize("text", HOSTILE[:5])
def test_the_check_of_an_inventory_from_elsewhere_commands_no_terminal(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "inventories" / "tiny"
    shutil.copytree(PROJECT / "tests/unit/market/base", folder)
    for name, key in (("sites.yml", "trois_platanes"), ("hosts.yml", "UC250001")):
        path = folder / name
        path.write_text(path.read_text().replace(key, json.dumps(f"{key}{text}"), 1))
        assert main(["check", "-i", str(folder)]) in (1, 2)
        safe("".join(capsys.readouterr()))
