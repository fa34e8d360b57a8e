"""Linter for tasks that use Windows modules: options against the module's own specification, without any host.

ansible-lint and ``--syntax-check`` miss wrong and missing options of these modules, and the legacy ones among them
ignore an unknown option even on Windows. PowerShell inside a task is linted as a script.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.static.module_spec import NoSuchModule, module_spec
from tests.static.powershell import check_script

PREFIXES = (
    "ansible.windows.",
    "community.windows.",
    "microsoft.ad.",
    "chocolatey.chocolatey.",
    "cartable.fleet.win_",
)
BLOCKS = ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always")
# What may run beside them in a task file for Windows: on the controller only, or in the connection itself.
ON_CONTROLLER = frozenset(
    {
        "add_host",
        "assert",
        "debug",
        "fail",
        "group_by",
        "import_playbook",
        "import_role",
        "import_tasks",
        "include_role",
        "include_tasks",
        "include_vars",
        "meta",
        "pause",
        "set_fact",
        "set_stats",
        "validate_argument_spec",
        "wait_for_connection",
    }
)
FREE_FORM = ("win_command", "win_shell")
SCRIPTS = {"ansible.windows.win_powershell": "script", "ansible.windows.win_shell": "_raw_params"}
PLACEHOLDERS: dict[str, Any] = {
    "int": 1,
    "float": 1.0,
    "bool": True,
    "list": [],
    "dict": {},
    "raw": "",
    "str": "x",
}


@dataclass(frozen=True)
class Finding:
    """One mistake of a task."""

    file: Path
    task: str
    message: str


def check_file(path: Path) -> list[Finding]:
    """Check all tasks of a task file or a playbook."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    only_windows = "windows" in path.stem
    return [
        Finding(path, str(task.get("name", "")), message)
        for task in tasks_in(content)
        for message in _check_task(task, only_windows)
    ]


def tasks_in(content: Any) -> Iterator[dict[str, Any]]:
    """All tasks of a playbook or a task file, those inside blocks too."""
    for item in content if isinstance(content, list) else ():
        if isinstance(item, dict):
            for key in BLOCKS:
                yield from tasks_in(item.get(key))
            yield item


def windows_modules(task: Mapping[str, Any]) -> list[str]:
    """The Windows modules that a task names: one at most."""
    return [key for key in task if isinstance(key, str) and key.startswith(PREFIXES)]


def _check_task(task: dict[str, Any], only_windows: bool) -> Iterator[str]:
    for key in task:
        if (
            only_windows
            and task.get("delegate_to") != "localhost"
            and key.startswith("ansible.builtin.")
            and key.rpartition(".")[2] not in ON_CONTROLLER
        ):
            yield f"{key} runs Python on the target, which a Windows PC has not"
    for name in windows_modules(task):
        try:
            spec = module_spec(name)
        except NoSuchModule:
            yield f"{name}: no such module"
            continue
        given = task[name]
        arguments = dict(given) if isinstance(given, dict) else {"_raw_params": given} if given else {}
        if isinstance(task.get("args"), dict):
            arguments |= task["args"]
        if script := arguments.get(SCRIPTS.get(name, "")):
            yield from _check_inline(name, str(script))
        if name.rpartition(".")[2] in FREE_FORM:
            arguments.pop("_raw_params", None)
            arguments.setdefault("cmd", "x")
        for problem in spec.problems(_with_placeholders(arguments, spec.options)):
            yield f"{name}: {problem}"


def _check_inline(name: str, script: str) -> Iterator[str]:
    if "{{" in script or "{%" in script:
        yield f"{name}: Jinja inside PowerShell is an injection; pass a parameter"
        return
    for finding in check_script(script):
        yield f"{name}: line {finding.line}: {finding.message}"


def _with_placeholders(arguments: dict[str, Any], options: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The arguments with a value of the right type in place of each template; without those that may be omitted."""
    found = {}
    for key, value in arguments.items():
        option = _option(options, key)
        if isinstance(value, str) and ("{{" in value or "{%" in value):
            if "omit" in value and not option.get("required"):
                continue
            found[key] = _placeholder(option)
        elif isinstance(value, dict) and option.get("options"):
            found[key] = _with_placeholders(value, option["options"])
        elif isinstance(value, list):
            found[key] = [
                _with_placeholders(item, option.get("options", {})) if isinstance(item, dict) and option.get("options")
                else _element(option) if isinstance(item, str) and "{{" in item else item
                for item in value
            ]  # fmt: skip
        else:
            found[key] = value
    return found


def _option(options: Mapping[str, dict[str, Any]], key: str) -> dict[str, Any]:
    return options.get(key) or next((o for o in options.values() if key in o.get("aliases", ())), {})


def _placeholder(option: Mapping[str, Any]) -> Any:
    if option.get("choices") and option.get("type", "str") != "list":
        return option["choices"][0]
    return PLACEHOLDERS.get(str(option.get("type", "str")), "x")


def _element(option: Mapping[str, Any]) -> Any:
    if option.get("choices"):
        return option["choices"][0]
    return PLACEHOLDERS.get(str(option.get("elements", "str")), "x")
