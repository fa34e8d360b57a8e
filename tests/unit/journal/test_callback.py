"""Journal and state after real runs of ansible-playbook on a market of this machine."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from reversibility.records.journals import Journals
from reversibility.records.scrub import REPLACEMENT
from reversibility.records.state import State
from reversibility.records.vault import KdfCost, Vault
from tests.project import PROJECT

pytestmark = pytest.mark.playbook

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
HOSTS = """
all:
  children:
    site_ici:
      children:
        room_salle:
          hosts:
            UC250001: {ansible_connection: local, asset: {kind: classroom_pc, managed: true}}
            UC250002:
              ansible_connection: ssh
              ansible_host: 127.0.0.1
              ansible_port: 9
              # ssh says this in its message: "Bad configuration option: <secret>"
              ansible_ssh_common_args: >-
                {{ '-o ' ~ ('x' * filler | default(0) | int) ~ shown if shown is defined else '' }}
              asset: {kind: classroom_pc, managed: true}
"""
PLAY = """
- hosts: UC250001:UC250002
  gather_facts: false
  tasks:
    - name: Reach it
      ansible.builtin.ping:
    - name: Change something
      ansible.builtin.command: "true"
    - name: Change nothing
      ansible.builtin.command: "true"
      changed_when: false
    - name: Change with a secret
      ansible.builtin.command: echo {{ canary }}
      no_log: true
    - name: Fail with a secret
      ansible.builtin.fail: {msg: "the password is {{ canary }}"}
      no_log: true
      ignore_errors: true  # the run goes on; that the failure is journalled is asserted below
    - name: Fail with a secret that nobody hides
      ansible.builtin.fail: {msg: "the password is {{ canary }}"}
      ignore_errors: true  # likewise
    - name: Keep it
      cartable.fleet.record:
        files:
          inventory.json: {content: {b: 1, a: [2]}}
        volatile: {uptime_seconds: "{{ uptime | default(1) }}"}
      vars: {cartable_site: ici}
"""


IN_A_BATCH = """
- hosts: UC250001:UC250002
  gather_facts: false
  roles: [inner]
"""
INNER = """
- name: Change something
  ansible.builtin.command: "true"
- name: Change nothing
  ansible.builtin.command: "true"
  changed_when: false
- name: Only looked at
  ansible.builtin.file: {path: /nonexistent/only, state: touch, mode: "0600"}
  check_mode: true
- name: Fail with a secret
  ansible.builtin.fail: {msg: "the password is {{ canary }}"}
  no_log: true
  ignore_errors: true  # the run goes on; that the failure is journalled is asserted below
- name: Rescued
  block:
    - name: Fail with a secret that nobody hides
      ansible.builtin.fail: {msg: "the password is {{ canary }}"}
  rescue:
    - name: Repair
      ansible.builtin.command: "true"
- name: Not reached
  ansible.builtin.command: "true"
  vars: {ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 9}
"""


@pytest.fixture
def market(tmp_path):
    folder = tmp_path / "inventories" / "essai"
    folder.mkdir(parents=True)
    (folder / "hosts.yml").write_text(HOSTS)
    (folder / "sites.yml").write_text("sites: {ici: {name: Ici}}\n")
    (tmp_path / "play.yml").write_text(PLAY)
    return folder


def run(
    market: Path, *options: str, canary: str = "", environment: dict[str, str] | None = None, **known: object
) -> subprocess.CompletedProcess[str]:
    process = start(market, *options, canary=canary, environment=environment, **known)
    out, errors = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def start(
    market: Path, *options: str, canary: str = "", environment: dict[str, str] | None = None, **known: object
) -> subprocess.Popen[str]:
    variables = market.parent.parent / "variables.json"
    variables.write_text(
        json.dumps({"canary": canary, "ansible_python_interpreter": sys.executable, **known})
    )
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
        "ANSIBLE_VARS_ENABLED": "host_group_vars",
        **(environment or {}),
        "CARTABLE_DATA_DIR": str(market.parent.parent / "data"),
        "SSH_CONNECTION": "192.0.2.9 50000 192.0.2.1 22",
    }
    command = [PLAYBOOK, "-i", market, market.parent.parent / "play.yml", "-e", f"@{variables}", *options]
    return subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_run_is_journalled_and_committed_once(market):
    canary = secrets.token_urlsafe(12)
    result = run(market, canary=canary)
    assert result.returncode == 4, result.stdout + result.stderr
    data = market.parent.parent / "data" / "essai"
    journal, state = Journals(data / "state" / "journal"), State(data / "state")
    assert journal.verify().problems == []
    lines = list(journal.entries())
    assert [line["event"] for line in lines] == ["run_started", *["task"] * (len(lines) - 2), "run_ended"]
    assert sorted((line["task"], line["asset"], line["result"]) for line in lines[1:-1]) == [
        ("Change something", "UC250001", "changed"),
        ("Change with a secret", "UC250001", "changed"),
        ("Fail with a secret", "UC250001", "failed"),
        ("Fail with a secret that nobody hides", "UC250001", "failed"),
        ("Keep it", "UC250001", "changed"),
        ("Reach it", "UC250002", "unreachable"),
    ]
    assert canary in result.stdout  # Ansible shows what the task that hides nothing says
    assert [line["task"] for line in lines if "message" in line] == ["Reach it"]
    for line in lines:
        assert line["market"] == "essai"
        assert line["from"] == "192.0.2.9"
        assert line["playbook"] == "play.yml"
        assert {"user", "controller", "revision", "dirty", "run"} <= line.keys()
    assert lines[1]["site"] == "ici"
    assert lines[-1]["totals"] == {"assets": 2, "changed": 1, "failed": 0, "unreachable": 1}
    assert state.verify() == []
    log = state.repository.run("log", "--format=%s").splitlines()
    assert log == ["play.yml: 2 assets, 1 changed, 1 unreachable"]
    for path in data.rglob("*"):
        assert not path.is_file() or canary.encode() not in path.read_bytes(), path


TOGETHER = """
- hosts: UC250001
  gather_facts: false
  tasks:
    - name: Say that this run is here
      ansible.builtin.file: {path: "{{ here }}", state: touch, mode: "0600"}
    - name: Wait for the other run
      ansible.builtin.wait_for: {path: "{{ there }}", timeout: 60, sleep: 1}
    - name: Change something
      ansible.builtin.command: "true"
      loop: [1, 2, 3]
    - name: Keep it
      cartable.fleet.record:
        files: "{{ {record: {'content': {'a': 1}}} }}"
      vars: {cartable_site: ici}
