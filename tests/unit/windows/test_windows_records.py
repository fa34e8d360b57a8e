"""Records of Windows PCs, from what real machines have answered (recorded/ORIGIN.md)."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.errors import CartableError
from reversibility.platforms.windows_answer import Answer
from reversibility.platforms.windows_protection import antivirus_state, protection, signature_age
from reversibility.platforms.windows_records import end_of_support, local_accounts, records
from tests import glpi
from tests.unit.windows.recorded_data import (
    RECORDED,
    answer_text,
    defender_status,
    inventory_12,
    programs,
    wmi,
)

needs_schema = glpi.needs_schema


def of(**sections: Any) -> Answer:
    return Answer.read(answer_text(**sections))


def content(answer: Answer) -> dict[str, Any]:
    inventory = records(answer, "UC250001", ["cartable"], "Cartable-0.1.0")["inventory"]
    assert isinstance(inventory["content"], dict)
    return inventory["content"]


def test_accounts_of_a_french_pc_are_known_by_their_identifiers() -> None:
    users = wmi("10-StandAlone-Win32_UserAccount")
    people = [user["Name"] for user in users if int(user["SID"].rpartition("-")[2]) >= 1000]
    answer = of(
        users=users,
        groups=[
            {"Name": "Administrateurs", "SID": "S-1-5-32-544"},
            {"Name": "Utilisateurs", "SID": "S-1-5-32-545"},
        ],
        members=[
            {"group": "Administrateurs", "member": name, "domain": "PC"}
            for name in ("Administrateur", people[0])
        ],
    )
    found = {account["login"]: account for account in local_accounts(answer, [people[0]])}
    assert found["Administrateur"]["locked"]
    assert found["Administrateur"]["administrator"]
    assert found["Administrateur"]["declared"]  # built in, and disabled
    assert found["Administrateur"]["system"]
    assert found[people[0]]["administrator"]
    assert not found[people[0]]["locked"]
    assert found[people[0]]["declared"]
    assert "Password" not in json.dumps(list(found.values()))


def test_an_enabled_built_in_administrator_is_nobodys() -> None:
    users = [{**user, "Disabled": False} for user in wmi("10-StandAlone-Win32_UserAccount")]
    found = {account["login"]: account for account in local_accounts(of(users=users), ["cartable"])}
    assert found["Administrateur"]["declared"] is False


def test_health_of_disks_is_what_windows_says() -> None:
    [disk] = content(of(physical_disks=wmi("latitude-7480-MSFT_PhysicalDisk")))["storages"]
    assert (disk["type"], disk["health"]) == ("SSD", "passed")
    [virtual] = content(of(physical_disks=wmi("win10-edu-2020-fr-MSFT_PhysicalDisk")))["storages"]
    assert (virtual["interface"], virtual["disksize"]) == ("SATA", 51200)
    assert "type" not in virtual  # a virtual disk does not say what it is
    broken = [{**row, "HealthStatus": "2"} for row in wmi("latitude-7480-MSFT_PhysicalDisk")]
    assert content(of(physical_disks=broken))["storages"][0]["health"] == "failed"
    [old] = content(of(disks=wmi("latitude-7480-Win32_DiskDrive")))["storages"]
    assert "health" not in old


def test_network_cards_without_a_cable_are_there_without_an_address() -> None:
    adapters = [row for row in wmi("vpn-down-Win32_NetworkAdapter") if row["PhysicalAdapter"]]
    addresses = [row for row in wmi("vpn-down-Win32_NetworkAdapterConfiguration") if row["IPEnabled"]]
    answer = of(adapters=adapters, addresses=addresses)
    networks = content(answer)["networks"]
    assert {entry["type"] for entry in networks} >= {"wifi"}
    assert any("ipaddress" in entry for entry in networks)
    assert any("ipaddress" not in entry and "ipaddress6" not in entry for entry in networks)
    links = records(answer, "UC250001", [], "x")["volatile"]["links"]
    assert "up" in links.values()
    assert len(set(links)) == len(adapters)


def test_an_encrypted_volume_that_is_not_protected_is_exposed() -> None:
    rows = wmi("win10-crypt-Win32_EncryptableVolume")
    [volume] = protection(of(encryption=rows))["volumes"]
    assert (volume["encrypted"], volume["protected"], volume["method"]) == (True, True, "AES-256")
    [suspended] = protection(of(encryption=[{**rows[0], "ProtectionStatus": "0"}]))["volumes"]
    assert suspended["exposed"]
    drives = content(of(encryption=rows, volumes=wmi("win10-crypt-Win32_LogicalDisk")))["drives"]
    encrypted = next(drive for drive in drives if drive["letter"] == "C:")
    assert (encrypted["encrypt_name"], encrypted["encrypt_status"]) == ("BitLocker", "Yes")


def test_what_is_unknown_is_not_taken_for_off() -> None:
    found = records(of(), "UC250001", [], "x")
    assert found["protection"] == {}
    assert set(found["inventory"]["content"]) == {"versionclient"}


def test_firmware_that_says_nothing_gives_no_serial() -> None:
    assert "ssn" not in content(of(bios=wmi("proxmox-Win32_Bios"))).get("bios", {})
    filled = [{"SerialNumber": "To Be Filled By O.E.M."}]
    assert "ssn" not in content(of(bios=filled)).get("bios", {})


def test_programs_of_both_views_with_other_alphabets() -> None:
    found = content(of(programs=programs("10_russian-Uninstall") + programs("mssql-Uninstall")))["softwares"]
    names = {item["name"]: item for item in found}
    assert names["КриптоПро CSP"]["version"] == "5.0.12000"
    assert names["КриптоПро CSP"]["install_date"] == "2021-07-24"
    assert names["КриптоПро CSP"]["guid"].startswith("{50F91F80")
    assert all(item["from"] == "registry" for item in found)


def test_hidden_components_and_updates_of_programs_are_left_out() -> None:
    rows = [
        {"scope": "machine", "key": "a", "DisplayName": "Hidden", "SystemComponent": "1"},
        {"scope": "machine", "key": "b", "DisplayName": "Update", "ParentKeyName": "Office"},
        {"scope": "machine", "key": "c", "DisplayName": "Twice", "DisplayVersion": "1", "arch": "i586"},
        {"scope": "machine", "key": "d", "DisplayName": "Twice", "DisplayVersion": "1", "arch": "i586"},
        {
            "scope": "S-1-5-21-1-2-3-1001",
            "key": "e",
            "DisplayName": "Of a user\x00garbage",
            "InstallDate": "202512",
        },
    ]
    found = content(of(programs=rows, store_apps=[{"name": "Microsoft.Paint", "version": "11.2"}]))[
        "softwares"
    ]
    assert [(item["name"], item["from"]) for item in found] == [
        ("Of a user", "registry"),
        ("Twice", "registry"),
        ("Microsoft.Paint", "appx"),
    ]
    assert found[0]["userid"] == "S-1-5-21-1-2-3-1001"
    assert "install_date" not in found[0]


def test_hotfixes_are_those_with_a_number() -> None:
    rows = [*wmi("xp-Win32_QuickFixEngineering"), {"HotFixID": "KB5034441", "InstalledOn": "1/9/2026"}]
    found = [item for item in content(of(hotfixes=rows)).get("softwares", ()) if item["from"] == "hotfix"]
    assert all(item["name"].startswith("KB") for item in found)
    assert {"name": "KB5034441", "install_date": "2026-01-09"}.items() <= found[-1].items() or any(
        item["name"] == "KB5034441" and item["install_date"] == "2026-01-09" for item in found
    )


def test_a_whole_french_pc_is_read_as_another_agent_read_it() -> None:
    seen = inventory_12()
    groups = [{"Name": g.findtext("NAME"), "SID": g.findtext("ID")} for g in seen.findall("LOCAL_GROUPS")]
    fields = {"Name": "NAME", "DriverName": "DRIVER", "PortName": "PORT"}
    printers = [
        {ours: p.findtext(theirs) for ours, theirs in fields.items()} for p in seen.findall("PRINTERS")
    ]
    system = {
        "Caption": seen.findtext("OPERATINGSYSTEM/FULL_NAME"),
        "BuildNumber": "9600",
        "ProductType": 1,
        "MUILanguages": ["fr-FR"],
    }
    answer = of(groups=groups, printers=printers, system=[system])
    found = content(answer)
    assert {group["id"] for group in found["local_groups"]} == {group["SID"] for group in groups}
    assert "Utilisateurs de l’Analyseur de performances" in {group["name"] for group in found["local_groups"]}
    assert not any(
        printer["port"].startswith(("PORTPROMPT:", "nul:", "SHRFAX:")) for printer in found["printers"]
    )
    assert answer.release().os == "windows-8.1"
    assert end_of_support(answer) == "2023-01-10"


@pytest.mark.parametrize(
    ("build", "kind", "edition", "os", "release"),
    [
        (26100, "Client", "Professional", "windows-11", "24H2"),
        (26100, "Server", "ServerStandard", "windows-server-2025", ""),
        (17763, "Server Core", "ServerStandard", "windows-server-2019", ""),
        (22631, "Client", "Education", "windows-11", "23H2"),
        (19045, "Client", "ProfessionalEducation", "windows-10", "22H2"),
        (26220, "Client", "Professional", "windows-11", "25H2"),  # a preview: not in the table
    ],
)
def test_windows_is_known_by_build_and_kind(
    build: int, kind: str, edition: str, os: str, release: str
) -> None:
    row = {
        "ProductName": "Windows 10 Pro",
        "EditionID": edition,
        "InstallationType": kind,
        "CurrentBuildNumber": str(build),
        "UBR": 1742,
        "DisplayVersion": "25H2" if build == 26220 else "",
    }
    found = of(release=[row]).release()
    assert (found.os, found.release) == (os, release)
    assert found.build == f"{build}.1742"


def test_end_of_support_is_what_endoflife_date_says() -> None:
    def ends(build: int, edition: str) -> str | None:
        row = {"EditionID": edition, "InstallationType": "Client", "CurrentBuildNumber": build}
        return end_of_support(of(release=[row]))

    assert ends(26100, "Professional") == "2026-10-13"
    assert ends(26100, "ProfessionalEducation") == "2026-10-13"  # counts as Pro
    assert ends(22631, "Education") == "2026-11-10"
    assert ends(26200, "Education") == "2028-10-10"
    known = json.loads((RECORDED / "windows_eol.json").read_text(encoding="utf-8"))
    dates = json.dumps(known)
    for build in (26200, 26100, 22631, 22621, 22000, 19045):
        for edition in ("Professional", "Education"):
            day = ends(build, edition)
            assert day is not None
            assert day in dates, (build, edition)
            date.fromisoformat(day)


def test_defender_as_microsoft_shows_it() -> None:
    answer = of(defender=[defender_status()])
    assert signature_age(answer) == 1
    [product] = protection(answer)["antivirus"]
    assert product["enabled"]
    never = of(defender=[{**defender_status(), "AntivirusSignatureAge": "4294967295"}])
    assert signature_age(never) is None


@pytest.mark.parametrize(
    ("state", "enabled", "fresh"),
    [(397568, True, True), (397584, True, False), (393472, False, True), (266240, True, True)],
)
def test_state_of_a_product_of_the_security_centre(state: int, enabled: bool, fresh: bool) -> None:
    assert antivirus_state(state) == (enabled, fresh)


def test_half_a_surrogate_pair_arrives_as_a_replacement() -> None:
    text = '{"facts": {"programs": [{"scope": "machine", "key": "x", "DisplayName": "Jeu \\ud83c\\ud83d\\ude00"}]}}'
    [program] = content(Answer.read(text))["softwares"]
    assert program["name"] == "Jeu \ufffd\U0001f600"
    json.dumps(program).encode("utf-8")


@given(
    st.one_of(st.text(), st.binary().map(lambda data: data.decode("latin-1")), st.from_type(dict).map(repr))
)
def test_what_is_no_answer_is_refused_in_a_sentence(text: str) -> None:
    try:
        Answer.read(text)
    except CartableError as error:
        assert "win_asset_facts" in str(error)


NAMES = (
    *("Name", "SID", "DisplayName", "Index", "IPAddress", "IPSubnet", "productState", "ChassisTypes"),
    *("CurrentBuildNumber", "DeviceId", "name", "key", "HotFixID"),
)
SECTIONS = (
    *("computer", "product", "enclosure", "bios", "system", "processors", "physical_disks", "volumes", "tpm"),
    *(
        "encryption",
        "adapters",
        "addresses",
        "users",
        "groups",
        "members",
        "printers",
        "hotfixes",
        "services",
    ),
    *("antivirus", "defender", "programs", "store_apps", "certificates", "release", "time_zone"),
)
_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20))
_values = st.one_of(_scalars, st.lists(_scalars, max_size=3))
_rows = st.lists(st.dictionaries(st.sampled_from(NAMES), _values, max_size=5), max_size=3)
_sections = st.dictionaries(st.sampled_from(SECTIONS), _rows)


@needs_schema
@settings(max_examples=150, deadline=None)
@given(_sections)
def test_whatever_a_pc_answers_the_record_is_in_glpis_format(sections: dict[str, Any]) -> None:
    found = records(Answer.read(json.dumps({"facts": sections})), "UC250001", ["cartable"], "Cartable-0.1.0")
    assert glpi.problems(found["inventory"]) == []


@needs_schema
def test_the_record_of_recorded_sections_is_in_glpis_format() -> None:
    answer = of(
        users=wmi("10-StandAlone-Win32_UserAccount"),
        physical_disks=wmi("latitude-7480-MSFT_PhysicalDisk"),
        adapters=wmi("vpn-down-Win32_NetworkAdapter"),
        addresses=wmi("vpn-down-Win32_NetworkAdapterConfiguration"),
        encryption=wmi("win10-crypt-Win32_EncryptableVolume"),
        volumes=wmi("win10-crypt-Win32_LogicalDisk"),
        system=wmi("win7-sp1-x64-Win32_OperatingSystem"),
        processors=wmi("7-Win32_Processor"),
        memories=wmi("7-Win32_PhysicalMemory"),
        programs=programs("10_russian-Uninstall") + programs("mssql-Uninstall"),
        hotfixes=wmi("xp-Win32_QuickFixEngineering"),
        defender=[defender_status()],
    )
    found = records(answer, "UC250001", ["cartable"], "Cartable-0.1.0")
    assert glpi.problems(found["inventory"]) == []
    assert found == records(answer, "UC250001", ["cartable"], "Cartable-0.1.0")
