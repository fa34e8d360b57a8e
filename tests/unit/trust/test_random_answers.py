"""Random answers of a pupil's PC, under the names of all variables, to every module and in real plays."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils import answers
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from reversibility.records.journals import Journals
from reversibility.records.vault import Vault
from tests.project import PROJECT
from tests.unit.trust.pupil import Pupil
from tests.unit.trust.test_module_answers import PASSPHRASE, TAMPERED, VICTIM, Tampered, make_tampered
from tests.unit.trust.variable_names import used_names

pytestmark = pytest.mark.playbook

RIGHTLY_ANSWERED = {"ansible_hostname", *answers.FACTS}
NAMES = [name for name in used_names() if name not in RIGHTLY_ANSWERED | {"ansible_facts"}]
TEXTS = st.sampled_from(
    [
        "",
        VICTIM,
        "local",
        "/tmp/elsewhere",
        "-o ProxyCommand=false",
        "{{ lookup('pipe', 'false') }}",
        "../..",
        "é\ud83d",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 10**6) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=4,
)
RESULT_KEYS = [
    "changed",
    "failed",
    "msg",
    "rc",
    "stdout",
    "stdout_lines",
    "results",
    "warnings",
    "deprecations",
    "diff",
    "exception",
    "skipped",
    "invocation",
    "add_host",
    "add_group",
    "parent_groups",
    "ansible_stats",
    "_ansible_add_host",
    "_ansible_parsed",
    "_ansible_no_log",
    "_ansible_delegated_vars",
    "_ansible_notify",
    "_ansible_facts_cacheable",
    "asset",
    "configuration",
    "accounts",
    "packages",
    "logged_in",
    "plan",
]
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "ansible_facts": st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6) | VALUES,
        **dict.fromkeys(RESULT_KEYS, VALUES),
        **dict.fromkeys(
            ("inventory_hostname", "cartable_state_dir", "cartable_site", "ansible_host"), VALUES
        ),
    },
)


def test_the_names_are_those_of_the_project() -> None:
    """So that a search that finds nothing is noticed."""
    assert len(NAMES) > 500
    assert {
        "cartable_state_dir",
        "inventory_hostname",
        "inventory_dir",
        "ansible_connection",
        "cartable_site",
    } <= set(NAMES)
    assert {"shares_spaces", "software_packages", "cartable_task_files"} <= set(NAMES)


def test_no_variable_of_the_project_is_taken_for_a_fact() -> None:
    assert [name for name in NAMES if answers.is_fact(name)] == []


class Bare(ActionBase):
    """Has what reads an answer, and nothing else."""

    def __init__(self) -> None:
        self._used_interpreter = None

    def run(self, *_arguments: Any, **_named: Any) -> dict[str, Any]:
        """Not used."""
        return {}


@settings(max_examples=500, deadline=None)
@given(ANSWERS)
def test_what_passes_the_guard_sets_nothing(answer: dict[str, Any]) -> None:
    """Through Ansible's own reading of an answer, as it is guarded in a run."""
    answers.guard()
    said = {"stdout": json.dumps(answer), "stderr": "", "rc": 0}
    result = Bare()._parse_returned_data(said, "legacy")
    facts = result.ansible_facts or {}
    assert not set(facts) & set(NAMES)
    assert result.stats is None
    assert not {"add_host", "add_group"} & set(result.result_data)
    facts_said = answer.get("ansible_facts")
    if {"add_host", "add_group"} & set(answer) or (isinstance(facts_said, dict) and facts_said):
        assert answers.is_refused(result.as_result_dict().get("msg"))


def modules() -> dict[str, dict[str, Any]]:
    """What the machines of a market are asked, with some arguments: our own modules for Linux and some of Ansible's."""
    own = {
        path.stem
        for path in (PROJECT / "plugins" / "modules").glob("*.py")
        if not (PROJECT / "plugins" / "action" / path.name).exists()
    }
    arguments: dict[str, dict[str, Any]] = {
        "apt_upgrade": {"upgrade": "security"},
        "asset_configuration": {"paths": ["/etc/hostname"]},
        "local_accounts": {},
        "login_check": {"user": "x", "password": "x"},
    }
    return {f"cartable.fleet.{name}": arguments.get(name, {}) for name in sorted(own)} | {
        "ansible.builtin.command": {"cmd": "true"},
        "ansible.builtin.setup": {},
        "ansible.builtin.stat": {"path": "/"},
        "ansible.builtin.service_facts": {},
    }


CHECK = """
- name: Record what is seen
  cartable.fleet.record:
    files: {accounts.json: {accounts: ["{{ inventory_hostname }}"]}}

- name: Say who this is
  ansible.builtin.debug:
    msg: "RESULT {{ {'host': inventory_hostname, 'state': cartable_state_dir, 'site': cartable_site,
      'known_hosts': lookup('cartable.fleet.market_path', 'known_hosts'), 'address': ansible_host,
      'connection': ansible_connection | default('ssh'),
      'user': lookup('cartable.fleet.vault', 'cartable') | hash('sha256')} | to_json }}"
"""


