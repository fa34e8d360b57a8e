"""cartable.fleet.win_security_settings: mirrors plugins/modules/win_security_settings.ps1, secedit and auditpol."""

from __future__ import annotations

from typing import Any

from ...state.pc_state import PCState
from ..api import Call, Result, model

SETTINGS = ("none", "success", "failure", "success and failure")
LOCKOUT = ("LockoutDuration", "ResetLockoutCount")  # not exported, and refused, while the threshold is 0 [K]
BUILT_IN = {"NewAdministratorName": 500, "NewGuestName": 501}
SWITCHES = {"EnableAdminAccount": 500, "EnableGuestAccount": 501}


def exported(state: PCState) -> dict[str, str]:
    """The section System Access as ``secedit /export`` writes it, without quotation marks."""
    found = {name: str(value).strip('"') for name, value in state.security_policy.items()}
    for user in state.accounts.users:
        for names, value in ((BUILT_IN, user.name), (SWITCHES, str(int(user.enabled)))):
            found |= {name: value for name, rid in names.items() if rid == user.rid}
    if found.get("LockoutBadCount") == "0":
        for name in LOCKOUT:
            found.pop(name, None)
    return found


def configure(state: PCState, values: dict[str, Any]) -> None:
    """What ``secedit /configure`` does: an unknown name is ignored, as its log says and its exit status does not [K]."""
    for name, value in values.items():
        for user in state.accounts.users:
            if BUILT_IN.get(name) == user.rid:
                user.name = str(value)
            if SWITCHES.get(name) == user.rid:
                user.enabled = str(value) == "1"
        if name in state.security_policy:
            text = str(value)
            state.security_policy[name] = int(text) if text.lstrip("-").isdigit() else f'"{text}"'
    if str(state.security_policy.get("LockoutBadCount")) != "0":
        for name in LOCKOUT:
            state.security_policy.setdefault(name, 30)


@model("cartable.fleet.win_security_settings")
def win_security_settings(call: Call) -> Result:
    state, wanted = call.state, dict(call.params["account_policy"])
    found = exported(state)
    differing = {name: str(value) for name, value in wanted.items() if found.get(name, "") != str(value)}
    before: dict[str, str] = {name: found.get(name, "") for name in differing}
    after = dict(differing)
    to_audit: dict[str, int] = {}
    for entry in call.params["audit_policy"]:
        guid = entry["subcategory"].strip("{}").lower()
        label = "{" + guid.upper() + "}"
        if guid not in state.audit_policy:
            call.fail(
                f"{label} is no subcategory of this Windows; give its GUID as 'auditpol /list /subcategory:* /v' shows it"
            )
        setting = int(entry["success"]) + 2 * int(entry["failure"])
        if state.audit_policy[guid] != setting:
            before[label], after[label] = SETTINGS[state.audit_policy[guid]], SETTINGS[setting]
            to_audit[guid] = setting
    call.set_diff(before, after)
    if not call.check:
        if differing:
            configure(state, wanted)
            now = exported(state)
            refused = [name for name, value in wanted.items() if now.get(name, "") != str(value)]
            if refused:
                call.fail(f"Windows did not take these values of the security policy: {', '.join(refused)}")
        state.audit_policy |= to_audit
    return {"changed": bool(after)}
