"""ansible.windows.win_user_right: mirrors win_user_right.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model

RIGHTS = {
    "SeNetworkLogonRight", "SeInteractiveLogonRight", "SeBatchLogonRight", "SeServiceLogonRight",
    "SeRemoteInteractiveLogonRight", "SeDenyNetworkLogonRight", "SeDenyInteractiveLogonRight", "SeDenyBatchLogonRight",
    "SeDenyServiceLogonRight", "SeDenyRemoteInteractiveLogonRight", "SeShutdownPrivilege", "SeRemoteShutdownPrivilege",
    "SeBackupPrivilege", "SeRestorePrivilege", "SeDebugPrivilege", "SeTakeOwnershipPrivilege", "SeSystemtimePrivilege",
    "SeTimeZonePrivilege", "SeLoadDriverPrivilege", "SeSecurityPrivilege", "SeImpersonatePrivilege",
    "SeCreateSymbolicLinkPrivilege", "SeIncreaseQuotaPrivilege", "SeAuditPrivilege",
}  # fmt: skip


@model("ansible.windows.win_user_right", version="3.8.0")
def win_user_right(call: Call) -> Result:
    wanted_name, action = call.params["name"], call.params["action"].lower()
    accounts, computer = call.state.accounts, call.state.system.name
    wanted = []
    for user in call.params["users"]:
        sid = accounts.resolve(user)
        if sid is None:
            call.fail(f"Failed to translate the account '{user}' to a SID")
        wanted.append(str(sid))
    name = next((right for right in RIGHTS if right.lower() == wanted_name.lower()), None)
    if name is None:
        return dict(call.fail(f"the specified right {wanted_name} is not a valid right"))
    existing = call.state.user_rights.get(name, [])
    add = [sid for sid in dict.fromkeys(wanted) if sid not in existing] if action != "remove" else []
    remove = {
        "add": [],
        "remove": [sid for sid in existing if sid in wanted],
        "set": [sid for sid in existing if sid not in wanted],
    }[action]
    after = [sid for sid in existing if sid not in remove] + add
    shown = {sid: accounts.name_of(sid, computer) for sid in (*existing, *wanted)}
    call.set_diff({wanted_name: [shown[s] for s in existing]}, {wanted_name: [shown[s] for s in after]})
    if not call.check:
        call.state.user_rights[name] = after
    return {
        "changed": bool(add or remove),
        "added": [shown[sid] for sid in add],
        "removed": [shown[sid] for sid in remove],
    }
