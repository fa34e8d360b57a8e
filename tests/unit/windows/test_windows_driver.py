"""The driver of Windows: what it accepts as a configuration, shows of it, compares, and sends to a blank PC."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.market.model import Asset, Market
from reversibility.platforms.driver import UnknownGrammar
from reversibility.platforms.windows import (
    ACCOUNTS,
    AUDIT,
    DRIVER,
    POLICY,
    REGISTRY,
    REQUIRED,
    SOFTWARE,
    SYSTEM,
)
from reversibility.platforms.windows_answer import Answer
from reversibility.platforms.windows_records import records
from reversibility.platforms.windows_restore import quoted
from tests.static.powershell import check_script
from tests.unit.windows.recorded_data import answer_text, wmi

INF = (
    "[Unicode]\r\nUnicode=yes\r\n[System Access]\r\nMinimumPasswordLength = 12\r\nLockoutBadCount = 5\r\n"
    'NewAdministratorName = "secours"\r\n[Privilege Rights]\r\nSeNetworkLogonRight = *S-1-5-32-544,*S-1-5-32-545\r\n'
    "[Registry Values]\r\nMACHINE\\System\\CurrentControlSet\\Control\\Lsa\\NoLMHash=4,1\r\n"
    "MACHINE\\Software\\Exemple\\Phrase=1,\"azerty-secret\"\r\n[Version]\r\nsignature=\"$CHICAGO$\"\r\nRevision=1\r\n"
)  # fmt: skip
CSV = (
    "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,Exclusion Setting,Setting Value\r\n"
    "PC,Système,Ouvrir la session,{0CCE9215-69AE-11D9-BED3-505054503030},Opération réussie et échec,,3\r\n"
)


def configuration(**others: bytes) -> dict[str, bytes]:
    answer = Answer.read(
        answer_text(
            computer=[{"Name": "UC250001", "Workgroup": "ECOLE"}],
            release=[{"EditionID": "Education", "InstallationType": "Client", "CurrentBuildNumber": 26200}],
            time_zone=[{"TimeZoneKeyName": "Romance Standard Time"}],
            users=[
                *wmi("10-StandAlone-Win32_UserAccount")[:1],
                {
                    "Name": "cartable",
                    "SID": "S-1-5-21-1-2-3-1001",
                    "Disabled": False,
                    "FullName": "L’administrateur",
                },
            ],
            groups=[{"Name": "Administrateurs", "SID": "S-1-5-32-544"}],
            members=[{"group": "Administrateurs", "member": "cartable", "domain": "UC250001"}],
            programs=[
                {
                    "scope": "machine",
                    "key": "Firefox",
                    "DisplayName": "Mozilla Firefox ESR",
                    "DisplayVersion": "140.5",
                }
            ],
            printers=[{"Name": "Copieur", "DriverName": "PCL6", "PortName": "198.51.100.60"}],
            services=[{"Name": "Spooler", "StartMode": "Auto", "State": "Running"}],
        )
    )
    files = records(answer, "UC250001", ["cartable"], "x")["configuration"]
    policies = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies"
    values = [
        {"path": policies, "name": "EnableMulticast", "type": "dword", "data": 0},
        {"path": policies, "name": "Password", "type": "string", "data": "azerty-secret"},
        {"path": policies, "name": "List", "type": "multistring", "data": ["a", "azerty-secret"]},
    ]  # fmt: skip
    found = {file["path"]: base64.b64decode(file["content_b64"]) for file in files}
    found |= {REGISTRY: json.dumps(values).encode(), POLICY: INF.encode(), AUDIT: CSV.encode()}
    return found | {f"/{name}": content for name, content in others.items()}


def asset(**variables: Any) -> Asset:
    attributes = {"kind": "classroom_pc", "os": "windows-11", "managed": True}
    return Asset(
        "UC250001", "ecole", "cp", "classroom_pc", True, attributes, "198.51.100.7", variables, "hosts.yml", 1
    )


def compared(files: dict[str, bytes], declared: Asset | None = None) -> str | None:
    market = cast(Market, None)  # the comparison needs nothing of it
    return DRIVER.compare(market, declared or asset(), files)


def test_a_whole_configuration_agrees_with_what_is_declared() -> None:
    assert DRIVER.problems(configuration()) == []
    assert compared(configuration()) is None
    parsed = DRIVER.parse(configuration())
    assert parsed.hostname == "UC250001"
    assert [
        account.name for account in parsed.accounts if account.enabled and account.role == "administrator"
    ] == ["cartable"]
    assert parsed.services["Spooler"] == "auto"


def test_a_domain_that_is_not_the_declared_one_is_told() -> None:
    files = configuration()
    system = json.loads(files["/system.json"]) | {"domain": "ecole.example"}
    member = files | {"/system.json": json.dumps(system).encode()}
    declared = asset(baseline_windows_domain={"name": "ECOLE.example"})
    assert compared(member, declared) is None
    assert "domaine relevé\u00a0: ecole.example, déclaré\u00a0: aucun" in str(compared(member))
    assert "domaine relevé\u00a0: aucun, déclaré\u00a0: ECOLE.example" in str(compared(files, declared))


@pytest.mark.parametrize("path", REQUIRED)
def test_a_configuration_without_one_of_its_files_is_not_restorable(path: str) -> None:
    files = configuration()
    del files[path]
    assert path in str(compared(files))
    with pytest.raises(UnknownGrammar):
        DRIVER.parse(files)


@pytest.mark.parametrize("path", REQUIRED)
def test_a_damaged_file_is_named(path: str) -> None:
    files = configuration()
    files[path] = files[path][: len(files[path]) // 3].replace(b"[System Access]", b"")
    assert any(problem.startswith(path) for problem in DRIVER.problems(files))


def test_another_pcs_configuration_is_told_apart() -> None:
    files = configuration()
    system = json.loads(files[SYSTEM])
    assert "UC259999" in str(compared(files | {SYSTEM: json.dumps({**system, "name": "UC259999"}).encode()}))
    assert "windows-10" in str(
        compared(files | {SYSTEM: json.dumps({**system, "os": "windows-10"}).encode()})
    )
    locked = [{**account, "locked": True} for account in json.loads(files[ACCOUNTS])]
    assert "administrateur" in str(compared(files | {ACCOUNTS: json.dumps(locked).encode()}))
    assert "Laser" in str(compared(files, asset(printing_queues=[{"name": "Laser"}])))
    assert compared(files, asset(printing_queues=[{"name": "Copieur"}])) is None


def test_what_is_shown_has_no_secret() -> None:
    files = configuration() | {
        "/printers.json": b'[{"name": "Copieur", "port": "http://a:azerty-secret@198.51.100.60/ipp"}]',
        "/tasks/Nuit.xml": b"<Task><Arguments>azerty-secret</Arguments></Task>",
        "/C/ultravnc.ini": b"passwd=azerty-secret",
    }
    shown = {path: DRIVER.redact(path, content.decode()) for path, content in files.items()}
    assert "azerty-secret" not in json.dumps(shown)
    assert shown["/tasks/Nuit.xml"] is None
    assert shown["/C/ultravnc.ini"] is None
    assert "EnableMulticast" in str(shown[REGISTRY])
    assert "MinimumPasswordLength = 12" in str(shown[POLICY])
    assert "*S-1-5-32-544" in str(shown[POLICY])
    assert "NoLMHash=4,1" in str(shown[POLICY])


@given(
    st.text(alphabet=st.characters(blacklist_characters="\r\n"), min_size=8, max_size=20),
    st.sampled_from([1, 3, 7]),
)
def test_texts_of_the_security_policy_are_masked_whatever_they_are(secret: str, kind: int) -> None:
    text = f'[Registry Values]\r\nMACHINE\\A={kind},"{secret}"\r\n{secret}\r\n'
    shown = DRIVER.redact(POLICY, text)
    assert shown is not None
    lines = shown.splitlines()
    assert lines[:2] == ["[Registry Values]", "MACHINE\\A=<secret>"] or secret.isdigit()
    headings = ("unicode", "version", "system access", "event audit", "registry values", "privilege rights")
    assert lines[2:] in ([], ["<secret>"]) or secret.strip(" []").lower() in headings


def test_a_blank_pc_is_sent_commands_that_windows_has() -> None:
    files = configuration()
    commands = DRIVER.restore(files)
    assert check_script("\n".join(commands)) == []
    text = "\n".join(commands)
    assert commands[0] == "Rename-Computer -NewName 'UC250001' -Force"
    assert "Set-TimeZone -Id 'Romance Standard Time'" in commands
    assert "New-LocalUser -Name 'cartable' -NoPassword -Disabled -FullName 'L’’administrateur'" in commands
    assert "Administrateur'" not in text  # built in: it is there
    assert "/v 'EnableMulticast' /t REG_DWORD /d '0'" in text
    assert (
        "auditpol.exe /set '/subcategory:{0CCE9215-69AE-11D9-BED3-505054503030}' /success:enable /failure:enable"
        in commands
    )
    assert "Add-Printer -Name 'Copieur'" in text
    assert "# software: Mozilla Firefox ESR 140.5" in commands
    with pytest.raises(UnknownGrammar):
        DRIVER.restore({**files, SOFTWARE: b"{"})


@given(st.text())
def test_a_quoted_text_ends_where_it_should(text: str) -> None:
    written = quoted(text)
    assert "\n" not in written
    assert "\r" not in written
    inner = written[1:-1]
    for quote in "'\u2018\u2019\u201a\u201b":
        inner = inner.replace(quote * 2, "")
    assert not any(quote in inner for quote in "'\u2018\u2019\u201a\u201b")
