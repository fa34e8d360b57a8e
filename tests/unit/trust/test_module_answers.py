"""A pupil with root on a PC writes what its modules answer; an answer sets no variable, host or group.

The attacks run for real: the tampered machine has a Python that adds the attacker's words to what modules answer. The
rest is real: Ansible, the plugins and the vault.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils import answers
from hypothesis import given
from hypothesis import strategies as st

from reversibility.records.journals import Journals
from reversibility.records.vault import Vault
from tests.project import PROJECT

pytestmark = pytest.mark.playbook

TAMPERED, VICTIM = "UC250001", "NA250001"
PASSPHRASE = "Orage-bleu-4127-lampe"

# What each host's task sees after the answer. The secret itself is compared, never shown.
TASKS = """
- name: Ask the machine
  ansible.builtin.command: "true"
  changed_when: false
  ignore_errors: true  # the tampered machine: the next tasks look at what its answer has done

- name: Record what is seen
  cartable.fleet.record:
    files: {accounts.json: {accounts: ["{{ inventory_hostname }}"]}}

- name: Say who this is
  ansible.builtin.debug:
    msg: "RESULT {{ {'host': inventory_hostname, 'state': cartable_state_dir, 'site': cartable_site,
      'known_hosts': lookup('cartable.fleet.market_path', 'known_hosts'),
      'user': lookup('cartable.fleet.vault', 'cartable') | hash('sha256')} | to_json }}"
"""

PLAY = """
- hosts: UC250001:NA250001
  gather_facts: false
  tasks:
    - name: Run the tasks
      {include}
"""

PUPILS_PYTHON = """
import json
honest = json.dumps

def dumps(value, *arguments, **named):
    if isinstance(value, dict) and "changed" in value:
        with open("ANSWER") as file:
            value.update(json.load(file))
    return honest(value, *arguments, **named)

json.dumps = dumps
"""


def attacks(other: Path) -> dict[str, dict[str, Any]]:
    """Answers of a tampered machine: the two that were carried out, and their neighbours."""
    proxy = f"/dev/null -o ControlPath=none -o 'ProxyCommand=touch {other}'"
    return {
        "ssh options": {"ansible_facts": {"cartable_state_dir": proxy}},
        "ssh arguments": {"ansible_facts": {"ansible_ssh_common_args": f"-o 'ProxyCommand=touch {other}'"}},
        "another machine": {"ansible_facts": {"inventory_hostname": VICTIM}},
        "another market": {"ansible_facts": {"inventory_dir": str(other), "cartable_site": "elsewhere"}},
        "connection": {"ansible_facts": {"ansible_connection": "local", "ansible_host": "127.0.0.1"}},
        "a new host": {"add_host": {"host_name": "evil", "groups": ["managed"], "host_vars": {}}},
        "another host's variables": {"changed": True, "add_host": {"host_name": VICTIM, "groups": [], "host_vars": {}}},
        "a group": {"add_group": "managed", "parent_groups": ["all"]},
        "become": {"ansible_facts": {"ansible_become_exe": f"touch {other};", "ansible_become_password": "x"}},
    }  # fmt: skip


@dataclass
class Tampered:
    """A market of two machines, one of which answers what ``answer`` says."""

    root: Path
    environment: dict[str, str]

    def run(self, answer: dict[str, Any], *, batch: bool) -> subprocess.CompletedProcess[str]:
        include = (
            "cartable.fleet.batch: {tasks_from: tasks.yml}"
            if batch
            else "ansible.builtin.include_tasks: {file: tasks.yml}"
        )
        (self.root / "play.yml").write_text(PLAY.replace("{include}", include))
        (self.root / "tasks.yml").write_text(TASKS)
        (self.root / "answer.json").write_text(json.dumps(answer))
        return self.playbook("play.yml")

    def playbook(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ansible-playbook in this market."""
        return subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "inventories/tiny", *arguments],
            cwd=self.root,
            env=self.environment,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )


@pytest.fixture
def tampered(tmp_path: Path) -> Tampered:
    return make_tampered(tmp_path)


def make_tampered(tmp_path: Path) -> Tampered:
    """The market, with its vault, in a project of its own."""
    folder = tmp_path / "inventories" / "tiny"
    folder.parent.mkdir()
    copied = subprocess.run(["cp", "-r", str(PROJECT / "tests/unit/market/base"), str(folder)], check=True)
    assert copied.returncode == 0
    for stale in (folder / "group_vars").iterdir():
        stale.unlink()
    # A machine whose Python is the pupil's: what it prints as JSON says what the pupil wants besides.
    (tmp_path / "pupils").mkdir()
    (tmp_path / "pupils" / "sitecustomize.py").write_text(
        PUPILS_PYTHON.replace("ANSWER", f"{tmp_path}/answer.json")
    )
    python = tmp_path / "pupils_python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path}/pupils exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (folder / "group_vars" / "all.yml").write_text(
        f'ansible_connection: local\nansible_python_interpreter: "{sys.executable}"\n'
        'ansible_become_password: ""\n'
    )
    (folder / "host_vars" / f"{TAMPERED}.yml").write_text(f"ansible_python_interpreter: {python}\n")
    (tmp_path / "ansible.cfg").write_text(
        (PROJECT / "ansible.cfg")
        .read_text()
        .replace("collections_path = collections", f"collections_path = {PROJECT / 'collections'}")
    )
    vault = Vault.create(tmp_path / "var" / "tiny" / "vault.kdbx", PASSPHRASE)
    with vault.transaction() as change:
        for asset in (TAMPERED, VICTIM):
            change.put_pending(
                "trois_platanes", asset, "cartable", username="cartable", password=f"Secret-of-{asset}-77"
            )
            change.make_current("trois_platanes", asset, "cartable")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CARTABLE_"))
    }
    return Tampered(
        tmp_path,
        {
            **environment,
            "PYTHONPATH": str(PROJECT),
            "ANSIBLE_NOCOLOR": "1",
            "HOME": str(tmp_path),
            "COLUMNS": "4000",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"echo {PASSPHRASE}",
        },
    )


