"""cartable.fleet.win_defender: mirrors plugins/modules/win_defender.ps1 and the cmdlets of Defender."""

from __future__ import annotations

from typing import Any

from ...state.pc_state import PCState
from ..api import Call, Result, model

NAMES = {
    "cloud_protection": "MAPSReporting",
    "sample_submission": "SubmitSamplesConsent",
    "pua_protection": "PUAProtection",
    "network_protection": "EnableNetworkProtection",
    "signature_update_hours": "SignatureUpdateInterval",
    "scan_day": "ScanScheduleDay",
}
DEFAULTS = {
    "MAPSReporting": 2,
    "SubmitSamplesConsent": 1,
    "PUAProtection": 0,
    "EnableNetworkProtection": 0,
    "SignatureUpdateInterval": 0,
    "ScanScheduleDay": 0,
    "ExclusionPath": [],
}


def status(state: PCState) -> dict[str, Any] | None:
    """What Get-MpComputerStatus tells; None where Defender is not running."""
    defender = state.defender
    if not defender.running:
        return None
    return {
        "AMServiceEnabled": defender.running,
        "AntivirusEnabled": defender.antivirus_enabled,
        "RealTimeProtectionEnabled": defender.real_time,
        "AMRunningMode": defender.mode,
        "AMProductVersion": defender.product_version,
        "AMEngineVersion": defender.engine_version,
        "AntivirusSignatureVersion": defender.signature_version,
        "AntivirusSignatureAge": defender.signature_age_days,
        "IsTamperProtected": defender.tamper_protected,
    }


def _preferences(state: PCState) -> dict[str, Any]:
    return {
        **DEFAULTS,
        **state.defender.preferences,
        "DisableRealtimeMonitoring": not state.defender.real_time,
    }


def _difference(call: Call) -> dict[str, Any]:
    found, preferences = {}, _preferences(call.state)
    for option, name in NAMES.items():
        if call.params[option] is not None and preferences[name] != call.params[option]:
            found[name] = call.params[option]
    realtime, paths = call.params["realtime_monitoring"], call.params["exclusion_paths"]
    if realtime is not None and preferences["DisableRealtimeMonitoring"] == realtime:
        found["DisableRealtimeMonitoring"] = not realtime
    if paths is not None and sorted(paths) != sorted(preferences["ExclusionPath"]):
        found["ExclusionPath"] = list(paths)
    return found


@model("cartable.fleet.win_defender")
def win_defender(call: Call) -> Result:
    state = call.state
    products = [{"name": product.name, "state": product.state} for product in state.antivirus]
    result: Result = {"changed": False, "products": products, "status": status(state)}
    if result["status"] is None:
        return result
    difference = _difference(call)
    preferences = _preferences(state)
    call.set_diff({name: preferences[name] for name in difference}, difference)
    result["changed"] = bool(difference)
    if difference and not call.check:
        if not state.defender.tamper_protected:
            state.defender.real_time = not difference.pop(
                "DisableRealtimeMonitoring", not state.defender.real_time
            )
            state.defender.preferences |= difference
        if left := _difference(call):
            call.fail(f"Defender did not take: {', '.join(left)}. Tamper protection or a policy holds them")
        result["status"] = status(state)
    limit = call.params["signatures_older_than_days"]
    if limit is not None and state.defender.signature_age_days >= limit:
        result["changed"] = True
        if not call.check:
            state.defender.signature_age_days = 0
            result["status"] = status(state)
    return result
