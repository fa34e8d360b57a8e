"""Argument specification of a Windows module, read from its own source, and validation with Ansible's own validator.

The specification is ``$spec`` in the .ps1. Where it is computed, and for the legacy modules, which have none and ignore
unknown options on Windows, the options are those of the documentation.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import ansible_collections
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from tests.static.powershell_literals import DELEGATE, NotLiteral, literal, parse, text_of, walk

PROJECT = Path(__file__).resolve().parents[2]
COLLECTIONS = tuple(Path(place) for place in ansible_collections.__path__)
OPTION_KEYS = frozenset(
    [
        "type",
        "required",
        "default",
        "choices",
        "aliases",
        "elements",
        "options",
        "apply_defaults",
        "no_log",
        "mutually_exclusive",
        "required_together",
        "required_one_of",
        "required_if",
        "required_by",
    ]
)
RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if")
_CREATE = re.compile(rb"AnsibleModule\]::Create\(\s*\$args\s*,\s*(\$\w+)(?P<fragments>\s*,)?")


class NoSuchModule(LookupError):
    """No installed collection has the module."""


@dataclass(frozen=True)
class ModuleSpec:
    """Options of a module, rules between them, and whether it says that it supports check mode."""

    options: dict[str, dict[str, Any]]
    rules: dict[str, Any] = field(default_factory=dict)
    supports_check_mode: bool = False

    @classmethod
    def documented(cls, script: Path) -> ModuleSpec:
        """What the documentation beside the script says."""
        return cls(_converted(_documentation(script).get("options") or {}))

    @classmethod
    def read(cls, script: Path) -> ModuleSpec:
        """What the script says, and its documentation where the script computes it."""
        documented = cls.documented(script).options
        source = script.read_bytes() if script.is_file() else b""
        spec, whole = _spec_in(source)
        if spec is None:
            return cls(documented, supports_check_mode=b"check_mode" in source.lower())
        options = _converted(spec.get("options") or {})
        rules = {rule: _lists(spec[rule]) for rule in RULES if spec.get(rule)}
        if spec.get("required_by"):
            rules["required_by"] = spec["required_by"]
        return cls(
            options if whole else {**documented, **options}, rules, bool(spec.get("supports_check_mode"))
        )

    def problems(self, arguments: dict[str, Any]) -> list[str]:
        """What Ansible's validator says of the arguments of a task."""
        validator = ArgumentSpecValidator(copy.deepcopy(self.options), **copy.deepcopy(self.rules))
        return list(validator.validate(copy.deepcopy(arguments)).error_messages)


@cache
def module_spec(name: str) -> ModuleSpec:
    """The specification of a module by its full name (``ansible.windows.win_user``). Raises NoSuchModule."""
    namespace, collection, module = name.split(".")
    folders = [place / namespace / collection / "plugins/modules" for place in COLLECTIONS]
    if (namespace, collection) == ("cartable", "fleet"):
        folders = [PROJECT / "plugins/modules"]
    for folder in folders:
        script = folder / f"{module}.ps1"
        if script.is_file() or (folder / f"{module}.py").is_file():
            return ModuleSpec.read(script)
    raise NoSuchModule(name)


def _spec_in(source: bytes) -> tuple[dict[str, Any] | None, bool]:
    """The literal ``$spec``, and whether it is whole; None when it is computed or there is none."""
    created = _CREATE.search(source)
    if not created:
        return None, False
    wanted, variables = created[1].decode().lower(), {}
    for node in walk(parse(source)):
        if node.type != "assignment_expression" or len(node.children) < 3:
            continue
        name = text_of(node.children[0]).lower()
        if name == wanted and name in variables:
            continue
        try:
            variables[name] = literal(node.children[-1], variables)
        except NotLiteral:
            if name == wanted:
                return None, False
    return variables.get(wanted), created["fragments"] is None


def _documentation(script: Path) -> dict[str, Any]:
    sidecar, python = script.with_suffix(".yml"), script.with_suffix(".py")
    if sidecar.is_file():
        return dict(yaml.safe_load(sidecar.read_text(encoding="utf-8"))["DOCUMENTATION"])
    if python.is_file():
        found = re.search(
            r"DOCUMENTATION\s*=\s*r?(\"\"\"|''')(.*?)\1", python.read_text(encoding="utf-8"), re.DOTALL
        )
        return dict(yaml.safe_load(found[2])) if found else {}
    return {}


def _converted(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Options for Ansible's Python validator: what PowerShell writes shorter is written out."""
    found = {}
    for name, given in options.items():
        nested = given.get("options") or given.get("suboptions")
        option = {key: value for key, value in given.items() if key in OPTION_KEYS}
        for key in ("aliases", "choices"):
            if key in option:
                option[key] = list(option[key]) if isinstance(option[key], (list, dict)) else [option[key]]
        for rule in RULES:
            if option.get(rule):
                option[rule] = _lists(option[rule])
        for key in ("type", "elements"):
            if option.get(key) in ("path", "sid"):  # a path of the target is not expanded on the controller
                option[key] = "str"
            elif option.get(key) == DELEGATE or not isinstance(option.get(key, ""), str):
                option[key] = "raw"
        if option.get("required") is not True:
            option.pop("required", None)
        if nested:
            option["options"] = _converted(nested)
        found[name] = option
    return found


def _lists(rule: list[Any]) -> list[Any]:
    return rule if isinstance(rule[0], list) else [rule]
