"""Argument specification of a PowerShell module, read from its own source.

Two kinds of module: those with `$spec = @{...}` for Ansible.Basic, and the legacy ones, whose options can only be
seen as `Get-AnsibleParam` calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tree_sitter import Node

from tests.static.powershell_literals import NotLiteral, hash_keys, literal, parse, text_of, walk

_CREATE = re.compile(rb"AnsibleModule\]::Create\(\s*\$args\s*,\s*(\$\w+|@\{)\s*(?:,\s*@\(\s*([\w-]+)\s*\))?")
CONDITIONAL = {
    "if_statement",
    "else_clause",
    "elseif_clause",
    "switch_statement",
    "foreach_statement",
    "function_statement",
}
_LEGACY = re.compile(rb"(?i)#\s*requires\s+-module\s+Ansible\.ModuleUtils\.Legacy")


class UnreadableSpecError(ValueError):
    """The specification cannot be read without running PowerShell."""


@dataclass(frozen=True)
class ModuleSpec:
    """Options and rules of a module. A legacy one silently ignores options that it does not know."""

    legacy: bool
    supports_check_mode: bool
    spec: Mapping[str, Any]
    no_log: bool = False
    takes_any: bool = False  # setup.ps1 adds each unknown option to its own specification

    @property
    def options(self) -> dict[str, dict[str, Any]]:
        return dict(self.spec["options"])

    def names(self) -> set[str]:
        """Every name that an option may be given by."""
        return {
            name for option, spec in self.options.items() for name in (option, *as_list(spec.get("aliases")))
        }

    def secret_values(self, arguments: Mapping[str, Any]) -> set[str]:
        """Values of the arguments whose options say no_log, at any depth."""
        return {value for value in _secrets(self.options, arguments) if value}


def as_list(item: Any) -> list[Any]:
    return [] if item is None else list(item) if isinstance(item, (list, tuple)) else [item]


def _secrets(options: Mapping[str, Any], arguments: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    by_name = {
        alias.lower(): spec
        for option, spec in options.items()
        for alias in (option, *as_list(spec.get("aliases")))
    }
    for name, argument in arguments.items():
        spec = by_name.get(name.lower())
        if spec is None:
            continue
        if spec.get("no_log") or "password" in name.lower():  # a legacy module cannot say no_log
            found |= _strings(argument)
        elif spec.get("options"):
            for item in as_list(argument):
                if isinstance(item, Mapping):
                    found |= _secrets(spec["options"], item)
    return found


def _strings(argument: Any) -> set[str]:
    if isinstance(argument, Mapping):
        return {text for item in argument.values() for text in _strings(item)}
    if isinstance(argument, (list, tuple)):
        return {text for item in argument for text in _strings(item)}
    return {str(argument)} if argument not in (None, True, False) else set()


@lru_cache(maxsize=256)
def read(source: bytes, utilities: tuple[bytes, ...] = ()) -> ModuleSpec:
    """Specification of a module's source; `utilities` are the module_utils sent with it, for spec fragments."""
    if _LEGACY.search(source) and not _CREATE.search(source):
        return _legacy(source)
    call = _CREATE.search(source)
    if call is None:
        raise UnreadableSpecError("neither Ansible.Basic.AnsibleModule nor the legacy module_utils are used")
    wanted = call[1].decode().lower()
    root = parse(source)
    if wanted == "@{":
        hashes = (
            n for n in walk(root) if n.type == "hash_literal_expression" and n.start_byte >= call.start()
        )
        spec = literal(next(hashes), {})
    else:
        spec = _assigned(root, wanted)
    if not isinstance(spec, dict):
        raise UnreadableSpecError(f"{wanted} is not a literal")
    spec.setdefault("options", {})
    if call[2]:
        _merge(spec, _fragment(call[2].decode(), utilities))
    takes_any = b"$spec.options.$prop = @{ type = 'raw' }" in source
    check = bool(spec.get("supports_check_mode", False))
    return ModuleSpec(False, check, spec, bool(spec.get("no_log", False)), takes_any)


def _assigned(root: Node, wanted: str) -> Any:
    variables: dict[str, Any] = {}
    for node in walk(root):
        if node.type == "assignment_expression" and node.child_count >= 3:
            name = text_of(node.children[0]).lower()
            try:
                variables[name] = literal(node.children[-1], variables)
            except NotLiteral as error:
                keys = hash_keys(node.children[-1])
                if keys:
                    variables[name] = dict.fromkeys(keys)
                if name == wanted:
                    returned = _returned(root, text_of(node.children[-1]))
                    if returned is None:
                        raise UnreadableSpecError(f"{wanted}: {error}") from error
                    variables[name] = returned
            if name == wanted:
                return variables[name]
    return None


def _returned(root: Node, function: str) -> dict[str, Any] | None:
    """The first hash literal of a function, which is what such a function returns."""
    for node in walk(root):
        if node.type == "function_statement" and function.lower() in text_of(node)[:200].lower().split():
            found = next((n for n in walk(node) if n.type == "hash_literal_expression"), None)
            if found is not None:
                return dict(literal(found, {}))
    return None


def _fragment(function: str, utilities: tuple[bytes, ...]) -> dict[str, Any]:
    for utility in utilities:
        found = _returned(parse(utility), function) if function.encode() in utility else None
        if found is not None:
            return found
    raise UnreadableSpecError(f"spec fragment {function} was not sent with the module")


def _merge(spec: dict[str, Any], fragment: Mapping[str, Any]) -> None:
    for name, item in fragment.items():
        if name not in spec:
            spec[name] = item
        elif isinstance(item, Mapping):
            _merge(spec[name], item)
        elif isinstance(item, list):
            spec[name] = as_list(spec[name]) + item


def _legacy(source: bytes) -> ModuleSpec:
    options: dict[str, dict[str, Any]] = {}
    for node in walk(parse(source)):
        if node.type != "command" or not text_of(node).lower().startswith(("get-ansibleparam", "get-attr")):
            continue
        parameters = _parameters(node)
        name = parameters.get("name")
        if not isinstance(name, str) or name.startswith("_ansible_"):
            continue
        options[name] = {
            key: parameters[source_key]
            for key, source_key in (("type", "type"), ("default", "default"), ("choices", "validateset"),
                                    ("required", "failifempty"), ("aliases", "aliases"))
            if source_key in parameters
        }  # fmt: skip
        if _is_conditional(node):
            options[name].pop("required", None)  # checked only when the line is reached: the model's own task
    check = re.search(rb"(?i)Parse-Args\b[^\n]*-supports_check_mode\s+\$true", source) is not None
    return ModuleSpec(True, check, {"options": options})


def _is_conditional(node: Node) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.type in CONDITIONAL:
            return True
        parent = parent.parent
    return False


def _parameters(command: Node) -> dict[str, Any]:
    """Parameters of a Get-AnsibleParam call; values that are no literals are left out (positional: obj, name)."""
    found: dict[str, Any] = {}
    current: str | None = None
    positional = ["obj", "name", "default"]
    elements = [n for c in command.children if c.type == "command_elements" for n in c.children]
    for node in elements:
        if node.type == "command_parameter":
            current = text_of(node).lstrip("-").rstrip(":").lower()
            found.setdefault(current, True)
            continue
        if node.type in ("command_argument_sep", "comment"):
            continue
        key = current or (positional.pop(0) if positional else "")
        current = None
        try:
            found[key] = literal(node, {})
        except NotLiteral:
            bare = text_of(node)
            if re.fullmatch(r"[\w.]+", bare):
                found[key] = bare
            else:
                found.pop(key, None)
        if key in positional:
            positional.remove(key)
    return found
