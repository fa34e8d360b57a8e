"""ansible.windows.win_group_membership: mirrors win_group_membership.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model


@model("ansible.windows.win_group_membership", version="3.8.0")
def win_group_membership(call: Call) -> Result:
    accounts, name, state = call.state.accounts, call.params["name"], call.params["state"].lower()
    computer = call.state.system.name
    group = next(
        (group for group in accounts.groups if group.name.lower() == name.lower()), None
    )  # by name only
    result: Result = {"name": name}
    if state in ("present", "pure"):
        result["added"] = []
    if state in ("absent", "pure"):
        result["removed"] = []
    if group is None:
        return dict(call.fail(f"Could not find local group {name}", **result))
    wanted = list(dict.fromkeys(call.sid(member) for member in call.params["members"]))
    members = list(group.members)
    add = [sid for sid in wanted if sid not in members] if state != "absent" else []
    remove = [sid for sid in wanted if sid in members] if state == "absent" else []
    if state == "pure":
        remove = [sid for sid in members if sid not in wanted]
    after = [sid for sid in members if sid not in remove] + add
    if not call.check:
        group.members[:] = after
    shown = {sid: accounts.name_of(sid, computer) for sid in (*members, *wanted)}
    if "added" in result:
        result["added"] = [shown[sid] for sid in add]
    if "removed" in result:
        result["removed"] = [shown[sid] for sid in remove]
    return result | {"changed": bool(add or remove), "members": [shown[sid] for sid in after]}