def asking(times: int) -> str:
    """Tasks that ask every module, ``times`` times over; the honest machine is not asked."""
    tasks = [
        {
            "name": f"Ask {module}",
            module: arguments,
            "when": f"inventory_hostname == '{TAMPERED}'",
            "ignore_errors": True,
            "register": f"found_{number}",
        }
        for number in range(times)
        for module, arguments in modules().items()
    ]
    return json.dumps(tasks, indent=1)


PLAY = f"""
- hosts: {TAMPERED}:{VICTIM}
  gather_facts: false
  tasks:
    - name: Ask
      ASK
    - name: Look
      ansible.builtin.include_tasks: {{file: check.yml}}
"""


def seen(output: str) -> dict[str, dict[str, Any]]:
    """What the hosts' own tasks said of themselves."""
    said: dict[str, dict[str, Any]] = {}
    for line in output.replace('\\"', '"').splitlines():
        if "RESULT {" in line:
            found, _ = json.JSONDecoder().raw_decode(line.split("RESULT ", 1)[1])
            assert found["host"] not in said, "one host spoke for another"
            said[found["host"]] = found
    return said


def random_answers(number: int, start: int) -> list[dict[str, Any]]:
    """Answers that Hypothesis makes up, the same ones for each ``start``."""
    found: list[dict[str, Any]] = []

    @seed(start)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(ANSWERS)
    def collect(answer: dict[str, Any]) -> None:
        found.append(answer)

    collect()
    return found


def with_pupil(root: Path) -> tuple[Tampered, Pupil]:
    """The market in which one machine is the pupil's."""
    tampered, pc = make_tampered(root), Pupil(root / "pc")
    (root / "inventories/tiny/host_vars" / f"{TAMPERED}.yml").write_text(
        f"ansible_python_interpreter: {pc.install(sys.executable)}\n"
    )
    return tampered, pc


@pytest.mark.parametrize("batch", [True, False])
def test_identity_and_connection_stay_the_inventorys(tmp_path: Path, batch: bool) -> None:
    root, rounds = tmp_path, 2
    tampered, pc = with_pupil(root)
    pc.gives(random_answers(rounds * len(modules()), start=20261130 + batch))
    ask = (
        "cartable.fleet.batch: {tasks_from: ask.yml}"
        if batch
        else "ansible.builtin.include_tasks: {file: ask.yml}"
    )
    (root / "ask.yml").write_text(asking(rounds))
    (root / "check.yml").write_text(CHECK)
    (root / "play.yml").write_text(PLAY.replace("ASK", ask))
    done = tampered.playbook("play.yml")
    output = done.stdout + done.stderr
    asked = {name.removeprefix("ansible_collections.").replace(".plugins.modules", "") for name in pc.asked()}
    assert modules().keys() <= {name.replace("ansible.modules.", "ansible.builtin.") for name in asked}, (
        output
    )
    said = seen(output)
    assert said.keys() == {TAMPERED, VICTIM}, output
    unlike = set()
    for host, found in said.items():
        assert found["state"] == str(root / "var/tiny/state")
        assert found["known_hosts"] == str(root / "var/tiny/known_hosts")
        assert (found["site"], found["connection"]) == ("trois_platanes", "local")
        assert found["address"] == {TAMPERED: "198.51.100.74", VICTIM: "198.51.100.10"}[host]
        record = root / "var/tiny/state/trois_platanes" / host / "accounts.json"
        assert json.loads(record.read_text()) == {"accounts": [host]}
        unlike.add(found["user"])
    assert len(unlike) == 2, "one machine was given the other's password"


@pytest.mark.parametrize("playbook", ["observe.yml", "provision.yml"])
def test_a_whole_playbook_touches_that_machine_alone(tmp_path: Path, playbook: str) -> None:
    tampered, pc = with_pupil(tmp_path)
    pc.gives(random_answers(40, start=len(playbook)))
    vault = tmp_path / "var/tiny/vault.kdbx"
    before = vault_entries(vault)
    done = tampered.playbook(str(PROJECT / "playbooks" / playbook), "-l", TAMPERED)
    output = done.stdout + done.stderr
    assert pc.asked() and "Traceback" not in output, output
    assert {path.name for path in (tmp_path / "var").iterdir()} == {"tiny"}
    records = tmp_path / "var/tiny/state/trois_platanes"
    assert {path.name for path in records.glob("*")} <= {TAMPERED}
    assert vault_entries(vault) == before
    assert {
        entry.get("asset", TAMPERED) for entry in Journals(tmp_path / "var/tiny/state/journal").entries()
    } == {TAMPERED}


def vault_entries(path: Path) -> dict[str, str]:
    """The passwords by their names, those of the tampered machine left out."""
    entries = Vault.open(path, PASSPHRASE).entries()
    return {f"{entry.asset}/{entry.account}": entry.password for entry in entries if entry.asset != TAMPERED}
