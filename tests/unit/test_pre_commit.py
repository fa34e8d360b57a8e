"""The hooks of pre-commit run what the project's environment has, and as scripts/test runs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.project import PROJECT

HOOKS = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
TEST = (PROJECT / "scripts" / "test").read_text(encoding="utf-8")


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_its_program_is_there_and_scripts_test_runs_it_too(hook: dict[str, str]) -> None:
    program = hook["entry"].split()[0]
    assert (PROJECT / program).is_file()
    assert re.search(rf"^  {Path(program).name}\b", TEST, re.MULTILINE)


def test_all_shell_scripts_are_looked_at() -> None:
    [pattern] = [hook["files"] for hook in HOOKS if hook["id"] == "shellcheck"]
    [named] = re.findall(r"^  shellcheck (.+)$", TEST, re.MULTILINE)
    assert all(re.search(pattern, name) for name in named.split())