"""


def test_two_runs_at_once_make_a_valid_chain(market):
    folder = market.parent.parent
    (folder / "play.yml").write_text(TOGETHER)
    names = ("one", "two")
    runs = []
    for name, other in zip(names, reversed(names), strict=True):
        known = {"here": folder / name, "there": folder / other, "record": f"{name}.json"}
        options = [f"{key}={value}" for key, value in known.items()]
        runs.append(start(market, *[word for option in options for word in ("-e", option)]))
    said = ["".join(process.communicate()) for process in runs]
    for process, text in zip(runs, said, strict=True):
        assert process.returncode == 0, text
        assert "was not written" not in text
    state = State(folder / "data" / "essai" / "state")
    journal = Journals(state.directory / "journal")
    assert journal.verify().problems == []
    lines = list(journal.entries())
    by_run = {line["run"]: [] for line in lines}
    for line in lines:
        by_run[line["run"]].append((line["event"], line.get("task")))
    told = [
        ("run_started", None),
        *(("task", name) for name in ("Say that this run is here", "Change something", "Keep it")),
        ("run_ended", None),
    ]
    assert list(by_run.values()) == [told, told]
    events = [line["event"] for line in lines]
    assert events.index("run_ended") > max(n for n, event in enumerate(events) if event == "run_started")
    assert state.verify() == []
    assert {"one.json", "two.json"} <= set(state.files("ici", "UC250001"))
    assert state.repository.run("status", "--porcelain") == ""


@pytest.mark.parametrize("hidden", [False, True])
def test_the_tasks_of_a_batch_are_journalled_as_if_run_one_by_one(market, hidden):
    folder = market.parent.parent
    (folder / "play.yml").write_text(IN_A_BATCH)
    tasks = folder / "roles" / "inner" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "inner.yml").write_text(INNER)
    canary = secrets.token_urlsafe(12)
    journal = Journals(folder / "data" / "essai" / "state" / "journal")
    told = {}
    for way, main in {
        "one by one": "- ansible.builtin.include_tasks: inner.yml\n",
        "batch": "- name: All\n  cartable.fleet.batch: {tasks_from: inner.yml}\n",
    }.items():
        around = f"- no_log: {str(hidden).lower()}\n  block:\n"
        (tasks / "main.yml").write_text(around + textwrap.indent(main, "  "))
        result = run(market, "--limit", "UC250001", canary=canary)
        assert result.returncode == 4, result.stdout + result.stderr
        lines = list(journal.entries())
        keys = ("asset", "site", "task", "module", "result", "ignored", "message")
        told[way] = [
            {key: line[key] for key in keys if key in line}
            for line in lines
            if line["event"] == "task" and line["run"] == lines[-1]["run"]
        ]
        assert not any(canary in str(line) for line in lines)
    assert [line["task"] for line in told["one by one"]] == [
        *("inner : Change something", "inner : Fail with a secret"),
        *("inner : Fail with a secret that nobody hides", "inner : Repair", "inner : Not reached"),
    ]
    *inner, of_the_batch = told["batch"]
    for line in (inner[-1], told["one by one"][-1]):
        del line["message"]  # in the words of the moment when ssh noticed it
    assert inner == told["one by one"]
    assert (of_the_batch["task"], of_the_batch["result"]) == ("inner : All", "unreachable")
    assert of_the_batch["message"].startswith("inner : Not reached: ")


def test_the_revision_is_that_of_the_project(market):
    project = market.parent.parent
    (project / ".gitignore").write_text("/data/\n/variables.json\n")
    git = ["git", "-C", str(project), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    head = subprocess.run(
        [*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    for dirty in (False, True):
        run(market, "--limit", "UC250001")
        lines = list(Journals(project / "data" / "essai" / "state" / "journal").entries())
        assert lines[-1]["revision"] == head
        assert lines[-1]["dirty"] is dirty
        (market / "sites.yml").write_text("sites: {ici: {name: Ailleurs}}\n")


def test_a_secret_of_the_vault_is_taken_out_of_what_a_connection_says(market):
    """In the journal and in what is noted of the asset, also where the message is cut in the middle of a secret."""
    data = market.parent.parent / "data" / "essai"
    data.mkdir(parents=True)
    passphrase = secrets.token_urlsafe(16)
    vault = Vault.create(data / "vault.kdbx", passphrase, cost=KdfCost(memory_mib=19, passes=2, lanes=1))
    phrase = market.parent.parent / "phrase"
    phrase.write_text(f"{passphrase}\n")
    current, former = (f"{letter}{secrets.token_hex(12)}" for letter in "cf")
    with vault.transaction() as change:
        for password in (former, current):
            change.put_current(
                "ici", "UC250001", "admin", username="admin", password=password, policy="administrator"
            )
    environment = {
        "ANSIBLE_VARS_ENABLED": "host_group_vars,cartable.fleet.vault",
        "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat {phrase}",
    }
    filler = 0
    for secret in (current, former):
        result = run(market, environment=environment, shown=secret, filler=filler)
        assert result.returncode == 4, result.stdout + result.stderr
        assert secret in result.stdout  # Ansible shows it: nothing but the second barrier keeps it out
        lines = list(Journals(data / "state" / "journal").entries())
        detail = State(data / "state").volatile("ici", "UC250002")["last_attempt"]["detail"]
        assert REPLACEMENT in detail
        assert [line["message"] for line in lines if "message" in line][-1] == detail
        filler = 300 - len(REPLACEMENT) - detail.index(REPLACEMENT)  # the second detail is cut in its secret
        for path in data.rglob("*"):
            if path.is_file() and path.suffix != ".kdbx":
                assert secret[:6].encode() not in path.read_bytes(), path


def test_an_unreachable_asset_keeps_its_record_and_the_attempt_is_noted(market):
    state = State.create(market.parent.parent / "data" / "essai" / "state")
    state.write("ici", "UC250002", "inventory.json", {"content": {}})
    run(market)
    assert state.read_json("ici", "UC250002", "inventory.json") == {"content": {}}
    attempt = state.volatile("ici", "UC250002")["last_attempt"]
    assert attempt["reachable"] is False
    assert attempt["detail"]
    assert "last_seen" not in state.volatile("ici", "UC250002")
    assert state.volatile("ici", "UC250001")["last_seen"]


def test_a_second_run_changes_no_record(market):
    run(market)
    run(market, "-e", "uptime=2")
    state = State(market.parent.parent / "data" / "essai" / "state")
    changed = state.repository.run("diff", "--name-only", "HEAD~1").split()
    assert all(name.startswith("journal/") for name in changed)
    assert str(state.volatile("ici", "UC250001")["uptime_seconds"]) == "2"


def test_check_mode_writes_nothing_and_says_what_would_change(market):
    result = run(market, "--check", "--diff", "--limit", "UC250001")
    assert result.returncode == 0, result.stdout
    assert "ici/UC250001/inventory.json" in result.stdout
    assert '+    "a": [' in result.stdout
    assert not (market.parent.parent / "data").exists()


def test_an_inventory_that_is_no_market_has_no_journal(market):
    (market / "sites.yml").unlink()
    run(market, "--limit", "UC250001", "--skip-tags", "never")
    assert not list((market.parent.parent / "data").rglob("journal"))


def test_a_damaged_state_is_said_and_does_not_stop_the_run(market):
    data = market.parent.parent / "data" / "essai"
    data.mkdir(parents=True)
    (data / "state").write_text("a file in place of a folder")
    result = run(market, "--limit", "UC250001")
    assert "was not written" in result.stdout + result.stderr
    shutil.rmtree(data)
