"""cartable.fleet.win_security_settings: mirrors plugins/modules/win_security_settings.ps1, secedit and auditpol."""

from __future__ import annotations

from typing import Any

from ...state import security_policy
from ...state.pc_state import PCState
from ...state.security_policy import SYSTEM_ACCESS
from ..api import Call, Result, model

START_TYPES = {"disabled": "Disabled", "manual": "Manual"}  # Get-Service calls a delayed start Automatic, too
STATES = {"stopped": "Stopped", "started": "Running", "paused": "Paused"}
SETTINGS = ("none", "success", "failure", "success and failure")


def exported(state: PCState) -> dict[str, str]:
    """The section System Access as ``secedit /export`` writes it, without quotation marks."""
    return {name: str(value) for name, value in security_policy.exported(state)[SYSTEM_ACCESS].items()}


def configure(state: PCState, values: dict[str, Any]) -> None:
    """What ``secedit /configure`` does: an unknown name is ignored, as its log says and its exit status does not [K]."""
    security_policy.configure(state, {SYSTEM_ACCESS: values})


@model("cartable.fleet.win_security_settings")
def win_security_settings(call: Call) -> Result:
    state, wanted = call.state, dict(call.params["account_policy"])
    found = exported(state)
    differing = {name: str(value) for name, value in wanted.items() if found.get(name, "") != str(value)}
    seen = {name: found[name] for name in wanted if name in found}
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
        seen[label] = SETTINGS[state.audit_policy[guid]]
        setting = int(entry["success"]) + 2 * int(entry["failure"])
        if state.audit_policy[guid] != setting:
            before[label], after[label] = SETTINGS[state.audit_policy[guid]], SETTINGS[setting]
            to_audit[guid] = setting
    to_disable = []
    for name in call.params["disabled_services"]:
        service = state.services.get(name.lower())
        if service is None:
            continue
        seen[name] = f"{START_TYPES.get(service.start_mode, 'Automatic')}, {STATES[service.state]}"
        if seen[name] != "Disabled, Stopped":
            before[name], after[name] = seen[name], "Disabled, Stopped"
            to_disable.append(service)
    call.set_diff(before, after)
    if not call.check:
        for service in to_disable:
            service.start_mode, service.state = "disabled", "stopped"
        if differing:
            configure(state, wanted)
            now = exported(state)
            refused = [name for name, value in wanted.items() if now.get(name, "") != str(value)]
            if refused:
                call.fail(f"Windows did not take these values of the security policy: {', '.join(refused)}")
        state.audit_policy |= to_audit
    return {"changed": bool(after), "seen": seen}
