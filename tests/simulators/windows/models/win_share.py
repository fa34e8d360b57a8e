"""ansible.windows.win_share: mirrors win_share.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from ..state.system import Share
from .api import Call, Result, model

RIGHTS = ("full", "change", "read", "deny")


@model("ansible.windows.win_share", version="3.8.0")
def win_share(call: Call) -> Result:
    params, shares = call.params, call.state.shares
    name, actions = params["name"], []
    share = next((share for share in shares if share.name.lower() == name.lower()), None)
    if params["state"].lower() == "absent":
        if share is None:
            return {"actions": []}
        if not call.check:
            shares.remove(share)
        return {"changed": True, "actions": [f"Remove-SmbShare -Force -Name {name}"]}
    path = params["path"]
    if path is None:
        call.fail("Get-AnsibleParam: Missing required argument: path")
    access = _access(call)
    if not call.state.files.is_directory(path):
        call.fail(f"{path} directory does not exist on the host", actions=[])
    path = path.rstrip("\\") if len(path) > 3 else path
    if share is None:
        actions.append(f"New-SmbShare -Name {name} -Path {path}")
        if call.check:
            return {"changed": True, "actions": actions}
        share = Share(name, path, access={"S-1-1-0": "read"})  # New-SmbShare lets everyone read
        shares.append(share)
    actions += _properties(call, share, path)
    actions += _permissions(call, share, access)
    return {"changed": bool(actions), "actions": actions}


def _access(call: Call) -> dict[str, str]:
    """SID -> right; a stronger right implies the weaker ones."""
    access: dict[str, str] = {}
    for right in RIGHTS:
        for account in (call.params[right] or "").split(","):
            if account.strip():
                access.setdefault(call.sid(account.strip()), right)
    return access


def _properties(call: Call, share: Share, path: str) -> list[str]:
    params, actions = call.params, []
    wanted = {
        "path": path,
        "description": params["description"] or "",
        "enumeration": "Unrestricted" if params["list"] else "AccessBased",
        "caching": (params["caching_mode"] or "Manual").lower(),
        "encrypt": bool(params["encrypt"]),
    }
    for attribute, value in wanted.items():
        if getattr(share, attribute) != value:
            actions.append(f"Set-SmbShare -Force -Name {share.name} -{attribute} {value}")
            if not call.check:
                setattr(share, attribute, value)
    return actions


def _permissions(call: Call, share: Share, access: dict[str, str]) -> list[str]:
    actions, names = [], call.state.accounts
    kept = dict(share.access)
    if (call.params["rule_action"] or "set").lower() == "set":
        for sid, right in share.access.items():
            if access.get(sid) != right:
                verb = "Unblock" if right == "deny" else "Revoke"
                actions.append(
                    f"{verb}-SmbShareAccess -Force -Name {share.name} -AccountName {names.name_of(sid, call.state.system.name)}"
                )
                del kept[sid]
    for sid, right in access.items():
        if kept.get(sid) != right:
            verb = "Block" if right == "deny" else "Grant"
            account = names.name_of(sid, call.state.system.name)
            actions.append(
                f"{verb}-SmbShareAccess -Force -Name {share.name} -AccountName {account} -AccessRight {right.capitalize()}"
            )
            kept[sid] = right
    if not call.check:
        share.access = kept
    return actions
