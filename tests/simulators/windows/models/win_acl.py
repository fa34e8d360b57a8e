"""ansible.windows.win_acl, win_acl_inheritance and win_owner: mirror their .ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

import re

from ..state.files import Entry, Rule
from .api import Call, Result, model

FILE_RIGHTS = {
    "AppendData", "ChangePermissions", "CreateDirectories", "CreateFiles", "Delete", "DeleteSubdirectoriesAndFiles",
    "ExecuteFile", "FullControl", "ListDirectory", "Modify", "Read", "ReadAndExecute", "ReadAttributes", "ReadData",
    "ReadExtendedAttributes", "ReadPermissions", "Synchronize", "TakeOwnership", "Traverse", "Write", "WriteAttributes",
    "WriteData", "WriteExtendedAttributes",
}  # fmt: skip
REGISTRY_RIGHTS = {"FullControl", "ReadKey", "WriteKey", "SetValue", "QueryValues", "CreateSubKey", "EnumerateSubKeys",
                   "Delete", "ReadPermissions", "ChangePermissions", "TakeOwnership"}  # fmt: skip


def _rules(call: Call, path: str) -> tuple[list[Rule], bool, bool]:
    """Rules of a file, folder or registry key, whether it is a leaf, and whether it is a key."""
    if re.match(r"(?i)HK(LM|CU|U|CR|CC):", path):
        target = call.registry_path(path)
        if not call.state.registry.exists(target):
            call.fail(f"{path} file or directory does not exist on the host")
        stored = (
            call.state.extra.setdefault("registry_acls", {})
            if not call.check
            else call.state.extra.get("registry_acls", {})
        )
        rules = [Rule(**rule) for rule in stored.get(target.lower(), [])]
        return rules, False, True
    entry = _entry(call, path)
    return entry.rules, not entry.directory, False


def _entry(call: Call, path: str) -> Entry:
    entry = call.state.files.get(path)
    if entry is None:
        call.fail(f"{path} file or directory does not exist on the host")
        raise AssertionError
    return entry


@model("ansible.windows.win_acl", version="3.8.0")
def win_acl(call: Call) -> Result:
    params = call.params
    rules, leaf, key = _rules(call, params["path"])
    sid = call.sid(params["user"])
    inherit = "None" if leaf else params["inherit"] or "ContainerInherit, ObjectInherit"
    known = {right.lower(): right for right in (REGISTRY_RIGHTS if key else FILE_RIGHTS)}
    names = [name.strip() for name in params["rights"].split(",")]
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        call.fail(
            f"an error occurred when attempting to {params['state']} {params['rights']} permission(s) on {params['path']} for "
            f'{params["user"]} - Cannot convert value "{params["rights"]}" to type "System.Security.AccessControl.'
            f'{"RegistryRights" if key else "FileSystemRights"}".'
        )
    rights = ", ".join(sorted({known[name.lower()] for name in names}))
    wanted = Rule(sid, rights, params["type"].lower(), inherit, params["propagation"] or "None")
    match = wanted in rules
    if (params["state"].lower() == "present") == match:
        return {"msg": "the specified rule already exists" if match else "the specified rule does not exist"}
    if not call.check:
        rules.remove(wanted) if match else rules.append(wanted)
        if key:
            call.state.extra["registry_acls"][call.registry_path(params["path"]).lower()] = [
                vars(rule) for rule in rules
            ]
    return {"changed": True}


@model("ansible.windows.win_acl_inheritance", version="3.8.0")
def win_acl_inheritance(call: Call) -> Result:
    entry = _entry(call, call.params["path"])
    wanted = call.params["state"].lower() == "present"
    if entry.inherits == wanted:
        return {}
    if not call.check:
        entry.inherits = wanted
    return {"changed": True}


@model("ansible.windows.win_owner", version="3.8.0")
def win_owner(call: Call) -> Result:
    entry, sid = _entry(call, call.params["path"]), call.sid(call.params["user"])
    below = call.state.files.below(entry.path) if call.params["recurse"] else []
    changed = [item for item in [entry, *below] if item.owner != sid]
    if not call.check:
        for item in changed:
            item.owner = sid
    return {"changed": bool(changed)}
