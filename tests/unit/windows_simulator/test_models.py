"""Models with real state: check mode predicts, applying changes once, drift is repaired."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulators.windows import PC, new_pc
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.state.software import Installer, installed
from tests.simulators.windows.state.system import Share

W, C = "ansible.windows.", "community.windows."
PASSWORD = "Xk4!" + secrets.token_urlsafe(8)
MSI = Installer("{11111111-2222-3333-4444-555555555555}", "7-Zip 26.00 (x64)", "26.00.00.0", code=3010)
NAS = "https://nas.example.test/logiciels/7z.msi"


def make(language: str) -> PC:
    pc = PC(new_pc("PC-A01", password=PASSWORD, language=language))
    pc.web = {NAS: MSI.content(), "https://nas.example.test/install.ps1": b"# Chocolatey"}
    feed = {
        "firefoxesr": {
            "version": "140.5.0",
            "name": "Mozilla Firefox ESR",
            "key": "Mozilla Firefox 140.5.0 ESR",
        }
    }
    pc.state.accounts.add_user("maitre", PASSWORD)
    pc.state.feeds["https://nas.example.test/choco"] = feed
    return pc


def no_drift(pc: PC) -> None:
    """Nothing to spoil."""


CASES: list[tuple[str, dict[str, Any], Callable[[PC], object]]] = [
    (W + "win_regedit", {"path": r"HKLM:\SOFTWARE\Policies\Microsoft\Windows\OneDrive", "name": "DisableFileSyncNGSC", "data": 1, "type": "dword"},
     lambda pc: pc.state.registry.set(r"HKLM\Software\policies\microsoft\windows\onedrive", "disablefilesyncngsc", 0)),
    (W + "win_regedit", {"path": r"HKCU:\Software\X", "name": "M", "data": ["a", "b"], "type": "multistring"}, no_drift),
    (W + "win_regedit", {"path": r"HKLM:\SOFTWARE\B", "name": "N", "data": "hex:01,ff", "type": "binary"}, no_drift),
    (W + "win_user", {"name": "eleve", "password": PASSWORD, "groups": ["S-1-5-32-545"], "update_password": "on_create"},
     lambda pc: pc.state.accounts.group("S-1-5-32-545").members.clear()),
    (W + "win_group_membership", {"name": "@S-1-5-32-555", "members": ["ansible"], "state": "pure"},
     lambda pc: pc.state.accounts.group("S-1-5-32-555").members.append("S-1-1-0")),
    (W + "win_group", {"name": "Enseignants", "members": {"set": ["ansible"]}}, no_drift),
    (W + "win_service", {"name": "DiagTrack", "state": "stopped", "start_mode": "disabled"},
     lambda pc: setattr(pc.state.services["diagtrack"], "start_mode", "auto")),
    (W + "win_timezone", {"timezone": "SA Western Standard Time"}, no_drift),
    (W + "win_region", {"location": "244", "format": "en-GB"}, no_drift),
    (W + "win_firewall", {"state": "enabled", "inbound_action": "allow"}, lambda pc: setattr(pc.state.firewall["public"], "enabled", False)),
    (W + "win_user_right", {"name": "SeRemoteInteractiveLogonRight", "users": ["S-1-5-32-544"]}, no_drift),
    (W + "win_share", {"name": "echange", "path": r"C:\Users\Public", "full": "S-1-5-32-544", "read": "S-1-5-32-545"},
     lambda pc: pc.state.shares[:] and pc.state.shares.__setitem__(0, Share("echange", r"C:\Users\Public", access={"S-1-1-0": "full"}))),
    (W + "win_acl", {"path": r"C:\Users\Public", "user": "S-1-5-32-546", "rights": "Write", "type": "deny"}, no_drift),
    (W + "win_acl", {"path": r"HKLM:\SOFTWARE\Policies", "user": "S-1-5-32-545", "rights": "ReadKey", "type": "allow"}, no_drift),
    (W + "win_file", {"path": r"C:\ProgramData\Cartable\logs", "state": "directory"}, lambda pc: pc.state.files.delete(r"C:\ProgramData\Cartable")),
    (W + "win_get_url", {"url": NAS, "dest": r"C:\Windows\Temp", "force": False}, no_drift),
    (W + "win_package", {"path": NAS, "product_id": MSI.key, "arguments": "/qn"}, no_drift),
    (C + "win_firewall_rule", {"name": "Administration", "localport": "5986", "protocol": "tcp", "action": "allow", "direction": "in",
                               "remoteip": "192.0.2.0/24", "profiles": ["domain", "private", "public"]},
     lambda pc: setattr(pc.state.firewall_rules[-1], "remote_addresses", "any")),
    (C + "win_security_policy", {"section": "System Access", "key": "MinimumPasswordLength", "value": 12},
     lambda pc: pc.state.security_policy.update(MinimumPasswordLength=0)),
    (C + "win_netbios", {"state": "disabled"}, lambda pc: setattr(pc.state.adapters[0], "netbios", 0)),
    (C + "win_power_plan", {"guid": "8c5e7fda-e8bf-4a96-9a85-a6e23a8c635c"}, no_drift),
    (C + "win_scheduled_task", {"name": "Extinction", "path": r"\Cartable", "username": "S-1-5-18", "run_level": "highest",
                                "actions": [{"path": "shutdown.exe", "arguments": "/s /t 300"}],
                                "triggers": [{"type": "daily", "start_boundary": "2026-11-30T18:30:00"}]},
     lambda pc: setattr(pc.state.tasks[0], "enabled", False) or setattr(pc.state.tasks[0], "triggers", [])),
    ("chocolatey.chocolatey.win_chocolatey", {"name": ["firefoxesr"], "source": "https://nas.example.test/choco"},
     lambda pc: pc.state.chocolatey["packages"].pop("firefoxesr")),
    (W + "win_environment", {"level": "machine", "variables": {"CARTABLE": "1"}}, lambda pc: pc.state.environment.clear()),
    (W + "win_computer_description", {"description": "Salle 3", "owner": "École"}, no_drift),
    (W + "win_dns_client", {"adapter_names": "*", "dns_servers": ["192.0.2.53"]}, no_drift),
    (W + "win_user_profile", {"username": "maitre", "state": "present"}, no_drift),
    (C + "win_shortcut", {"src": r"%ProgramFiles%\Mozilla Firefox\firefox.exe", "dest": r"C:\Users\Public\Desktop\ENT.lnk", "arguments": "https://ent.example.test"},
     lambda pc: pc.state.files.delete(r"C:\Users\Public\Desktop\ENT.lnk")),
]  # fmt: skip


@pytest.mark.parametrize("language", ["fr-FR", "en-US"])
@pytest.mark.parametrize(
    ("module", "arguments", "spoil"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)]
)
def test_check_apply_again_drift_repair(
    language: str, module: str, arguments: dict[str, Any], spoil: Callable[[PC], object]
) -> None:
    pc = make(language)
    arguments = dict(arguments)
    if str(arguments.get("name", "")).startswith("@"):  # a group's name in the PC's language
        arguments["name"] = pc.state.accounts.group(arguments["name"][1:]).name
    for _ in range(1 if spoil is no_drift else 2):
        before = pc.state.to_json()
        predicted = run_module(pc, module, arguments, check=True, diff=True)
        assert predicted["changed"] and not predicted.get("failed") and not predicted.get("skipped"), (
            predicted
        )
        assert pc.state.to_json() == before
        assert run_module(pc, module, arguments)["changed"]
        again = run_module(pc, module, arguments)
        assert not again["changed"] and not again.get("failed"), again
        spoil(pc)
    assert not list(pc.journal.of_kind("unknown", "bug"))


def test_feature_that_waits_for_a_restart_is_changed_again() -> None:
    """The states are EnablePending and DisablePending, which the module does not take for "Disabled*" [K]."""
    pc = make("fr-FR")
    pc.state.features["SMB1Protocol"] = "Enabled"
    arguments = {"name": ["SMB1Protocol"], "state": "absent"}
    assert run_module(pc, W + "win_optional_feature", arguments)["reboot_required"]
    assert run_module(pc, W + "win_optional_feature", arguments)["changed"]
    pc.restart()
    assert not run_module(pc, W + "win_optional_feature", arguments)["changed"]
    gone = run_module(
        pc, W + "win_optional_feature", {"name": ["MicrosoftWindowsPowerShellV2"], "state": "absent"}
    )
    assert gone["msg"] == "Failed to find feature 'MicrosoftWindowsPowerShellV2'"


def test_names_are_those_of_the_language() -> None:
    french = make("fr-FR")
    result = run_module(
        french, W + "win_group_membership", {"name": "Administrators", "members": ["ansible"]}
    )
    assert result["msg"] == "Could not find local group Administrators"
    result = run_module(
        french, W + "win_group_membership", {"name": "Administrateurs", "members": ["Tout le monde"]}
    )
    assert result["added"] == ["Tout le monde"]


def test_secret_is_masked_where_the_module_says_so_and_found_where_not() -> None:
    pc = make("fr-FR")
    run_module(pc, W + "win_user", {"name": "a", "password": PASSWORD})
    assert not pc.journal.leaks([PASSWORD])
    run_module(
        pc, W + "win_regedit", {"path": r"HKLM:\SOFTWARE\X", "name": "DefaultPassword", "data": PASSWORD}
    )
    assert [entry["module"] for entry in pc.journal.leaks([PASSWORD])] == [W + "win_regedit"]


def test_installed_package_is_in_the_registry_and_asks_for_a_restart() -> None:
    pc = make("fr-FR")
    result = run_module(pc, W + "win_package", {"path": NAS, "product_id": MSI.key, "checksum": "0" * 40})
    assert "did not match" in result["msg"]
    result = run_module(pc, W + "win_package", {"path": NAS, "product_id": MSI.key})
    assert result["rc"] == 3010 and result["reboot_required"]
    assert [entry.name for entry in installed(pc.state)] == ["7-Zip 26.00 (x64)"]
    reasons = run_module(pc, W + "win_reboot_info")["reboot_required_reasons"]
    assert [reason["source"] for reason in reasons] == ["component_based_servicing"]
    pc.restart()
    assert not run_module(pc, W + "win_reboot_info")["reboot_required"]


def test_lockout_keys_without_a_lockout_are_refused() -> None:
    pc = make("fr-FR")
    policy = {"section": "System Access"}
    run_module(pc, C + "win_security_policy", policy | {"key": "LockoutBadCount", "value": 0})
    result = run_module(pc, C + "win_security_policy", policy | {"key": "LockoutDuration", "value": 30})
    assert result["msg"].endswith("is not a valid key, cannot set this value")


def test_password_policy_refuses() -> None:
    pc = make("en-US")
    pc.state.security_policy |= {"MinimumPasswordLength": 14, "PasswordComplexity": 1}
    result = run_module(pc, W + "win_user", {"name": "b", "password": "court"})
    assert "does not meet the password policy" in result["msg"]
    assert pc.state.accounts.find_user("b") is None


def test_join_of_a_domain() -> None:
    pc = make("fr-FR")
    pc.state.extra["domains"] = {"ecole.example.test": {"admin@ecole.example.test": PASSWORD}}
    pc.state.extra["units"] = ["OU=Postes,DC=ecole,DC=example,DC=test"]
    arguments = {
        "state": "domain",
        "dns_domain_name": "ecole.example.test",
        "domain_admin_user": "admin@ecole.example.test",
    }
    wrong = run_module(pc, "microsoft.ad.membership", arguments | {"domain_admin_password": "x"})
    assert "Le nom d’utilisateur ou le mot de passe est incorrect" in wrong["msg"]
    elsewhere = arguments | {"domain_admin_password": PASSWORD, "domain_ou_path": "OU=Ailleurs"}
    assert "Check domain_ou_path" in run_module(pc, "microsoft.ad.membership", elsewhere)["msg"]
    assert not pc.state.system.domain
    for changed in (True, False):
        result = run_module(pc, "microsoft.ad.membership", arguments | {"domain_admin_password": PASSWORD})
        assert (result["changed"], result["reboot_required"]) == (changed, changed)
    incomplete = run_module(pc, "microsoft.ad.membership", {"state": "workgroup", "workgroup_name": "ECOLE"})
    assert "all of the following are missing: domain_admin_user, domain_admin_password" in incomplete["msg"]


def test_server_features() -> None:
    server = PC(
        new_pc("SRV1", password=PASSWORD, edition="ServerStandard", build=20348, display_version="21H2")
    )
    result = run_module(server, W + "win_feature", {"name": ["BitLocker"]})
    assert result["exitcode"] == "SuccessRestartRequired"
    assert not run_module(server, W + "win_feature", {"name": ["bitlocker"]})["changed"]
    client = run_module(make("fr-FR"), W + "win_feature", {"name": ["BitLocker"]})
    assert "is not recognized" in client["msg"]
