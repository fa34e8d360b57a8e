"""Reachability of WinRM on a PC: its service, its policy, its firewall."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from .state.pc_state import PCState
from .state.system import FirewallRule

WINRM_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WinRM\Service"


def refusal(state: PCState, port: int, remote: str) -> str:
    """Why a new connection to a port (5985 or 5986) from an address is not accepted; empty when it is."""
    service = state.services.get("winrm")
    if service is None or service.state != "started":
        return "the service WinRM is not running"
    return firewall_refusal(state, port, remote)


def firewall_refusal(state: PCState, port: int, remote: str, program: str = "") -> str:
    """Why the firewall drops a connection to a port, on which a program listens; empty when it does not."""
    adapters = [adapter for adapter in state.adapters if adapter.status == "Up"]
    if not adapters:
        return "no network adapter is up"
    name = {"DomainAuthenticated": "domain"}.get(adapters[0].category, adapters[0].category.lower())
    profile = state.firewall.get(name)
    if profile is None or not profile.enabled:
        return ""
    local = [address for adapter in adapters for address in adapter.addresses]
    rules = [rule for rule in state.firewall_rules if _concerns(rule, name, port, remote, local, program)]
    if any(rule.action == "block" for rule in rules):
        return f"a firewall rule blocks port {port}"
    if profile.inbound == "block" and not any(rule.action == "allow" for rule in rules):
        return f"no firewall rule of the profile {name} lets {remote} reach port {port}"
    return ""


def allows(state: PCState, value: str) -> bool | None:
    """A switch of the WinRM service's policy; None where no policy is set."""
    data = state.registry.get(WINRM_POLICY, value)
    return None if data is None else bool(data)


def _concerns(
    rule: FirewallRule, profile: str, port: int, remote: str, local: Iterable[str], program: str
) -> bool:
    return (
        rule.enabled
        and rule.direction == "in"
        and profile in rule.profiles
        and rule.protocol.lower() in ("tcp", "6", "any", "256")
        and rule.program.lower() in ("", program.lower())
        and _has_port(rule.local_ports, port)
        and _has_address(rule.remote_addresses, remote, local)
    )


def _has_port(ports: str, port: int) -> bool:
    if ports.lower() in ("any", "*", ""):
        return True
    for part in ports.split(","):
        low, _, high = part.strip().partition("-")
        if low.isdigit() and int(low) <= port <= int(high or low):
            return True
    return False


def _has_address(addresses: str, remote: str, local: Iterable[str]) -> bool:
    address = ipaddress.ip_address(remote)
    for part in addresses.split(","):
        part = part.strip()
        if part.lower() in ("any", "*", ""):
            return True
        if part.lower() == "localsubnet":
            if any(address in ipaddress.ip_interface(one).network for one in local):
                return True
            continue
        low, _, high = part.partition("-")
        if high:
            first, last = ipaddress.ip_address(low.strip()), ipaddress.ip_address(high.strip())
            if first.version == address.version and int(first) <= int(address) <= int(last):
                return True
        elif address in ipaddress.ip_network(part, strict=False):  # a mask may be written with its dots
            return True
    return False
