"""community.windows.win_security_policy: mirrors win_security_policy.ps1 of community.windows 3.3.0."""

from __future__ import annotations

from typing import Any

from ..state import security_policy
from .api import Call, Result, model


def _parsed(value: Any) -> Any:
    """A value as the module's ConvertFrom-Ini reads it: only digits are a number ("-1" stays text)."""
    text = str(value)
    return int(text) if text.isdigit() else text


def _differs(current: Any, wanted: Any) -> bool:
    """PowerShell's `$current -cne $wanted`: the right side is converted to the left side's type."""
    if isinstance(current, int):
        text = str(wanted).strip()
        return not (text.lstrip("-").isdigit() and int(text) == current)
    return bool(current != str(wanted))


@model("community.windows.win_security_policy", version="3.3.0")
def win_security_policy(call: Call) -> Result:
    section, key, value = call.params["section"], call.params["key"], call.params["value"]
    result: Result = {"section": section, "key": key, "value": value}
    if section == "Privilege Rights":
        call.warn(
            "Using this module to edit rights and privileges is error-prone, use the ansible.windows.win_user_right module instead"
        )
    sections = security_policy.exported(call.state)
    found = next((name for name in sections if name.lower() == section.lower()), None)
    if found is None:
        return dict(call.fail(f"The section '{section}' does not exist in SecEdit.exe output ini", **result))
    current = {name.lower(): _parsed(item) for name, item in sections[found].items()}.get(key.lower())
    if current is None and str(value) == "":
        return result
    if current is not None and not _differs(current, value):
        return result
    before = f"-{key} = {current}\n" if current is not None else ""
    call.difference = {"prepared": f"[{section}]\n{before}+{key} = {value}"}
    if call.check:
        return result | {"changed": True}
    name = next((name for name in sections[found] if name.lower() == key.lower()), key)
    security_policy.configure(call.state, sections | {found: sections[found] | {name: value}})
    result |= {"changed": True, "import_log": ""}
    after = {n.lower(): _parsed(item) for n, item in security_policy.exported(call.state)[found].items()}.get(
        key.lower()
    )
    if after is None and str(value) != "":
        call.fail(
            f"The key '{key}' in section '{section}' is not a valid key, cannot set this value", **result
        )
    if after is not None and _differs(after, value):
        call.fail(
            f"Failed to change the value for key '{key}' in section '{section}', the value is still {after}",
            **result,
        )
    return result
