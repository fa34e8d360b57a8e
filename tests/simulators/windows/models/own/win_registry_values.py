"""cartable.fleet.win_registry_values: mirrors plugins/modules/win_registry_values.ps1."""

from __future__ import annotations

import re
from typing import Any

from ..api import Call, Result, model

LIMITS = {"dword": 2**32, "qword": 2**64}


def shown(kind: str, data: Any) -> str:
    """A value as the module's diff has it."""
    return f"{kind}:" + (r"\0".join(map(str, data)) if isinstance(data, list) else str(data))


def converted(call: Call, label: str, kind: str, data: Any) -> Any:
    """The data as .NET stores it; a failure for what a cast refuses."""
    if kind in LIMITS:
        try:
            number = int(data)
        except (TypeError, ValueError):
            number = -1
        if not 0 <= number < LIMITS[kind]:
            call.fail(
                f'The registry value {label} cannot be set: Cannot convert value "{data}" to type "System.UInt32".'
            )
        return number
    if kind == "multistring":
        return [str(item) for item in (data if isinstance(data, list) else [data])]
    return str(data)


@model("cartable.fleet.win_registry_values")
def win_registry_values(call: Call) -> Result:
    registry, changed, before, after = call.state.registry, [], [], []
    seen: dict[str, str] = {}
    for entry in call.params["entries"]:
        path, name = entry["path"], entry["name"]
        label = f"{path}\\{name}"
        if not re.match(r"(?i)^(HKLM|HKU):\\(.+?)\\?$", path):
            call.fail(
                f"{label} is not below HKLM:\\ or HKU:\\; give the path of a key as HKLM:\\SOFTWARE\\..."
            )
        found = registry.value(path, name)
        if found is not None:
            text = shown(found.type, found.data)
            seen[label] = text if entry["state"] == "present" else text.partition(":")[0]
        present = entry["state"] == "present"
        data = converted(call, label, entry["type"], entry["data"]) if present else None
        if (found is None and not present) or (
            present and found and (found.type, found.data) == (entry["type"], data)
        ):
            continue
        changed.append(label)
        if found:
            before.append(f"{label} = {shown(found.type, found.data)}")
        if present:
            after.append(f"{label} = {shown(entry['type'], data)}")
        if call.check:
            continue
        if present:
            registry.set(path, name, data, entry["type"])
        else:
            registry.delete_value(path, name)
    call.set_diff("\n".join(before) + "\n", "\n".join(after) + "\n")
    return {"changed": bool(changed), "changed_values": changed, "seen": seen}
