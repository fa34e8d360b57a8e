"""ansible.windows.win_firewall: mirrors win_firewall.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model

POLICY = r"HKLM\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
KEYS = {"domain": "DomainProfile", "private": "StandardProfile", "public": "PublicProfile"}


@model("ansible.windows.win_firewall", version="3.8.0")
def win_firewall(call: Call) -> Result:
    params, enable = call.params, call.params["state"].lower() == "enabled"
    considered = {profile.lower() for profile in params["profiles"]}
    result: Result = {"restart_required": False, "profiles": params["profiles"], "state": params["state"]}
    changed = False
    for name, profile in call.state.firewall.items():
        after = {"enabled": profile.enabled, "inbound": profile.inbound, "outbound": profile.outbound}
        if name in considered:
            after["enabled"] = enable
            for option, attribute in (("inbound_action", "inbound"), ("outbound_action", "outbound")):
                if enable and params[option] is not None:  # without state enabled they are ignored
                    after[attribute] = params[option].lower().replace("_", "")
        result[name.capitalize()] = {
            "enabled": after["enabled"],
            "considered": name in considered,
            "currentstate": int(profile.enabled),
        }
        changed = changed or after != vars(profile)
        if not call.check:
            vars(profile).update(after)
            call.state.registry.set(rf"{POLICY}\{KEYS[name]}", "EnableFirewall", int(profile.enabled))
    return result | {"changed": changed}
