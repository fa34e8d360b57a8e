"""What this version can do on which platform is said in one way: a role has a task file for it, or for its family."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from reversibility.market.kinds import kind_table
from reversibility.market.platforms import platform_table
from reversibility.market.roles import platform_roles, task_files
from tests.project import PROJECT, ansible

pytestmark = pytest.mark.playbook

PLAYBOOKS = PROJECT / "playbooks"
FAMILIES = {"linux", "windows", "network", "api"}  # what is unmanaged is nobody's to change
ANSIBLE_TEXT = [
    path
    for folder in ("playbooks", "roles")
    for path in sorted((PROJECT / folder).rglob("*"))
    if path.is_file() and "molecule" not in path.parts and path.suffix in (".yml", ".j2")
]


def plays(name: str) -> list[dict]:
    return yaml.safe_load((PLAYBOOKS / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", platform_roles())
def test_a_role_runs_the_file_of_the_platform_and_nothing_else(role: str) -> None:
    folder = PROJECT / "roles" / role / "tasks"
    entries = {name for name in task_files("debian", "linux") if name.startswith(role)} or {role}
    for entry in entries:
        name = entry.removeprefix(role).lstrip("_") or "main"
        [task] = yaml.safe_load((folder / f"{name}.yml").read_text())
        assert task["ansible.builtin.include_tasks"] == f"{{{{ cartable_task_files.{entry} }}}}"
        conditions = task["when"] if isinstance(task["when"], list) else [task["when"]]
        assert conditions[0] == f"cartable_task_files.{entry} is defined", (
            "before what the role itself asks for"
        )


@pytest.mark.parametrize("playbook", ["provision.yml", "observe.yml"])
def test_each_family_has_its_play_and_all_have_one_list_of_roles(playbook: str) -> None:
    refuse, *families = plays(playbook)
    assert refuse["hosts"] == "managed"
    found = [family for play in families for family in re.findall(r"family_([a-z]+)", play["hosts"])]
    assert sorted(found) == sorted(FAMILIES)
    assert all({"managed", "&managed"} & set(play["hosts"].split(":")) for play in families)
    for play in families:
        batch = "linux" in play["hosts"]
        [task] = play["tasks"]
        assert play.get("become", False) is batch
        file = task["cartable.fleet.batch"]["tasks_from"] if batch else task["ansible.builtin.include_tasks"]
        assert file.removeprefix("tasks/") == playbook


def listed_hosts(inventory: Path) -> str:
    """What provision.yml says that it would play on; nothing may stand on the error output."""
    done = ansible("ansible-playbook", "-i", str(inventory), "playbooks/provision.yml", "--list-hosts")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_family_without_hosts_is_skipped_in_silence(tmp_path: Path) -> None:
    """The demonstration school without its access point."""
    inventory = tmp_path / "inventories" / "demo"
    shutil.copytree(PROJECT / "inventories" / "demo", inventory)
    hosts = yaml.safe_load((inventory / "hosts.yml").read_text(encoding="utf-8"))
    del hosts["all"]["children"]["site_trois_platanes"]["children"]["room_baie"]["hosts"]["AP250001"]
    (inventory / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    (inventory / "host_vars" / "AP250001.yml").unlink()
    said = listed_hosts(inventory)
    assert "WARNING" not in said and said.count("hosts (0)") == 1
    assert "hosts (0)" not in listed_hosts(PROJECT / "inventories" / "jurancon")


def test_kinds_and_systems_are_named_in_no_playbook_and_no_role() -> None:
    """Conditions ask for the groups of kinds.yml: a new kind is one entry there."""
    names = "|".join(sorted(kind_table().kinds))
    named = re.compile(
        rf"asset\.kind|asset\.os|kind_(?:{names})\b|os_(?:{'|'.join(platform_table().platforms)})_"
    )
    assert len(ANSIBLE_TEXT) > 40
    assert [
        f"{path.relative_to(PROJECT)}: {found[0]}"
        for path in ANSIBLE_TEXT
        if (found := named.search(path.read_text(encoding="utf-8")))
    ] == []


def test_groups_that_a_condition_asks_for_exist() -> None:
    asked = {
        group
        for path in ANSIBLE_TEXT
        for group in re.findall(r"'(\w+)' (?:not )?in cartable_kind_groups", path.read_text(encoding="utf-8"))
    }
    assert {"computers", "file_servers"} <= asked <= set(kind_table().groups)