@pytest.mark.parametrize(
    ("name", "batch"),
    [(name, True) for name in sorted(attacks(Path()))]
    + [(name, False) for name in ("ssh options", "another machine", "another host's variables")],
)
def test_an_answer_takes_nothing_over(tampered: Tampered, name: str, batch: bool) -> None:
    marker = tampered.root / "taken"
    done = tampered.run(attacks(marker)[name], batch=batch)
    output = done.stdout + done.stderr
    assert not marker.exists(), "a command of the attacker ran on the controller"
    said = {
        found["host"]: found
        for text in re.findall(r"RESULT (\{.*?\})", output.replace('\\"', '"'))
        for found in [json.loads(text)]
    }
    data = tampered.root / "var" / "tiny"
    assert said.keys() >= {TAMPERED, VICTIM}, output
    for host in (TAMPERED, VICTIM):
        assert said[host]["state"] == str(data / "state"), output
        assert said[host]["known_hosts"] == str(data / "known_hosts")
        assert said[host]["site"] == "trois_platanes"
    assert said[TAMPERED]["user"] != said[VICTIM]["user"], "one machine was given the other's password"
    assert "evil" not in output
    records = data / "state" / "trois_platanes"
    for host in (TAMPERED, VICTIM):
        assert json.loads((records / host / "accounts.json").read_text()) == {"accounts": [host]}
    assert answers.REFUSED in output, output
    entries = Journals(data / "state" / "journal").entries()
    assert [entry["asset"] for entry in entries if entry.get("refused")] == [TAMPERED]


@pytest.mark.parametrize("batch", [True, False])
def test_bytes_that_are_not_utf_8_do_not_fail_the_host(tampered: Tampered, batch: bool) -> None:
    """A full name in Latin-1, or half a pair: Ansible alone refuses the whole answer."""
    done = tampered.run(
        {"comment": "Dani\udce8le", "title": "Jeu \ud83d", "whole": "\U0001f600"}, batch=batch
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "Refusing to deserialize" not in output
    record = tampered.root / "var" / "tiny" / "state" / "trois_platanes" / TAMPERED / "accounts.json"
    assert json.loads(record.read_text()) == {"accounts": [TAMPERED]}


@given(st.text(alphabet=st.characters(codec=None), max_size=8), st.booleans())
def test_an_answer_keeps_every_text_that_utf_8_can_hold(text: str, ascii_only: bool) -> None:
    read = json.loads(answers.with_escaped_bytes(json.dumps({"said": text}, ensure_ascii=ascii_only)))["said"]
    if text.encode("utf-8", "replace").decode() == text:
        assert read == text
    elif ascii_only:
        read.encode()


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\\xe9"),
        (b"\x90L\xd4".decode("utf-8", "surrogateescape"), "\\x90L\\xd4"),
        ("\ud83d", "\\ud83d"),
        ("\\udce9", "\\udce9"),  # these very signs
    ],
)
def test_what_is_no_utf_8_is_written_out(said: str, read: str) -> None:
    assert json.loads(answers.with_escaped_bytes(json.dumps([said]))) == [read]


@given(st.text() | st.integers() | st.lists(st.integers(), min_size=1))
def test_facts_that_are_no_mapping_are_refused(facts: Any) -> None:
    assert answers.refused_names({"ansible_facts": facts}) == ["ansible_facts"]


def test_what_the_real_fact_modules_answer_is_no_attack() -> None:
    command = [
        sys.executable,
        "-m",
        "ansible",
        "adhoc",
        "localhost",
        "-c",
        "local",
        "-m",
        "ansible.builtin.setup",
    ]
    environment = {**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    facts = json.loads(done.stdout.partition("=> ")[2])["ansible_facts"]
    assert len(facts) > 50
    assert answers.refused_names({"ansible_facts": facts}) == []


@given(st.lists(st.text(), min_size=1))
def test_a_refusal_shows_no_control_characters(names: list[str]) -> None:
    message = str(answers.refusal(names)["msg"])
    assert answers.is_refused(message)
    assert message.isascii() and message.isprintable() and len(message) < 2000
