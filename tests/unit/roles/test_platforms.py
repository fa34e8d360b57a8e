"""What this version can do on which system is said in one way: by task files, argument_specs, playbooks, preflight."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from reversibility.market.roles import platforms, role_options
from reversibility.market.shape import SCHEMAS

PROJECT = Path(__file__).resolve().parents[3]
SYSTEMS = json.loads((SCHEMAS / "asset.schema.json").read_text())["properties"]["os"]["pattern"]
ROLES = sorted(role for role, options in role_options().items() if f"{role}_platform" in options)
PLAYS = [
    pytest.param(play, id=f"{path.stem}: {play['name']}")
    for path in sorted((PROJECT / "playbooks").glob("*.yml"))
    for play in yaml.safe_load(path.read_text(encoding="utf-8"))
    if play.get("roles")
]


@pytest.mark.parametrize("role", ROLES)
def test_the_platforms_of_a_role_are_its_task_files(role: str) -> None:
    files = {path.stem for path in (PROJECT / "roles" / role / "tasks").glob("*.yml")}
    systems = set(re.findall(r"[a-z]+", SYSTEMS))
    assert set(role_options()[role][f"{role}_platform"]["choices"]) == files & systems


@pytest.mark.parametrize("play", PLAYS)
def test_a_play_leaves_out_the_systems_that_its_roles_have_no_tasks_for(play: dict) -> None:
    names = [entry["role"].rpartition(".")[2] for entry in play["roles"]]
    known = set.intersection(*(set(role_options()[name][f"{name}_platform"]["choices"]) for name in names))
    assert set(re.findall(r"&os_([a-z]+)_\*", play["hosts"])) == known == platforms()
    assert play["hosts"].startswith("managed:"), "what is not managed is nobody's to change"
