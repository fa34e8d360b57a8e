"""community.windows.win_firewall_rule: mirrors win_firewall_rule.ps1 of community.windows 3.3.0."""

from __future__ import annotations

import copy
from typing import Any

from ..state.system import FirewallRule
from .api import Call, Result, model

PROFILES = {"domain": 1, "private": 2, "public": 4}
# option -> (attribute of FirewallRule, name in INetFwRule), in the module's order
PROPERTIES = {
    "description": ("description", "Description"),
    "direction": ("direction", "Direction"),
    "action": ("action", "Action"),
    "program": ("program", "ApplicationName"),
    "group": ("group", "Grouping"),
    "service": ("service", "ServiceName"),
    "enabled": ("enabled", "Enabled"),
    "profiles": ("profiles", "Profiles"),
    "localip": ("local_addresses", "LocalAddresses"),
    "remoteip": ("remote_addresses", "RemoteAddresses"),
    "localport": ("local_ports", "LocalPorts"),
    "remoteport": ("remote_ports", "RemotePorts"),
    "protocol": ("protocol", "Protocol"),
    "interfacetypes": ("interface_types", "InterfaceTypes"),
    "edge": ("edge", "EdgeTraversalOptions"),
    "security": ("secure", "SecureFlags"),
    "icmp_type_code": ("icmp", "IcmpTypesAndCodes"),
}
PROTOCOLS = {"tcp", "udp", "icmpv4", "icmpv6", "any"}


def shown(rule: FirewallRule, option: str) -> Any:
    """A property as INetFwRule shows it."""
    value = getattr(rule, PROPERTIES[option][0])
    if option == "profiles":
        total = sum(PROFILES[profile] for profile in value)
        return 0x7FFFFFFF if total == 7 else total
    if option == "direction":
        return 1 if value == "in" else 2
    if option == "action":
        return int(value == "allow")
    if isinstance(value, list):
        return ",".join(value)
    return "*" if value == "any" and option in ("localip", "remoteip", "localport", "remoteport") else value


def _wanted(call: Call) -> FirewallRule:
    params = call.params
    rule = FirewallRule(params["name"] or "", direction="in", action="block")
    for option, (attribute, _) in PROPERTIES.items():
        value = params[option]
        if value is None:
            continue
        if option == "protocol" and str(value).lower() not in PROTOCOLS and not str(value).isdigit():
            call.fail(f"Unknown protocol '{value}'.")
        if option == "profiles":
            value = list(dict.fromkeys(profile.lower() for profile in value))
            unknown = [profile for profile in value if profile not in PROFILES]
            if unknown:
                call.fail(f"Unknown profile '{unknown[0]}'.")
            value = [profile for profile in PROFILES if profile in value]
        if option == "icmp_type_code":
            value = ",".join(value)
        if option in ("program", "service") and value == "any":
            value = ""
        if option == "program":
            value = call.expand(value)
        if option in ("direction", "action", "protocol", "edge", "security") and isinstance(value, str):
            value = value.lower()
        setattr(rule, attribute, value)
    if (rule.local_ports != "any" or rule.remote_ports != "any") and rule.protocol not in (
        "tcp",
        "udp",
        "6",
        "17",
    ):
        # INetFwRule refuses ports before a protocol that has them is set: E_INVALIDARG [K].
        call.fail("Value does not fall within the expected range.")
    return rule


def _same(option: str, current: Any, wanted: Any) -> bool:
    if option in ("localip", "remoteip"):
        return set(str(current).lower().split(",")) == set(str(wanted).lower().split(","))
    return bool(str(current).lower() == str(wanted).lower())


@model("community.windows.win_firewall_rule", version="3.3.0")
def win_firewall_rule(call: Call) -> Result:
    params, rules = call.params, call.state.firewall_rules
    name, group = params["name"], params["group"]
    if not name and not group:
        call.fail("Either name or group must be specified")
    existing = [
        r for r in rules if (r.name.lower() == name.lower() if name else r.group.lower() == group.lower())
    ]
    wanted = _wanted(call)
    if params["state"].lower() == "absent":
        return _absent(call, existing)
    if not existing and not name:
        return {}
    if not existing:
        lines = "".join(f"+{PROPERTIES[option][1]}='{shown(wanted, option)}'\n" for option in PROPERTIES)
        call.difference = {"prepared": f"+[{wanted.name}]\n{lines}"}
        if not call.check:
            rules.append(wanted)
        return {"changed": True, "msg": f"Firewall rule '{name}' created."}
    return _update(call, existing, wanted)


def _absent(call: Call, existing: list[FirewallRule]) -> Result:
    name, group = call.params["name"], call.params["group"]
    if not existing:
        text = (
            f"Firewall rule '{name}' does not exist."
            if name
            else f"No firewall rules in group '{group}' exist."
        )
        return {"msg": text}
    call.difference = {
        "prepared": "".join(
            f"-[{rule.name}]\n"
            + "".join(f"-{p}='{shown(rule, option)}'\n" for option, (_, p) in PROPERTIES.items())
            for rule in existing
        )
    }
    if not call.check:
        for rule in existing:
            call.state.firewall_rules.remove(rule)
    names = "', '".join(rule.name for rule in existing)
    return {"changed": True, "msg": f"Firewall rule(s) '{names}' removed."}


def _update(call: Call, existing: list[FirewallRule], wanted: FirewallRule) -> Result:
    changed: list[str] = []
    unchanged: list[str] = []
    prepared = ""
    for rule in existing:
        prepared += f"[{rule.name}]\n"
        before = copy.copy(rule)
        for option, (attribute, name) in PROPERTIES.items():
            if call.params[option] is None or _same(option, shown(before, option), shown(wanted, option)):
                continue
            prepared += f"-{name}='{shown(before, option)}'\n+{name}='{shown(wanted, option)}'\n"
            setattr(before, attribute, getattr(wanted, attribute))
        (changed if before != rule else unchanged).append(rule.name)
        if not call.check:
            vars(rule).update(vars(before))
    call.difference = {"prepared": prepared}
    text = f"Firewall rule(s) changed '{_joined(changed)}' - unchanged '{_joined(unchanged)}'"
    return {"changed": bool(changed), "msg": text}


def _joined(names: list[str]) -> str:
    return "', '".join(names)
