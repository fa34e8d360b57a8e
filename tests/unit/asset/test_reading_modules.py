"""Read-only modules, run by Ansible on this machine: their answers, and that they change nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import project

NOTE = Path("/var/lib/cartable/software.json")
pytestmark = pytest.mark.playbook


def run(module: str, folder: Path, *options: str, **arguments: Any) -> dict[str, Any]:
    """The answer of a module on this machine."""
    words = ["localhost", "--connection", "local", "--module-name", f"cartable.fleet.{module}", *options]
    environment = {"HOME": str(folder), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    done = project.ansible("ansible", *words, "--args", json.dumps(arguments), environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return answer


def test_certificates_seen_reads_a_certificate_and_never_a_key(tmp_path: Path) -> None:
    made = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=essai",
        "-days",
        "9",
    ]
    command = ["openssl", "req", "-x509", *made, "-keyout", tmp_path / "a.key", "-out", tmp_path / "a.crt"]
    subprocess.run(command, check=True, capture_output=True)
    answer = run("certificates_seen", tmp_path, folders=[str(tmp_path)], ports=[])
    [found] = answer["certificates"]
    assert found == {
        "pem": (tmp_path / "a.crt").read_text(),
        "place": str(tmp_path / "a.crt"),
        "private_key": True,
    }
    assert answer["changed"] is False
    assert (tmp_path / "a.key").read_text().splitlines()[1] not in json.dumps(answer)


def test_software_findings_writes_its_note_neither_in_a_check_nor_when_it_only_looks(tmp_path: Path) -> None:
    before = NOTE.read_text() if NOTE.exists() else None
    checked = run("software_findings", tmp_path, "--check", asset="UC250001", wanted={"dpkg": "essai"})
    assert checked["changed"] is True, "it would note that the catalogue asks for dpkg"
    looked = run("software_findings", tmp_path, asset="UC250001", wanted={"dpkg": "essai"}, keep=False)
    assert looked["changed"] is False
    assert not any("dpkg" in sentence for sentence in looked["findings"]), "it is still asked for"
    assert (NOTE.read_text() if NOTE.exists() else None) == before


def test_share_findings_names_a_space_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "eleves").write_text("a file")
    spaces = [{"name": "eleves", "read": [], "write": []}]
    answer = run("share_findings", tmp_path, asset="NA250001", root=str(tmp_path), spaces=spaces, accounts=[])
    assert answer["changed"] is False
    assert any("eleves" in sentence for sentence in answer["findings"])
