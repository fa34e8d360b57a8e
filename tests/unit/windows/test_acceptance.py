"""What an operator records on one PC, and its replay: every recording in acceptance/ is a test of what we make of its answers."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reversibility.platforms.windows_answer import Answer
from reversibility.platforms.windows_records import records
from tests.project import PROJECT, ansible
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.execution.module_run import full_name
from tests.simulators.windows.pc import PC
from tests.simulators.windows.replay import Recording
from tests.simulators.windows.simulator import Simulator
from tests.simulators.windows.state.factory import new_pc
from tests.unit.windows.fleet import Fleet

pytestmark = pytest.mark.playbook

RECORDINGS = sorted((Path(__file__).parent / "acceptance").glob("*.json"))
TAG = "UC990001"
FACTS = "cartable.fleet.win_asset_facts"
CLIENT = "Cartable-0.1.0"


def answers(path: Path, module: str) -> list[dict[str, Any]]:
    """The answers of a module, in the order in which they came."""
    recorded = json.loads(path.read_text(encoding="utf-8"))["answers"]
    return [answer for answer in recorded if answer["module"] == module]


def test_one_pc_is_recorded(one_pc: Fleet) -> None:
    agreed = {"windows_acceptance_agreed": True}
    done = one_pc.run(
        "windows_acceptance.yml", windows_acceptance_origin="the simulator, not Windows", **agreed
    )
    assert done.status == 0, done.text
    path = one_pc.paths.state / "essais" / TAG / f"acceptance-{TAG}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["origin"] == "the simulator, not Windows"
    assert not any(secret in path.read_text(encoding="utf-8") for secret in one_pc.secrets())
    modules = {answer["module"].rpartition(".")[2] for answer in content["answers"]}
    assert {"setup", "win_asset_facts", "win_bitlocker", "win_updates"} <= modules
    assert {
        "win_hostname",
        "win_scheduled_task",
        "win_print_queues",
        "win_chocolatey",
    } <= modules  # of the roles
    assert_replayed(path)

    # The first play again, over WinRM: another PC by now, but for what it answers.
    pc = one_pc.pc(TAG)
    pc.recording = Recording.load(path)
    pc.state.system.model, pc.state.defender.real_time, pc.state.disks = "Autre modèle", False, []
    pc.state.security_policy["MinimumPasswordLength"] = 3
    pc.state.updates.clear()
    again = one_pc.run("windows_acceptance.yml", windows_acceptance_provision=False, **agreed)
    assert again.status == 0, again.text
    replayed = json.loads(path.read_text(encoding="utf-8"))
    assert len(replayed["answers"]) > 8
    assert replayed["answers"] == content["answers"][: len(replayed["answers"])]
    assert replayed["others"]["records"] == content["others"]["records"]


def test_the_market_of_the_public_runner_is_recorded_too(tmp_path: Path) -> None:
    """As .github/workflows/windows.yml does it, but for the Windows."""
    password = secrets.token_urlsafe(24)
    with Simulator() as simulator:
        endpoint = simulator.add(
            TAG, password=password, user="cartable", edition="ServerStandard", build=26100
        )
        address = f"{endpoint.address}:{endpoint.https_port}"
        command = (sys.executable, "-m", "tests.unit.windows.runner_market", str(tmp_path), address)
        subprocess.run(command, check=True, cwd=PROJECT, env={**os.environ, "CARTABLE_CI_SECRET": password})
        done = ansible(
            "ansible-playbook", "-i", tmp_path / "ecoles", PROJECT / "playbooks" / "windows_acceptance.yml",
            *("-e", "windows_acceptance_agreed=true", "-e", "windows_acceptance_provision=false"),
            environment={
                "CARTABLE_DATA_DIR": str(tmp_path / "data"),
                "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat {tmp_path}/passphrase",
            },
        )  # fmt: skip
    assert "failed=0" in done.stdout and "unreachable=0" in done.stdout, done.stdout + done.stderr
    assert list(tmp_path.glob("data/ecoles/state/essais/*/acceptance-*.json"))


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_is_replayed(path: Path) -> None:
    assert_replayed(path)


def assert_replayed(path: Path) -> None:
    """Its answers come from the simulator as they were recorded, and become the same records."""
    content = json.loads(path.read_text(encoding="utf-8"))
    pc = PC(new_pc(TAG, password="Unused-1-in-direct-runs"))
    pc.recording = Recording.load(path)
    for recorded in content["answers"]:
        answer = run_module(pc, full_name(recorded["module"]), recorded["arguments"], check=recorded["check"])
        assert answer == recorded["result"], recorded["module"]
    [facts] = answers(path, FACTS)
    made = records(Answer.read(facts["result"]["answer"]), facts["arguments"]["asset"], [], CLIENT)
    assert json.loads(json.dumps(made, default=str)) == content["others"]["records"]


def test_there_is_a_recording() -> None:
    assert RECORDINGS
