"""Modules of ours on a simulated PC: check changes nothing, apply, apply again, drift, repair; in two languages.

The simulator's models mirror the scripts; that a script does what its model does was never tried on Windows.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from reversibility.platforms.windows import DRIVER
from reversibility.platforms.windows_answer import Answer
from reversibility.platforms.windows_records import records
from tests import glpi
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.pc import PC
from tests.simulators.windows.state.factory import new_pc
from tests.simulators.windows.state.software import install

DNS_CLIENT = r"HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\DNSClient"
LOGON = "0CCE9215-69AE-11D9-BED3-505054503030"


@pytest.fixture(params=["fr-FR", "en-US"])
def pc(request: pytest.FixtureRequest) -> Iterator[PC]:
    yield PC(new_pc("UC250001", language=request.param, password="Unused-1-in-direct-runs"))


def both(pc: PC, module: str, **arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Check mode, which must change nothing and tell the same as the run after it."""
    before = json.dumps(pc.state.to_json(), sort_keys=True, default=str)
    checked = run_module(pc, f"cartable.fleet.{module}", arguments, check=True, diff=True)
    assert json.dumps(pc.state.to_json(), sort_keys=True, default=str) == before
    assert not checked.get("skipped")
    done = run_module(pc, f"cartable.fleet.{module}", arguments, diff=True)
    assert not done.get("failed"), done.get("msg")
    assert checked["changed"] == done["changed"]
    return checked, done


def test_print_queues(pc: PC) -> None:
    copier = {
        "name": "CO250001",
        "address": "192.0.2.202",
        "driver": "Microsoft PCL6 Class Driver",
        "location": "Salle des maîtres",
    }
    other = {
        "name": "IM250001",
        "address": "192.0.2.203",
        "driver": "Brother HL",
        "driver_inf": r"C:\Pilotes\hl.inf",
        "color": True,
    }
    pc.state.files.make_directory(r"C:\Pilotes")
    pc.state.files.write(r"C:\Pilotes\hl.inf", b"")
    theirs = len(pc.state.printers)
    checked, done = both(pc, "win_print_queues", queues=[copier, other])
    assert checked["diff"] == done["diff"]
    assert done["changed_queues"] == ["CO250001", "IM250001"]
    assert len(pc.state.printers) == theirs + 2  # what Windows brings along is left alone
    assert {(p.duplex, p.color) for p in pc.state.printers[-2:]} == {
        ("TwoSidedLongEdge", False),
        ("TwoSidedLongEdge", True),
    }
    assert not both(pc, "win_print_queues", queues=[copier, other])[1]["changed"]
    pc.state.printers[-2].duplex = "OneSided"  # drift
    pc.state.printer_ports[-2].address = "192.0.2.9"
    assert both(pc, "win_print_queues", queues=[copier, other])[1]["changed_queues"] == ["CO250001"]
    gone = {"name": "IM250001", "state": "absent"}
    assert both(pc, "win_print_queues", queues=[copier, gone])[1]["changed_queues"] == ["IM250001"]
    unknown = copier | {"driver": "Pilote inconnu"}
    failed = run_module(pc, "cartable.fleet.win_print_queues", {"queues": [unknown]})
    assert "driver does not exist" in failed["msg"]
    unfinished = run_module(pc, "cartable.fleet.win_print_queues", {"queues": [{"name": "x"}]})
    assert "address" in unfinished["msg"]


def test_a_certificate_is_requested_and_takes_the_place_of_the_one_before(pc: PC) -> None:
    subject = "/C=FR/O=Commune d'Exemple/CN=UC990001"
    checked, asked = both(
        pc, "win_certificate_request", name="pc", subject=subject, names=["UC990001", "192.0.2.7"]
    )
    assert checked["request"] == ""  # no key is made in check mode
    request = x509.load_pem_x509_csr(asked["request"].encode())
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=UC990001,O=Commune d'Exemple,C=FR"
    first, second = (signed(request, days) for days in (1, 2))
    for certificate in (first, second):
        _, done = both(pc, "win_certificate_request", name="pc", certificate=certificate)
        assert done["certificate"] == certificate
    assert [each.friendly_name for each in pc.state.certificates].count("Cartable pc") == 1
    _, again = both(pc, "win_certificate_request", name="pc", certificate=second)
    assert not again["changed"]
    _, other = both(pc, "win_certificate_request", name="other")
    stranger = signed(x509.load_pem_x509_csr(other["request"].encode()), 1)
    refused = run_module(
        pc, "cartable.fleet.win_certificate_request", {"name": "pc", "certificate": stranger}
    )
    assert "does not match" in refused["msg"]


