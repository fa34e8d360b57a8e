"""``reversibility certificates scan`` on simulated PCs, as an operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reversibility.cli import main
from tests.simulators.windows import Simulator
from tests.unit.windows.runner_market import TAG, make


@pytest.fixture
def inventory(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A market with one PC, whose certificate nobody has noted."""
    endpoint = simulator.add("PC-B01", password="x" * 14)
    paths = make(tmp_path, f"{endpoint.address}:{endpoint.https_port}", "x" * 14)
    paths.known_certificates.unlink()
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(tmp_path / "data"))
    return paths.inventory


def scan(inventory: Path, *options: str) -> int:
    return main(["certificates", "scan", "-i", str(inventory), *options])


def test_a_certificate_is_shown_then_noted_then_known(
    inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan(inventory) == 1
    assert scan(inventory, "--add") == 0
    assert scan(inventory) == 0
    said = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith(TAG)]
    assert [words[2] for words in said] == ["new", "noted", "known"]
    assert len({words[-1] for words in said}) == 1 and len(said[0][-1]) == 40  # SHA-1, as Windows shows it


def test_another_certificate_is_noted_by_name_only(
    inventory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan(inventory, "--add") == 0
    known = tmp_path / "data" / "ecoles" / "known_certificates"
    address, own = known.read_text().split()
    known.write_text(f"198.51.100.9 {'1' * 64}\n{address} {'0' * 64}\n")
    assert scan(inventory, "--add") == 1
    assert "OTHER THAN NOTED" in capsys.readouterr().out
    assert scan(inventory, "--replace") == 2  # of which PC?
    assert scan(inventory, "UC000000", "--replace") == 2
    assert scan(inventory, TAG, "--replace") == 0
    assert known.read_text() == f"198.51.100.9 {'1' * 64}\n{address} {own}\n"


def test_ansibles_own_connection_is_refused_together_with_ignore(
    inventory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = inventory / "group_vars" / "family_windows.yml"
    values = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(values | {"ansible_connection": "ansible.builtin.winrm"}))
    assert main(["check", "-i", str(inventory)]) == 1
    said = capsys.readouterr()
    assert "takes any certificate" in said.out + said.err and "family_windows.yml" in said.out + said.err
