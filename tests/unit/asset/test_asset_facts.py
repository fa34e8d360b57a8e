"""What ``asset_facts`` reads, from recorded machines; each case is a folder with its origin in expected.json."""

from __future__ import annotations

import ast
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from plugins.module_utils.asset import fillers, software
from plugins.module_utils.asset.document import observe
from plugins.module_utils.asset.machine import Machine, NoAnswer
from tests import glpi
from tests.unit.asset.recorded import RecordedMachine

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
CASES = sorted(path.name for path in (HERE / "cases").iterdir())
ON_TARGETS = [
    *(PROJECT / "plugins/module_utils/asset").glob("*.py"),
    *(PROJECT / "plugins/modules").glob("asset_*.py"),
]
SECRET = "motdepasse"  # stands in the address of a printer of a case


def seen(case: str) -> dict:
    return observe(
        RecordedMachine(HERE / "cases" / case), "UC250001", ["root", "cartable", "eleve"], "Cartable-test"
    )


@pytest.mark.parametrize("case", CASES)
def test_a_recorded_machine_gives_what_is_expected(case):
    expected = json.loads((HERE / "cases" / case / "expected.json").read_text())
    assert expected.pop("origin")
    assert seen(case) == expected


@glpi.needs_schema
@pytest.mark.parametrize("case", CASES)
def test_the_inventory_is_valid_glpi(case):
    assert glpi.problems(seen(case)["inventory"]) == []


@pytest.mark.parametrize("case", CASES)
def test_no_hash_and_no_password_is_in_any_record(case):
    text = json.dumps(seen(case))
    assert SECRET not in text
    assert not re.search(r"\$(y|6|5|1)\$", text)


@pytest.mark.parametrize("case", CASES)
def test_the_records_are_the_same_when_only_volatile_values_change(case, tmp_path):
    class Later(RecordedMachine):
        """The same machine an hour later: other clock, other free space, timers that ran."""

        def read(self, path):
            text = super().read(path)
            if path == "/proc/uptime":
                return "99999.0 99999.0\n"
            if path == "/proc/meminfo" and text:
                return re.sub(r"MemFree: +\d+", "MemFree: 1", text)
            if path == "/proc/cpuinfo" and text:
                return re.sub(r"cpu MHz\t\t: .*", "cpu MHz\t\t: 4321.0", text)
            return text

        def run(self, *command, accept=None):
            text = super().run(*command, accept=accept)
            if text and command[0] == "df":
                return re.sub(r" \d+ ", " 17 ", text)
            if text and "list-units" in command:
                return re.sub(r"(apt-daily\.service +loaded +)inactive dead ", r"\1active   running", text)
            if text and command[0] == "smartctl":
                return text.replace('"current": 34', '"current": 41').replace('"hours": 812', '"hours": 813')
            return text

    later = observe(Later(HERE / "cases" / case), "UC250001", ["root", "cartable", "eleve"], "Cartable-test")
    before = seen(case)
    assert later.pop("volatile") != before.pop("volatile")
    assert later == before


def test_a_machine_without_anything_still_has_a_record(tmp_path):
    (tmp_path / "commands.json").write_text("{}")
    document = observe(RecordedMachine(tmp_path), "UC250001", [], "Cartable-test")
    assert document["inventory"]["content"] == {
        "versionclient": "Cartable-test",
        "hardware": {"vmsystem": "Physical"},
        "operatingsystem": {"kernel_name": "linux"},
    }
    assert document["updates"] == {"known": False, "pending": []}


def test_this_machine_can_be_read():
    document = observe(Machine(), "UC250001", [], "Cartable-test")
    assert document["inventory"]["content"]["operatingsystem"]["kernel_name"] == "linux"
    assert any(account["login"] == "root" for account in document["accounts"]["accounts"])


def test_commands_that_fail_or_are_missing_are_no_answer():
    machine = Machine()
    assert machine.run("no-such-program") is None
    assert machine.run("false") is None
    assert machine.run("false", accept=range(0, 2)) == ""
    assert machine.run("uname", "-s") == "Linux\n"


@pytest.mark.parametrize(
    ("value", "kept"),
    [("7XK2QZ3", True), ("To be filled by O.E.M.", False), ("Default string", False), ("None", False), ("0000", False),
     ("", False), ("System Serial Number", False), ("Not Specified", False), ("LAB-PC-0002", True), ("OEM-4711", True)],
)  # fmt: skip
def test_what_manufacturers_leave_is_no_identity(value, kept):
    assert bool(fillers.text(value)) is kept


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Inst tzdata [2025b-0+deb12u1] (2025b-0+deb12u2 Debian:12.13/oldstable [all])",
            ("tzdata", "2025b-0+deb12u1", False),
        ),
        (
            "Inst libssl3 [3.0.16-1] (3.0.18-1 Debian-Security:12/oldstable-security [amd64]) []",
            ("libssl3", "3.0.16-1", True),
        ),
        (
            "Inst linux-image (6.1.1-1 Ubuntu:24.04/noble-updates, Ubuntu:24.04/noble-security [all])",
            ("linux-image", None, True),
        ),
        ("Conf tzdata (2025b-0+deb12u2 Debian:12.13/oldstable [all])", None),
        ("Remv old [1.0]", None),
    ],
)
def test_lines_of_a_simulated_upgrade(line, expected):
    class Answer(Machine):
        def names(self, path):
            return ["deb.example_dists_trixie_Packages"]

        def run(self, *command, accept=None):
            return line + "\n"

    found = [
        (item["name"], item.get("installed"), item["security"]) for item in software.pending_updates(Answer())
    ]
    assert found == ([expected] if expected else [])


def copy_without_answer(folder, program):
    """The case of the laptop, where ``program`` fails now."""
    shutil.copytree(HERE / "cases" / "laptop-encrypted", folder, dirs_exist_ok=True)
    answered = json.loads((folder / "commands.json").read_text())
    assert any(command.startswith(program) for command in answered)
    silent = {command: None if command.startswith(program) else name for command, name in answered.items()}
    (folder / "commands.json").write_text(json.dumps(silent))
    return RecordedMachine(folder)


def test_updates_are_unknown_when_apt_fails(tmp_path):
    """An interrupted dpkg or broken dependencies: "nothing is pending" would be wrong."""
    assert seen("laptop-encrypted")["updates"]["known"] is True
    machine = copy_without_answer(tmp_path, "apt-get")
    assert observe(machine, "UC250001", [], "Cartable-test")["updates"] == {"known": False, "pending": []}


def test_an_inventory_without_packages_never_replaces_a_good_one(tmp_path):
    machine = copy_without_answer(tmp_path, "dpkg-query")
    assert "softwares" not in observe(machine, "UC250001", [], "Cartable-test")["inventory"]["content"]
    (tmp_path / "root/var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "root/var/lib/dpkg/status").touch()
    with pytest.raises(NoAnswer, match="dpkg-query fails, so the installed packages cannot be read"):
        observe(machine, "UC250001", [], "Cartable-test")


@pytest.mark.parametrize("path", ON_TARGETS, ids=lambda path: path.name)
def test_what_runs_on_targets_is_python_3_9(path):
    ast.parse(path.read_text(), feature_version=(3, 9))


def test_the_client_has_the_version_of_the_collection():
    version = yaml.safe_load((PROJECT / "galaxy.yml").read_text())["version"]
    assert f'CLIENT = "Cartable-{version}"' in (PROJECT / "plugins/modules/asset_facts.py").read_text()
