"""roles/security/files/way_back.ps1: the scheduled task that runs unless it was disarmed."""

from __future__ import annotations

from pathlib import Path

from ...reachability import WINRM_POLICY
from ...state.system import FirewallRule
from ..api import Call, Output, script_model

SCRIPT = Path(__file__).parents[5] / "roles" / "security" / "files" / "way_back.ps1"
SYSTEM = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"


@script_model(file=SCRIPT)
def way_back(call: Call, script: str) -> Output:
    state = call.state
    state.registry.set(SYSTEM, "LocalAccountTokenFilterPolicy", 1)
    state.registry.delete(WINRM_POLICY)
    state.services["winrm"].start_mode, state.services["winrm"].state = "auto", "started"
    rules = state.firewall_rules
    if not any(rule.name == "Cartable acces de secours" for rule in rules):
        rules.append(
            FirewallRule("Cartable acces de secours", protocol="tcp", local_ports="5986", group="Cartable")
        )
    for rule in rules:
        if (rule.group, rule.action, rule.direction) == ("Cartable", "block", "in"):
            rule.enabled = False
    return Output()
