"""ansible.windows.win_reg_stat: mirrors win_reg_stat.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from typing import Any

from ..state.registry import Value
from .api import Call, Result, model

NAMES = {"none": "REG_NONE", "binary": "REG_BINARY", "dword": "REG_DWORD", "expandstring": "REG_EXPAND_SZ",
         "multistring": "REG_MULTI_SZ", "string": "REG_SZ", "qword": "REG_QWORD"}  # fmt: skip


def _shown(call: Call, value: Value) -> dict[str, Any]:
    raw = [f"0x{byte:02x}" for byte in value.data] if value.type in ("binary", "none") else value.data
    expanded = call.expand(value.data) if value.type == "expandstring" else value.data
    return {"raw_value": raw, "type": NAMES[value.type], "value": expanded}


@model("ansible.windows.win_reg_stat", version="3.8.0")
def win_reg_stat(call: Call) -> Result:
    path, registry = call.registry_path(call.params["path"]), call.state.registry
    name = call.params["name"]
    if not registry.exists(path):
        return {"exists": False}
    if name is None:
        properties = {value.name: _shown(call, value) for value in registry.values(path)}
        return {"exists": True, "properties": properties, "sub_keys": registry.subkeys(path)}
    value = registry.value(path, name)
    return {"exists": False} if value is None else {"exists": True} | _shown(call, value)
