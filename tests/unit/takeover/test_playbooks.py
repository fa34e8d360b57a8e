"""How a take-over runs a playbook: a program in Ansible's place says what it was given."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from reversibility.bundle.takeover import playbooks
from reversibility.bundle.takeover.keys import former_of
from reversibility.bundle.takeover.playbooks import Playbooks
from reversibility.market.paths import MarketPaths
from reversibility.records.passphrase import COMMAND_VARIABLE

pytestmark = pytest.mark.playbook

PASSPHRASE = "une phrase que nulle liste de processus ne montre"
PROGRAM = f"""#!{sys.executable}
import json, os, sys
with os.fdopen(int(os.environ["CARTABLE_VAULT_PASSPHRASE_FD"])) as stream:
    passphrase = stream.read()
variables = [json.load(open(word[1:])) for word in sys.argv if word.startswith("@")]
said = {{"words": sys.argv[1:], "passphrase": passphrase, "variables": variables, "place": os.getcwd(),
         "command": "{COMMAND_VARIABLE}" in os.environ}}
json.dump(said, open(os.environ["SAID"], "w"))
sys.exit(4)
"""


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MarketPaths:
    program = tmp_path / "bin" / "ansible-playbook"
    program.parent.mkdir()
    program.write_text(PROGRAM, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(playbooks, "_program", lambda: str(program))
    monkeypatch.setenv("SAID", str(tmp_path / "said.json"))
    monkeypatch.setenv(COMMAND_VARIABLE, "cat nowhere")
    inventory = tmp_path / "project" / "inventories" / "essai"
    inventory.mkdir(parents=True)
    return MarketPaths("essai", inventory, tmp_path / "project" / "var" / "essai")


def said(paths: MarketPaths) -> dict:
    content: dict = json.loads((paths.inventory.parents[2] / "said.json").read_text(encoding="utf-8"))
    return content


def test_the_passphrase_goes_through_a_pipe_and_the_exit_status_comes_back(paths: MarketPaths) -> None:
    assert Playbooks(paths, PASSPHRASE).run("observe.yml") == 4
    found = said(paths)
    project = paths.inventory.parents[1]
    assert found["words"] == ["-i", str(paths.inventory), str(project / "playbooks" / "observe.yml")]
    assert found["passphrase"] == f"{PASSPHRASE}\n" and PASSPHRASE not in str(found["words"])
    assert not found["command"], "the vault is opened with the passphrase of this take-over"
    assert found["place"] == str(project)
    assert PASSPHRASE not in repr(Playbooks(paths, PASSPHRASE))


def test_what_a_step_says_is_in_a_file_and_the_former_key_is_offered_while_it_is_there(
    paths: MarketPaths,
) -> None:
    emergency = {"reason": "The contract ended today", "reference": "T-1"}
    paths.keys.mkdir(parents=True)
    former_of(paths.operator_key).write_text("a key")
    runner = Playbooks(paths, PASSPHRASE, emergency)
    runner.run("takeover.yml", {"takeover_former": {}}, tags=["passwords"], limit=["UC1", "UC2"])
    found = said(paths)
    assert found["words"][3:7] == ["--tags", "passwords", "--limit", "UC1,UC2"]
    assert found["variables"] == [
        {
            "ansible_ssh_extra_args": f"-o IdentityFile={former_of(paths.operator_key)}",
            "takeover_former": {},
            "preflight_emergency": emergency,
        }
    ]
