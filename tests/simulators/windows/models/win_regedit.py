"""ansible.windows.win_regedit: mirrors win_regedit.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

import re
from typing import Any

from ..state.registry import Registry, Value
from .api import Call, Result, model

KINDS = {"none": "None", "binary": "Binary", "dword": "DWord", "expandstring": "ExpandString",
         "multistring": "MultiString", "string": "String", "qword": "QWord"}  # fmt: skip
LIMITS = {"dword": 2**32 - 1, "qword": 2**64 - 1}


def shown(value: Value) -> dict[str, Any]:
    """A value as the module's diff has it."""
    data = value.data
    if value.type in ("binary", "none"):
        data = [f"0x{byte:02x}" for byte in data]
    elif value.type in LIMITS:
        data = f"0x{data:0{8 if value.type == 'dword' else 16}x}"
    return {"type": KINDS[value.type], "value": data}


def converted(call: Call, kind: str, data: Any, name: str | None) -> Any:
    """The data as the registry stores it; a failure for what the module refuses."""
    if kind in ("binary", "none"):
        return _bytes(call, data)
    if kind in LIMITS:
        return _number(call, kind, data)
    if kind == "multistring":
        return [str(item) for item in (data if isinstance(data, list) else [] if data is None else [data])]
    if data is None:
        return "" if name else None
    return {True: "True", False: "False"}.get(data, str(data)) if isinstance(data, bool) else str(data)


def _bytes(call: Call, data: Any) -> list[int]:
    if isinstance(data, int) and data > 255:
        call.fail(
            f"cannot convert binary data '{data}' to byte array, please specify this value as a yaml byte array or a "
            "comma separated hex value string"
        )
    if isinstance(data, int):
        return [data]
    if isinstance(data, list):
        return [int(item) for item in data]
    text = re.sub(r"[^a-f0-9\\,x\-:]", "", re.sub(r"^hex:", "", (data or "").lower())).replace(",", ":")
    if not text:
        return []
    if ":" in text:
        return [int(part, 16) for part in re.split(":+", text)]
    if len(text) == 1:
        return [int(text, 16)]
    return (
        [int(text[index : index + 2], 16) for index in range(0, len(text), 2)] if len(text) % 2 == 0 else []
    )


def _number(call: Call, kind: str, data: Any) -> int:
    if isinstance(data, float) and data % 1:
        call.fail(
            f"data '{data}' cannot be a decimal or float value with a remainder when type is dword or qword"
        )
    try:
        number = int(data or 0)
    except ValueError:
        call.fail(
            f'Unhandled exception while executing module: Cannot convert value "{data}" to type "System.UInt64". '
            'Error: "Input string was not in a correct format."'
        )
    if number > LIMITS[kind]:
        call.fail(f"data cannot be larger than {LIMITS[kind]:#x} when type is {kind}")
    return number % (LIMITS[kind] + 1)  # a negative number is stored as its two's complement


@model("ansible.windows.win_regedit", version="3.8.0")
def win_regedit(call: Call) -> Result:
    params = call.params
    kind = params["type"].lower()
    if params["name"] is None and kind != "string":
        call.warn(
            "the data type when name is not specified can only be 'string', the type has automatically been converted"
        )
        kind = "string"
    if not re.match(r"(?i)HK(CC|CR|CU|LM|U):\\", params["path"]):
        call.fail(
            f"path: {params['path']} is not a valid powershell path, see module documentation for examples."
        )
    name = params["name"] or None
    data = converted(call, kind, params["data"], name)
    result: Result = {"changed": False, "data_changed": False, "data_type_changed": False}
    call.set_diff("", "")
    registry, path = call.state.registry, call.registry_path(params["path"])
    if params["hive"]:
        registry, path = _loaded_hive(call, params["hive"], path)
    if params["state"].lower() == "absent":
        return result | _absent(call, registry, path, name)
    return result | _present(call, registry, path, Value(name or "", kind, data))


def _loaded_hive(call: Call, hive: str, path: str) -> tuple[Registry, str]:
    """A user's NTUSER.DAT, loaded as HKLM:\\ANSIBLE: here the state's own hive of that profile."""
    if not call.state.files.exists(hive):
        call.fail(f"hive at path '{hive}' is not valid or accessible, cannot load hive")
    owner = "DEFAULT" if "\\default\\" in hive.lower() else hive.split("\\")[2]
    user = call.state.accounts.find_user(owner)
    target = rf"HKU\{user.sid}" if user else rf"HKU\{owner}.profile"
    return call.state.registry, re.sub(r"(?i)^HKLM:\\ANSIBLE", lambda _: target, path)


def _absent(call: Call, registry: Registry, path: str, name: str | None) -> Result:
    printed = call.params["path"]
    if not registry.exists(path):
        return {}
    if call.params["delete_key"] and not name:
        if not call.check:
            registry.delete(path)
        call.set_diff({printed: {}}, {})
        return {"changed": True}
    value = registry.value(path, name or "")
    if value is None:
        return {}
    if not call.check:
        registry.delete_value(path, name or "")
    call.set_diff({printed: {name or "": shown(value)}}, {printed: {}})
    return {"changed": True}


def _present(call: Call, registry: Registry, path: str, wanted: Value) -> Result:
    printed, result = call.params["path"], {}
    exists = registry.exists(path)
    before: dict[str, Any] = {printed: {}} if exists else {}
    after: dict[str, Any] = {printed: {}}
    call.set_diff(before, after)
    if not exists:
        result["changed"] = True
        if not call.check:
            registry.create(path)
    if wanted.data is None or (not exists and call.check):
        return result
    current = registry.value(path, wanted.name)
    after[printed][wanted.name] = shown(wanted)
    if current is not None:
        before.setdefault(printed, {})[wanted.name] = shown(current)
        result["data_type_changed"] = current.type != wanted.type
        result["data_changed"] = current.data != wanted.data
        if not result["data_type_changed"] and not result["data_changed"]:
            return result
    if not call.check:
        registry.set(path, wanted.name, wanted.data, wanted.type)
    return result | {"changed": True}
