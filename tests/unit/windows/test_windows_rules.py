"""Security rules of Windows PCs: what the modules are given, and what each rule comes to, of what simulated PCs answer."""

from __future__ import annotations

from typing import Any

import pytest

from reversibility.platforms.windows_rules import kept, options, rows, with_lists
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.pc import PC
from tests.simulators.windows.state.factory import new_pc

DNS = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient"
LOGON = "0CCE9215-69AE-11D9-BED3-505054503030"
WAIVER = {"rule": "llmnr-off", "reason": "Tableau interactif", "author": "Mairie", "until": "2099-12-31"}
OWN: list[dict[str, Any]] = [
    {"id": "password-length", "title": "Longueur", "source": "C 9", "probe": "account_policy", "key": "MinimumPasswordLength", "expected": 12},
    {"id": "audit-logon", "probe": "audit", "key": LOGON, "success": True, "failure": True},
    {"id": "llmnr-off", "probe": "registry", "path": DNS, "key": "EnableMulticast", "expected": 0},
    {"id": "netbios-adapters", "probe": "netbios", "key": "TcpipNetbiosOptions"},
    {"id": "winrm-administration", "probe": "admin_rule", "key": "5986", "without": "aucun réseau"},
    {"id": "firewall-on", "probe": "firewall", "key": "EnableFirewall"},
    {"id": "bitlocker-system", "probe": "bitlocker", "key": "C:", "without": "non demandé"},
    {"id": "remote-token-filter", "key": "LocalAccountTokenFilterPolicy", "declined": "WinRM"},
]  # fmt: skip
RULES = with_lists(
    OWN,
    ["SSDPSRV", "NotThere"],
    ["SMB1Protocol", "NoSuchFeature"],
    [
        {"path": DNS, "name": "Gone", "state": "absent"},
        {"path": DNS, "name": "Text", "type": "string", "data": "a"},
    ],
)


def answers(pc: PC, check: bool) -> dict[str, Any]:
    """What the modules of the role say of a PC."""

    def asked(module: str, **arguments: Any) -> dict[str, Any]:
        return run_module(pc, module, arguments, check=check)

    given = options(RULES, {})
    return {
        "policy": asked(
            "cartable.fleet.win_security_settings",
            account_policy=given["account_policy"], audit_policy=given["audit_policy"], disabled_services=given["services"],
        ),
        "registry": asked("cartable.fleet.win_registry_values", entries=given["registry"]),
        "features": asked("cartable.fleet.win_optional_features", disabled=given["features"]),
        "netbios": asked("community.windows.win_netbios", state="disabled"),
        "firewall": asked(
            "ansible.windows.win_firewall", profiles=["Domain", "Private", "Public"], state="enabled", inbound_action="block"
        ),
    }  # fmt: skip


@pytest.mark.parametrize("language", ["fr-FR", "en-US"])
def test_what_each_rule_comes_to_before_and_after(language: str) -> None:
    pc = PC(new_pc("UC250001", language=language, password="Unused-1-in-direct-runs"))
    pc.state.features["SMB1Protocol"] = "Enabled"
    pc.state.registry.set(DNS, "Gone", 1)
    pc.state.registry.set(DNS, "EnableMulticast", "0", "string")  # the right text, the wrong type
    pc.state.audit_policy[LOGON.lower()] = 1
    pc.state.firewall["public"].enabled = False
    before = {row["rule"]: row for row in rows(RULES, answers(pc, check=True), {})}
    seen = {name: (row["state"], row.get("seen")) for name, row in before.items()}
    assert seen == {
        "password-length": ("present", "0"),
        "audit-logon": ("present", "success"),
        "llmnr-off": ("present", "string:0"),
        "netbios-adapters": ("present", "Default or Enabled"),
        "winrm-administration": ("not_applicable", None),
        "firewall-on": ("present", "off: Public"),
        "bitlocker-system": ("not_applicable", None),
        "remote-token-filter": ("declined", None),
        "service-SSDPSRV": ("present", "Manual, Running"),
        "service-NotThere": ("complies", "absent"),
        "feature-SMB1Protocol": ("present", "Enabled"),
        "feature-NoSuchFeature": ("complies", "absent"),
        "registry-Gone": ("present", "dword"),  # what is to go may be a password
        "registry-Text": ("missing", None),
    }
    assert before["password-length"]["expected"] == "12"
    assert before["password-length"]["source"] == "C 9"
    answers(pc, check=False)
    after = rows(RULES, answers(pc, check=True), {})
    assert {row["rule"] for row in after if row["state"] != "complies"} == {
        "winrm-administration", "bitlocker-system", "remote-token-filter", "feature-SMB1Protocol",
    }  # fmt: skip
    waiting = next(row for row in after if row["rule"] == "feature-SMB1Protocol")
    assert (waiting["state"], waiting["seen"]) == ("present", "DisablePending")


@pytest.mark.parametrize("name", ["llmnr-off", "EnableMulticast"])
def test_a_waived_rule_is_brought_to_no_pc_and_says_why(name: str) -> None:
    waived = {name: WAIVER | {"rule": name}}
    assert {rule["id"] for rule in RULES} - {rule["id"] for rule in kept(RULES, waived)} == {
        "llmnr-off", "remote-token-filter",
    }  # fmt: skip
    assert "EnableMulticast" not in [entry["name"] for entry in options(RULES, waived)["registry"]]
    [row] = [row for row in rows(RULES, {}, waived) if row["rule"] == "llmnr-off"]
    assert (row["state"], row["reason"], row["until"]) == ("waived", "Tableau interactif", "2099-12-31")


@pytest.mark.parametrize(
    ("volume", "state"),
    [
        ({"volume_status": "FullyEncrypted", "protection_status": "On"}, "complies"),
        ({"volume_status": "FullyEncrypted", "protection_status": "Off"}, "present"),
    ],
)
def test_a_disk_without_protection_is_not_kept(volume: dict[str, str], state: str) -> None:
    [row] = rows(OWN[6:7], {"volume": volume}, {})
    assert row["state"] == state
