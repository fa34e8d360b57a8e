"""PowerShell that gives a freshly installed Windows PC the configuration of another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# All four end a string in single quotes (PowerShell's language specification, 2.3.5.2).
QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
SUBCATEGORY = re.compile(r"(\{[0-9A-Fa-f-]{36}\}).*,([0-3])\s*$")
TYPES = {
    "dword": "REG_DWORD",
    "qword": "REG_QWORD",
    "string": "REG_SZ",
    "expandstring": "REG_EXPAND_SZ",
    "multistring": "REG_MULTI_SZ",
}


def quoted(value: object) -> str:
    """A PowerShell string that stands for nothing but itself, on one line."""
    return "'" + QUOTES.sub(r"\1\1", re.sub(r"[\r\n]+", " ", str(value))) + "'"


def commands(data: Mapping[str, Any], texts: Mapping[str, str]) -> tuple[str, ...]:
    """The commands in order, from the JSON files by path and the two texts of the security policy."""
    return (
        *_system(data.get("/system.json", {})),
        *_accounts(data.get("/accounts.json", [])),
        *_registry(data.get("/registry.json", [])),
        *_security(texts),
        *_firewall(data.get("/firewall.json", [])),
        *_printers(data.get("/printers.json", [])),
        *_software(data.get("/software.json", [])),
    )


def _system(system: Mapping[str, Any]) -> Iterator[str]:
    if system.get("name"):
        yield f"Rename-Computer -NewName {quoted(system['name'])} -Force"
    if system.get("time_zone"):
        yield f"Set-TimeZone -Id {quoted(system['time_zone'])}"


def _accounts(accounts: list[Mapping[str, Any]]) -> Iterator[str]:
    """Without passwords: a disabled account is set when its secret is taken from the vault."""
    for account in accounts:
        if account.get("system"):
            continue
        name = quoted(account["login"])
        full = f" -FullName {quoted(account['name'])}" if account.get("name") else ""
        yield f"New-LocalUser -Name {name} -NoPassword -Disabled{full}"
        sid = "S-1-5-32-544" if account.get("administrator") else "S-1-5-32-545"
        yield f"Add-LocalGroupMember -SID {quoted(sid)} -Member {name}"


def _registry(values: list[Mapping[str, Any]]) -> Iterator[str]:
    for value in values:
        kind = TYPES.get(str(value.get("type")))
        if kind is None:
            continue
        data = value.get("data")
        content = "\\0".join(map(str, data)) if isinstance(data, list) else str("" if data is None else data)
        yield (
            f"reg.exe add {quoted(value['path'])} /v {quoted(value['name'])} /t {kind} /d {quoted(content)} /f /reg:64"
        )


def _security(texts: Mapping[str, str]) -> Iterator[str]:
    lines = [line for line in texts.get("/security/policy.inf", "").splitlines() if line.strip()]
    if lines:
        yield f"Set-Content -LiteralPath C:\\policy.inf -Encoding Unicode -Value {', '.join(map(quoted, lines))}"
        yield "secedit.exe /configure /db C:\\policy.sdb /cfg C:\\policy.inf /quiet"
    for line in texts.get("/security/audit.csv", "").splitlines():
        found = SUBCATEGORY.search(line)
        if found:
            setting = int(found[2])
            success, failure = ("enable" if setting & bit else "disable" for bit in (1, 2))
            yield f"auditpol.exe /set {quoted(f'/subcategory:{found[1]}')} /success:{success} /failure:{failure}"


def _firewall(rules: list[Mapping[str, Any]]) -> Iterator[str]:
    for rule in rules:
        ports = _list(rule.get("local_ports"))
        remotes = _list(rule.get("remote_addresses"))
        direction, action = quoted(rule.get("direction")), quoted(rule.get("action"))
        yield (
            f"New-NetFirewallRule -DisplayName {quoted(rule.get('name'))} -Group 'Cartable' -Direction {direction} "
            f"-Action {action} -Protocol {quoted(rule.get('protocol') or 'Any')} -LocalPort {ports} "
            f"-RemoteAddress {remotes}"
        )


def _list(values: Any) -> str:
    given = values if isinstance(values, list) else [values]
    return ", ".join(quoted(value) for value in given if value) or quoted("Any")


def _printers(printers: list[Mapping[str, Any]]) -> Iterator[str]:
    for printer in printers:
        name, driver, port = (quoted(printer.get(key, "")) for key in ("name", "driver", "port"))
        yield f"Add-PrinterDriver -Name {driver}"
        yield f"Add-PrinterPort -Name {port} -PrinterHostAddress {port}"
        yield f"Add-Printer -Name {name} -DriverName {driver} -PortName {port}"
        duplex = printer.get("duplex") or "OneSided"
        color = "$true" if printer.get("color") else "$false"
        yield f"Set-PrintConfiguration -PrinterName {name} -DuplexingMode {quoted(duplex)} -Color {color}"


def _software(items: list[Mapping[str, Any]]) -> Iterator[str]:
    """As comments: the catalogue says from where each is installed, and the role software does it."""
    for item in items:
        yield "# software: " + re.sub(
            r"[\r\n]+", " ", f"{item.get('name')} {item.get('version') or ''}".strip()
        )