def signed(request: x509.CertificateSigningRequest, days: int) -> str:
    """A certificate for the request, of an authority of this test."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Essai")]))
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=days))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def test_optional_features(pc: PC) -> None:
    pc.state.features |= {"SMB1Protocol": "Enabled", "TelnetClient": "Enabled"}
    wanted = ["SMB1Protocol", "telnetclient", "MicrosoftWindowsPowerShellV2Gone"]
    checked, done = both(pc, "win_optional_features", disabled=wanted)
    assert checked["seen"] == {"SMB1Protocol": "Enabled", "telnetclient": "Enabled"}
    assert checked["diff"]["after"] == {"SMB1Protocol": "Disabled", "telnetclient": "Disabled"}
    assert done["reboot_required"]
    assert pc.state.features["TelnetClient"] == "Disabled"
    _, again = both(pc, "win_optional_features", disabled=wanted)
    assert not again["changed"]  # it waits for the restart


def test_software_that_left_the_catalogue_is_told_until_it_is_gone(pc: PC) -> None:
    product = "{AAAAAAAA-0000-0000-0000-000000000001}"
    pc.state.chocolatey["packages"] = {"firefoxesr": "140.5.0", "tuxpaint": "0.9"}
    install(pc.state, product, "Calcul mental", "2.1", view="32")
    asked = {
        "asset": "UC250001",
        "chocolatey": {"firefoxesr": "firefox-esr", "tuxpaint": "dessin", "absent": "rien"},
    }
    _, first = both(pc, "win_software_findings", **asked, products={product: "calcul"})
    assert first["changed"] and first["findings"] == []
    _, again = both(pc, "win_software_findings", **asked, products={product: "calcul"})
    assert not again["changed"]

    fewer = {"asset": "UC250001", "chocolatey": {"firefoxesr": "firefox-esr"}}
    for keep in (False, True, True):
        _, left = both(pc, "win_software_findings", **fewer, keep=keep)
        assert not left["changed"]
        assert [re.findall("any more, which (.*) did", text) for text in left["findings"]] == [
            ["dessin"],
            ["calcul"],
        ]
        assert "choco uninstall tuxpaint" in left["warnings"][0]
    del pc.state.chocolatey["packages"]["tuxpaint"]
    _, removed = both(pc, "win_software_findings", **fewer)
    assert removed["changed"] and len(removed["findings"]) == 1
    assert not run_module(pc, "cartable.fleet.win_software_findings", fewer)["changed"]


def test_registry_values(pc: PC) -> None:
    entries: list[dict[str, Any]] = [
        {"path": DNS_CLIENT, "name": "EnableMulticast", "data": 0},
        {"path": r"HKLM:\SOFTWARE\Policies\Mozilla\Firefox\Homepage", "name": "URL", "type": "string", "data": "https://ent.example/"},
        {"path": r"HKLM:\SOFTWARE\Policies\Mozilla\Firefox", "name": "ManagedBookmarks", "type": "multistring", "data": ["[]"]},
        {"path": r"HKLM:\SOFTWARE\Policies\X", "name": "Big", "data": 4294967295},
        {"path": r"HKLM:\SOFTWARE\Policies\X", "name": "Gone", "state": "absent"},
    ]  # fmt: skip
    pc.state.registry.set(r"HKLM\SOFTWARE\Policies\X", "Gone", 1)
    checked, done = both(pc, "win_registry_values", entries=entries)
    assert len(done["changed_values"]) == 5
    assert checked["diff"] == done["diff"]
    assert "EnableMulticast = dword:0" in done["diff"]["after"]
    assert not both(pc, "win_registry_values", entries=entries)[1]["changed"]
    pc.state.registry.set(DNS_CLIENT, "EnableMulticast", "0", "string")  # drift: the type
    assert both(pc, "win_registry_values", entries=entries)[1]["changed_values"] == [
        f"{DNS_CLIENT}\\EnableMulticast"
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"path": r"HKCU:\Software", "name": "x", "data": 1}, "below HKLM"),
        ({"path": DNS_CLIENT, "name": "x", "data": "many"}, "cannot be set"),
        ({"path": DNS_CLIENT, "name": "x", "data": 4294967296}, "cannot be set"),
        ({"path": DNS_CLIENT, "name": "x"}, "data"),
    ],
)
def test_registry_values_that_are_refused(pc: PC, entry: dict[str, Any], message: str) -> None:
    answer = run_module(pc, "cartable.fleet.win_registry_values", {"entries": [entry]})
    assert answer["failed"]
    assert message in answer["msg"]


def test_security_settings_are_set_at_once_and_read_again(pc: PC) -> None:
    pc.state.security_policy["LockoutBadCount"] = (
        0  # as before Windows 11 22H2: then the durations are not there
    )
    wanted = {
        "account_policy": {
            "MinimumPasswordLength": 12,
            "LockoutBadCount": 10,
            "LockoutDuration": 15,
            "ResetLockoutCount": 15,
            "NewAdministratorName": "secours",
            "EnableGuestAccount": 0,
        },
        "audit_policy": [
            {"subcategory": LOGON, "success": True, "failure": True},
            {"subcategory": "{0cce922b-69ae-11d9-bed3-505054503030}", "success": True},
        ],
    }
    checked, done = both(pc, "win_security_settings", **wanted)
    assert done["diff"] == checked["diff"]
    assert pc.state.accounts.users[0].name == "secours"
    assert pc.state.audit_policy["0cce922b-69ae-11d9-bed3-505054503030"] == 1
    assert not both(pc, "win_security_settings", **wanted)[1]["changed"]
    pc.state.audit_policy[LOGON.lower()] = 0
    assert list(both(pc, "win_security_settings", **wanted)[1]["diff"]["after"].values()) == [
        "success and failure"
    ]


def test_a_policy_that_windows_does_not_take_fails(pc: PC) -> None:
    answer = run_module(
        pc, "cartable.fleet.win_security_settings", {"account_policy": {"MinimumPasswordLenght": 12}}
    )
    assert answer["failed"]
    assert "did not take" in answer["msg"]
    unknown = {"audit_policy": [{"subcategory": "Logon", "success": True}]}
    assert run_module(pc, "cartable.fleet.win_security_settings", unknown)["failed"]


def test_no_volume_is_encrypted_before_its_key_is_known(pc: PC) -> None:
    refused = run_module(
        pc, "cartable.fleet.win_bitlocker", {"state": "encrypted", "key_protector_id": "{unknown}"}
    )
    assert refused["failed"]
    assert pc.state.volumes[0].conversion == "FullyDecrypted"
    checked, key = both(pc, "win_bitlocker", state="key_prepared")
    assert "recovery_password" not in checked
    assert re.fullmatch(r"(\d{6}-){7}\d{6}", key["recovery_password"])
    assert key["recovery_password"] not in json.dumps(key["diff"])
    assert key["volume"]["volume_status"] == "FullyDecrypted"
    again = both(pc, "win_bitlocker", state="key_prepared")[1]
    assert (again["changed"], again["recovery_password"]) == (False, key["recovery_password"])
    wanted = {"state": "encrypted", "key_protector_id": key["key_protector_id"]}
    _, done = both(pc, "win_bitlocker", **wanted)
    assert (done["volume"]["volume_status"], done["volume"]["protection_status"]) == ("FullyEncrypted", "On")
    assert not both(pc, "win_bitlocker", **wanted)[1]["changed"]
    pc.state.volumes[0].protection = "Off"  # drift: suspended by hand
    assert both(pc, "win_bitlocker", **wanted)[1]["volume"]["protection_status"] == "On"


def test_a_disk_that_windows_encrypted_by_itself_gets_protectors(pc: PC) -> None:
    volume = pc.state.volumes[0]
    volume.conversion, volume.percentage, volume.method = "FullyEncrypted", 100, "XtsAes128"
    _, key = both(pc, "win_bitlocker", state="key_prepared")
    _, done = both(pc, "win_bitlocker", state="encrypted", key_protector_id=key["key_protector_id"])
    assert done["volume"]["protection_status"] == "On"
    assert sorted(each["type"] for each in done["volume"]["protectors"]) == ["RecoveryPassword", "Tpm"]


def test_recovery_keys_besides_the_kept_one_go_last(pc: PC) -> None:
    first = run_module(pc, "cartable.fleet.win_bitlocker", {"state": "key_prepared"})
    stray = {"id": "{STRAY}", "type": "RecoveryPassword", "password": "0"}
    pc.state.volumes[0].protectors.insert(0, stray)
    known = run_module(
        pc,
        "cartable.fleet.win_bitlocker",
        {"state": "key_prepared", "key_protector_id": first["key_protector_id"]},
    )
    assert known["recovery_password"] == first["recovery_password"]
    run_module(
        pc,
        "cartable.fleet.win_bitlocker",
        {"state": "encrypted", "key_protector_id": first["key_protector_id"]},
    )
    assert "{STRAY}" not in {each["id"] for each in pc.state.volumes[0].protectors}


def test_a_pc_without_tpm_or_a_home_edition_says_so(pc: PC) -> None:
    key = run_module(pc, "cartable.fleet.win_bitlocker", {"state": "key_prepared"})
    pc.state.system.has_tpm = False
    answer = run_module(
        pc,
        "cartable.fleet.win_bitlocker",
        {"state": "encrypted", "key_protector_id": key["key_protector_id"]},
    )
    assert "0x80284008" in answer["msg"]
    pc.state.system.edition = "Core"
    assert "Home" in run_module(pc, "cartable.fleet.win_bitlocker", {})["msg"]


def test_defender_is_set_and_its_state_told(pc: PC) -> None:
    pc.state.defender.real_time = False
    pc.state.defender.signature_age_days = 5
    wanted = {
        "realtime_monitoring": True,
        "pua_protection": 1,
        "exclusion_paths": [],
        "signatures_older_than_days": 1,
    }
    _, done = both(pc, "win_defender", **wanted)
    assert done["status"]["RealTimeProtectionEnabled"] is True  # as it is after the change
    assert done["status"]["AntivirusSignatureAge"] == 0
    assert not both(pc, "win_defender", **wanted)[1]["changed"]
    pc.state.defender.tamper_protected, pc.state.defender.real_time = True, False
    assert "Tamper" in run_module(pc, "cartable.fleet.win_defender", wanted)["msg"]
    pc.state.defender.running = False
    assert run_module(pc, "cartable.fleet.win_defender", wanted)["status"] is None


def test_facts_and_configuration_make_records_that_agree_with_the_declaration(pc: PC) -> None:
    install(
        pc.state, "{AAAAAAAA-0000-0000-0000-000000000001}", "Logiciel à accents", "1.0", publisher="Éditeur"
    )
    pc.state.accounts.add_user("eleve", "x", groups=["S-1-5-32-545"])
    facts = run_module(pc, "cartable.fleet.win_asset_facts", {"asset": "UC250001"}, check=True)
    assert not facts["changed"]
    seen = records(Answer.read(facts["answer"]), "UC250001", ["ansible", "eleve"], "Cartable-0.1.0")
    if glpi.SCHEMA.is_file():
        assert glpi.problems(seen["inventory"]) == []
    content = seen["inventory"]["content"]
    assert content["bios"]["ssn"] == pc.state.system.serial
    assert any(item["name"] == "Logiciel à accents" for item in content["softwares"])
    assert content["operatingsystem"]["end_of_support"] == "2027-10-12"
    accounts = {account["login"]: account for account in seen["accounts"]["accounts"]}
    assert accounts["ansible"]["administrator"]
    assert not accounts["eleve"]["administrator"]
    assert [login for login, account in accounts.items() if account["declared"] is False] == []
    files = (
        run_module(pc, "cartable.fleet.win_asset_configuration", {})["configuration"] + seen["configuration"]
    )
    whole = {file["path"]: base64.b64decode(file["content_b64"]) for file in files}
    assert DRIVER.problems(whole) == []
    assert DRIVER.parse(whole).hostname == "UC250001"
    again = run_module(pc, "cartable.fleet.win_asset_configuration", {})["configuration"]
    assert again == files[: len(again)]
