"""Roles are so alike that knowing one is knowing all: what they promise is what they do, and each has its tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project import PROJECT

ROLES = sorted(path.name for path in (PROJECT / "roles").iterdir() if (path / "tasks").is_dir())
ROLES_WITH_SCENARIO = [
    role for role in ROLES if (PROJECT / "roles" / role / "molecule/default/molecule.yml").exists()
]

# They run on the controller, or talk to devices, which no container is: simulated devices stand in for them.
ROLES_OF_DEVICES = {
    "bootstrap": "tests/unit/roles/test_preseed.py",
    "switch": "tests/unit/network/test_playbooks.py",
    **dict.fromkeys(
        ("antivirus", "browser", "printing", "remote_support", "security", "shared_pc", "sobriety"),
        "tests/unit/windows/test_roles.py",
    ),
}


def exercised_roles() -> list[str]:
    """Roles that a test runs: by a scenario of their own, by a test's playbook, or included by a role that is run."""
    tests = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "tests").rglob("*.py"))
    tests += "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "tests").rglob("*.yml"))
    found = set(ROLES_WITH_SCENARIO) | {role for role in ROLES if f"cartable.fleet.{role}" in tests}
    found |= {role for role, test in ROLES_OF_DEVICES.items() if (PROJECT / test).is_file()}
    while True:
        files = [path for role in found for path in (PROJECT / "roles" / role / "tasks").rglob("*.yml")]
        text = "\n".join(path.read_text(encoding="utf-8") for path in files)
        included = {role for role in ROLES if re.search(rf"cartable\.fleet\.{role}\b", text)}
        if included <= found:
            return sorted(found)
        found |= included


MODULES = sorted(
    path.stem
    for path in (PROJECT / "plugins" / "modules").iterdir()
    if path.suffix in (".py", ".ps1") and path.stem != "__init__"
)


def load(*parts: str) -> Any:
    """The content of a YAML file; None when there is no such file."""
    path = PROJECT.joinpath(*parts)
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None


@pytest.mark.parametrize("role", ROLES)
def test_the_argument_specs_say_exactly_the_defaults(role: str) -> None:
    specs = load("roles", role, "meta", "argument_specs.yml")
    assert specs is not None, f"roles/{role}/meta/argument_specs.yml is missing"
    options = specs["argument_specs"]["main"].get("options", {})
    promised = {name: option["default"] for name, option in options.items() if "default" in option}
    assert promised == (load("roles", role, "defaults", "main.yml") or {})
    undefined = {
        name for name, option in options.items() if "default" not in option and not option.get("required")
    }
    assert not undefined, f"{sorted(undefined)} are neither required nor given a default"


@pytest.mark.parametrize("role", ROLES)
def test_every_option_says_what_it_is_and_bears_the_roles_name(role: str) -> None:
    for entry in load("roles", role, "meta", "argument_specs.yml")["argument_specs"].values():
        assert entry["short_description"]
        for name, option in entry.get("options", {}).items():
            assert name.startswith(f"{role}_"), name
            assert option["description"] and option["type"], name


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_run_by_a_test(role: str) -> None:
    assert role in exercised_roles(), f"no scenario, no test and no role that has one runs roles/{role}"


@pytest.mark.parametrize("role", ROLES_WITH_SCENARIO)
def test_every_scenario_is_on_the_shared_base(role: str) -> None:
    scenario = PROJECT / "roles" / role / "molecule" / "default"
    assert list(scenario.glob("tests/test_*.py")), f"roles/{role} verifies nothing with testinfra"
    settings = load("roles", role, "molecule", "default", "molecule.yml")
    assert len(yaml.safe_dump(settings).splitlines()) <= 20, (
        "what scenarios share belongs in .config/molecule/config.yml"
    )


def tasks_of(path: Path) -> str:
    """The text of a YAML file without its comments: a module that is only spoken of is not used."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_run_by_a_test_or_by_a_role_with_a_scenario(module: str) -> None:
    """The scenario of a role runs its modules on a real machine; a test imports it, or runs it by its full name."""
    folders = [
        PROJECT / "roles" / role / part for role in exercised_roles() for part in ("tasks", "molecule")
    ]
    called = re.compile(rf"cartable\.fleet\.{module}\b")
    if any(called.search(tasks_of(path)) for folder in folders for path in folder.rglob("*.yml")):
        return
    imported = re.compile(
        rf"cartable\.fleet\.{module}\b|plugins[./]modules[./]{module}\b|plugins\.modules import .*\b{module}\b"
        rf"|plugins[./]action[./]{module}\b"
    )
    tests = [
        path.read_text(encoding="utf-8")
        for path in (PROJECT / "tests").rglob("*.py")
        if path != Path(__file__)
    ]
    playbooks = [path.name for path in (PROJECT / "playbooks").glob("*.yml") if called.search(tasks_of(path))]
    assert any(imported.search(text) or any(f'"{name}"' in text for name in playbooks) for text in tests), (
        f"no test runs {module}"
    )


@pytest.mark.parametrize(
    "action", sorted(path.stem for path in (PROJECT / "plugins" / "action").glob("*.py"))
)
def test_every_action_has_its_documentation(action: str) -> None:
    assert action == "__init__" or action in MODULES, (
        "its module's file, which has the documentation, is missing"
    )


def test_every_role_is_applied_by_a_playbook_or_by_another_role() -> None:
    files = [*(PROJECT / "playbooks").rglob("*.yml"), *(PROJECT / "roles").glob("*/tasks/*.yml")]
    text = "\n".join(tasks_of(path) for path in files)
    assert not [role for role in ROLES if not re.search(rf"cartable\.fleet\.{role}\b", text)]
