"""Validation of module arguments as Ansible.Basic.cs (ansible-core 2.20, 2.21) and Legacy.psm1 do it.

Same order, same messages, same tolerance for the case of names and choices.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from .module_spec import ModuleSpec, as_list

TRUE, FALSE = ("y", "yes", "on", "1", "true", "t", "1.0"), ("n", "no", "off", "0", "false", "f", "0.0")
NET = {str: "System.String", bool: "System.Boolean", int: "System.Int32", float: "System.Decimal",
       list: "System.Object[]", dict: "System.Collections.Hashtable"}  # fmt: skip
PASSED = ("check_mode", "debug", "diff", "keep_remote_files", "ignore_unknown_opts", "inject_invocation", "module_name",
          "no_log", "remote_tmp", "selinux_special_fs", "shell_executable", "socket", "syslog_facility",
          "target_log_info", "tracebacks_for", "tmpdir", "verbosity", "version")  # fmt: skip


class ArgumentsRefusedError(Exception):
    """The module fails before it does anything; the message is Windows' own."""


class Validator:
    """Parser of one module's arguments. `expand` replaces %VARIABLES%; `sid` finds an account's SID or None."""

    def __init__(self, module: str, expand: Callable[[str], str], sid: Callable[[str], str | None]) -> None:
        self.module = module
        self._expand, self._sid = expand, sid
        self._context: list[str] = []
        self._ignore_unknown = False

    def parse(self, spec: ModuleSpec, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Parsed arguments, every option present (None when not given)."""
        given = {
            name: copy.deepcopy(item) for name, item in arguments.items() if not name.startswith("_ansible_")
        }
        for name in arguments:
            if (
                name.startswith("_ansible_")
                and name.removeprefix("_ansible_") not in PASSED
                and not spec.legacy
            ):
                given[name] = arguments[name]
        if spec.legacy:
            return self._legacy(spec, given)
        checked = spec.spec
        if spec.takes_any:
            known = {name.lower() for name in spec.names()}
            more = {
                name: {"type": "raw"}
                for name in given
                if name.lower() not in known and not name.startswith("_")
            }
            checked = {**checked, "options": {**checked["options"], **more}}
        self._ignore_unknown = bool(arguments.get("_ansible_ignore_unknown_opts"))
        self._check(checked, given)
        return given

    def _check(self, spec: Mapping[str, Any], given: dict[str, Any]) -> None:
        options: Mapping[str, Any] = spec.get("options") or {}
        legal = list(options)
        for name, option in options.items():
            for alias in as_list(option.get("aliases")):
                legal.append(alias)
                if alias in given:
                    given[name] = given[alias]
        self._unsupported(given, legal)
        self._exclusive(spec, given)
        self._required(options, given)
        for name, option in options.items():
            if given.get(name) is not None:
                given[name] = self._converted(name, option, given[name])
        self._relations(spec, given)
        for name, option in options.items():
            given.setdefault(name, None)
            self._sub_options(name, option, given)

    def _unsupported(self, given: dict[str, Any], legal: list[str]) -> None:
        by_lower = {name.lower(): name for name in reversed(legal)}
        unknown = sorted(name for name in given if name.lower() not in by_lower)
        if unknown and not self._ignore_unknown:
            message = f"Unsupported parameters for ({self.module}) module: {', '.join(unknown)}"
            self._fail(
                f"{self._in_context(message)}. Supported parameters include: {', '.join(sorted(legal))}",
                plain=True,
            )
        for name in [name for name in given if name not in legal and name not in unknown]:
            given[by_lower[name.lower()]] = given.pop(name)

    def _exclusive(self, spec: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        for names in _rules(spec.get("mutually_exclusive")):
            if sum(name in given for name in names) > 1:
                self._fail(f"parameters are mutually exclusive: {', '.join(names)}")

    def _required(self, options: Mapping[str, Any], given: dict[str, Any]) -> None:
        for name, option in options.items():
            if option.get("default") is not None and name not in given:
                given[name] = copy.deepcopy(option["default"])
        missing = [name for name, option in options.items() if option.get("required") and name not in given]
        if missing:
            self._fail(f"missing required arguments: {', '.join(missing)}")

    def _converted(self, name: str, option: Mapping[str, Any], item: Any) -> Any:
        kind = option.get("type", "str")
        try:
            converted = self._convert(kind, item)
        except (ValueError, TypeError) as error:
            actual = NET.get(type(item), "System.Object")
            self._fail(
                f"argument for {name} is of type {actual} and we were unable to convert to {kind}: {error}"
            )
        choices = [str(choice) for choice in as_list(option.get("choices"))]
        if choices:
            values = [str(v) for v in converted] if kind == "list" else [str(converted)]
            allowed = {choice.lower() for choice in choices}
            wrong = [v for v in values if v.lower() not in allowed]
            if wrong:
                how = "one or more of" if kind == "list" else "one of"
                self._fail(
                    f"value of {name} must be {how}: {', '.join(choices)}. Got no match for: {', '.join(wrong)}"
                )
        return converted

    def _relations(self, spec: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        for names in _rules(spec.get("required_together")):
            if len({name in given for name in names}) == 2:
                self._fail(f"parameters are required together: {', '.join(names)}")
        for names in _rules(spec.get("required_one_of")):
            if not any(name in given for name in names):
                self._fail(f"one of the following is required: {', '.join(names)}")
        for rule in _rules(spec.get("required_if")):
            key, wanted, names, *rest = rule
            any_is_enough = bool(rest and rest[0])
            if given.get(key) is None or _string(given[key]) != _string(wanted):
                continue
            missing = [name for name in as_list(names) if name not in given]
            if len(missing) >= (len(as_list(names)) if any_is_enough else 1):
                term = "any" if any_is_enough else "all"
                self._fail(
                    f"{key} is {_string(wanted)} but {term} of the following are missing: {', '.join(missing)}"
                )
        for key, names in (spec.get("required_by") or {}).items():
            missing = [name for name in as_list(names) if name not in given]
            if key in given and missing:
                self._fail(f"missing parameter(s) required by '{key}': {', '.join(missing)}")

    def _sub_options(self, name: str, option: Mapping[str, Any], given: dict[str, Any]) -> None:
        kind, elements, item = option.get("type", "str"), option.get("elements"), given[name]
        if kind == "list" and elements is not None and item is not None:
            given[name] = [self._element(name, option, elements, element) for element in item]
        elif kind == "dict":
            given[name] = self._sub_spec(name, option, item)

    def _element(self, name: str, option: Mapping[str, Any], kind: str, element: Any) -> Any:
        if kind == "dict":
            return self._sub_spec(name, option, element)
        try:
            return self._convert(kind, element)
        except (ValueError, TypeError) as error:
            actual = NET.get(type(element), "System.Object")
            self._fail(
                f"argument for list entry {name} is of type {actual} and we were unable to convert to {kind}: {error}"
            )

    def _sub_spec(self, name: str, option: Mapping[str, Any], item: Any) -> Any:
        options = option.get("options") or {}
        if option.get("apply_defaults") and options and item is None:
            item = {}
        elif not options or item is None:
            return item
        self._context.append(name)
        try:
            parsed = dict(self._convert("dict", item))
            self._check(option, parsed)
        finally:
            self._context.pop()
        return parsed

    def _convert(self, kind: Any, item: Any) -> Any:
        match kind:
            case "str":
                return _string(item)
            case "bool":
                return _bool(item)
            case "int":
                return item if type(item) is int else _int(item)
            case "float":
                return float(_string(item))
            case "list":
                return _list(item)
            case "dict":
                return _dict(item)
            case "path":
                return self._path(_string(item))
            case "json":
                return json.dumps(item) if isinstance(item, dict) else _string(item)
            case "sid":
                sid = self._sid(_string(item))
                if sid is None:
                    raise ValueError("Some or all identity references could not be translated.")
                return sid
        return item  # raw, or a delegate

    def _path(self, item: str) -> str:
        if item.startswith("\\\\?\\"):
            return item
        item = self._expand(item)
        if re.search(r'[<>"|\x00-\x1f]', item):
            raise ValueError("string value contains invalid path characters, cannot convert to path")
        return item

    def _legacy(self, spec: ModuleSpec, given: dict[str, Any]) -> dict[str, Any]:
        parsed: dict[str, Any] = {}
        lower = {name.lower(): item for name, item in given.items()}  # a Hashtable of PowerShell ignores case
        for name, option in spec.options.items():
            names = [name, *as_list(option.get("aliases"))]
            found = next((n for n in names if n.lower() in lower), None)
            if found is None:
                if option.get("required"):
                    self._fail(f"Get-AnsibleParam: Missing required argument: {name}")
                parsed[name] = copy.deepcopy(option.get("default"))
                continue
            item = lower[found.lower()]
            choices = as_list(option.get("choices"))
            if choices and str(item).lower() not in [str(choice).lower() for choice in choices]:
                # A missing option takes its default; a wrong one fails, unless the call has failifempty and a text.
                allowed = ",".join(str(choice) for choice in choices)
                self._fail(f"Get-AnsibleParam: Argument {found} needs to be one of {allowed} but was {item}.")
            parsed[name] = self._legacy_value(found, option.get("type"), item)
        return parsed

    def _legacy_value(self, name: str, kind: Any, item: Any) -> Any:
        if item is None:
            return None
        match kind:
            case "path":
                return self._expand(_string(item))
            case "str":
                return _string(item)
            case "bool":
                return _string(item).lower() in ("yes", "on", "1", "true")
            case "int":
                try:
                    return int(_string(item))
                except ValueError:
                    return None  # -as [int]
            case "list":
                if isinstance(item, str):
                    return [part.strip() for part in item.split(",")]
                if isinstance(item, (list, int)):
                    return as_list(item)
                self._fail(f"Get-AnsibleParam: Parameter '{name}' is not a YAML list.")
        return item

    def _in_context(self, message: str) -> str:
        return f"{message} found in {' -> '.join(self._context)}" if self._context else message

    def _fail(self, message: str, *, plain: bool = False) -> Any:
        raise ArgumentsRefusedError(message if plain else self._in_context(message))


def _rules(rules: Any) -> list[list[Any]]:
    rules = as_list(rules)
    return [rules] if rules and not isinstance(rules[0], list) else rules


def _string(item: Any) -> str:
    if isinstance(item, bool):
        return "True" if item else "False"
    if isinstance(item, dict):
        return "System.Collections.Hashtable"
    if isinstance(item, list):
        return "System.Object[]"
    return str(item)


def _bool(item: Any) -> bool:
    if isinstance(item, bool):
        return item
    text = _string(item).lower().strip()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise ValueError(
        f"The value '{text}' is not a valid boolean. Valid booleans include: {', '.join(TRUE + FALSE)}"
    )


def _int(item: Any) -> int:
    if not re.fullmatch(r"\s*[+-]?\d+\s*", _string(item)):
        raise ValueError("Input string was not in a correct format.")
    number = int(_string(item))
    if not -(2**31) <= number < 2**31:
        raise ValueError("Value was either too large or too small for an Int32.")
    return number


def _list(item: Any) -> list[Any]:
    if isinstance(item, list):
        return item
    if isinstance(item, str):
        return [part.strip() for part in item.split(",")]
    if type(item) is int:
        return [item]
    raise ValueError(f"{NET.get(type(item), 'System.Object')} cannot be converted to a list")


def _dict(item: Any) -> dict[str, Any]:
    if isinstance(item, dict):
        return item
    if isinstance(item, str):
        if item.startswith("{") and item.endswith("}"):
            return dict(json.loads(item))
        if "=" in item:
            pairs = [pair.partition("=") for pair in re.split(r"[,\s]+", item) if pair]
            return {name: text if equal else None for name, equal, text in pairs}
        raise ValueError(
            "string cannot be converted to a dict, must either be a JSON string or in the key=value form"
        )
    raise ValueError(f"{NET.get(type(item), 'System.Object')} cannot be converted to a dict")
