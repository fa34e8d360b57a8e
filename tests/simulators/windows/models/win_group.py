"""ansible.windows.win_group: mirrors win_group.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from typing import Any

from ..state.accounts import Group
from .api import Call, Result, model


def _diff(call: Call, name: str, description: str, members: list[str]) -> dict[str, Any]:
    names = {call.state.accounts.name_of(sid, call.state.system.name) for sid in members}
    return {"name": name, "description": description, "members": sorted(names)}


@model("ansible.windows.win_group", version="3.8.0")
def win_group(call: Call) -> Result:
    params, accounts = call.params, call.state.accounts
    name = params["name"]
    group = next((group for group in accounts.groups if group.name.lower() == name.lower()), None)
    before = _diff(call, name, group.description, group.members) if group else None
    if params["state"].lower() == "absent":
        call.set_diff(before, None)
        if group is not None and not call.check:
            accounts.groups.remove(group)
        return {"changed": group is not None, "sid": group.sid if group else None}
    changed, made = group is None, group is None
    if group is None:
        if call.check:
            call.set_diff(before, {"name": name, "description": params["description"], "members": []})
            return {"changed": True, "sid": "S-1-5-0000"}
        group = accounts.add_group(name)
    description = group.description if params["description"] is None else params["description"]
    changed = changed or description.lower() != group.description.lower()
    after = _members(call, group, params["members"] or {})
    changed = changed or set(after) != set(group.members)
    if not call.check:
        group.description, group.members = description, after
    call.set_diff(None if made else before, _diff(call, name, description, after))
    return {"changed": changed, "sid": group.sid}


def _members(call: Call, group: Group, wanted: dict[str, Any]) -> list[str]:
    def sids(names: list[str] | None) -> list[str]:
        found = []
        for name in names or []:
            sid = call.state.accounts.resolve(name)
            if sid is None:
                call.fail(
                    f"Unhandled exception while executing module: Failed to translate '{name}' to a SecurityIdentifier: "
                    "Some or all identity references could not be translated."
                )
            found.append(str(sid))
        return found

    if wanted.get("set") is not None:
        return sids(wanted["set"])
    removed = sids(wanted.get("remove"))
    kept = [sid for sid in group.members if sid not in removed]
    return kept + [sid for sid in sids(wanted.get("add")) if sid not in kept]
