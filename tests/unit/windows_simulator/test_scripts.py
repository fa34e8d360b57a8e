"""Scripts and programs: win_powershell, win_shell, win_command, and what has no model."""

from __future__ import annotations

import secrets

import pytest

from tests.simulators.windows import PC, Call, Output, new_pc, program_model, script_model
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.models.win_command import supports_should_process

W = "ansible.windows."
SCRIPT = """
[CmdletBinding(SupportsShouldProcess)]
param([string]$Name, [securestring]$Secret)
    Set-Something -Name $Name
"""


@script_model(text=SCRIPT, honours_check=True)
def set_something(call: Call, script: str) -> Output:
    name = (call.params["parameters"] or {}).get("Name", "")
    changed = call.state.environment.get("something") != name
    if not call.check:
        call.state.environment["something"] = name
    return Output(objects=[{"Name": name}], changed=changed, result={"name": name})


@program_model("cartable-test")
def cartable_test(call: Call, arguments: list[str]) -> Output:
    return Output(" ".join(arguments) + "\r\n", code=len(arguments))


@pytest.fixture
def pc() -> PC:
    return PC(new_pc("PC-A01", password=secrets.token_urlsafe(12)))


def test_powershell_with_check_mode(pc: PC) -> None:
    secret = secrets.token_urlsafe(12)
    arguments = {
        "script": SCRIPT.replace("    Set", "  Set"),
        "parameters": {"Name": "a"},
        "sensitive_parameters": [{"name": "Secret", "value": secret}],
    }
    assert run_module(pc, W + "win_powershell", arguments, check=True)["changed"]
    assert pc.state.environment == {}
    result = run_module(pc, W + "win_powershell", arguments)
    assert (result["changed"], result["output"], result["result"]) == (True, [{"Name": "a"}], {"name": "a"})
    assert not run_module(pc, W + "win_powershell", arguments)["changed"]
    assert not pc.journal.leaks([secret])


def test_a_changed_script_has_no_model(pc: PC) -> None:
    result = run_module(pc, W + "win_powershell", {"script": SCRIPT + "Remove-Item C:\\"})
    assert result["failed"] and "no model of this script" in result["msg"]
    assert list(pc.journal.of_kind("unknown"))


@pytest.mark.parametrize(
    ("script", "supported"),
    [
        (SCRIPT, True),
        ("# text\n[CmdletBinding(SupportsShouldProcess = $true)]\nparam()\n", True),
        ("[CmdletBinding(SupportsShouldProcess=$false)]\nparam()\n", False),
        ("[CmdletBinding()]\nparam()\n", False),
        ("function X {\n[CmdletBinding(SupportsShouldProcess)]\nparam() }\n", False),
        ("Get-Date", False),
    ],
)
def test_should_process(pc: PC, script: str, supported: bool) -> None:
    assert supports_should_process(script) is supported
    result = run_module(pc, W + "win_powershell", {"script": script}, check=True)
    assert (result.get("msg") == "skipped, running in check mode") is not supported


def test_commands(pc: PC) -> None:
    assert (
        run_module(pc, W + "win_command", {"_raw_params": r"C:\Tools\cartable-test.exe"})["stdout"] == "\r\n"
    )
    failed = run_module(pc, W + "win_command", {"argv": ["cartable-test", "a b", "c"]})
    assert (failed["failed"], failed["rc"], failed["msg"]) == (True, 2, "non-zero return code")
    assert run_module(pc, W + "win_shell", {"_raw_params": "cartable-test x"})["rc"] == 1
    assert run_module(pc, W + "win_command", {"_raw_params": "cartable-test"}, check=True)["skipped"]
    assert run_module(pc, W + "win_command", {"_raw_params": "cartable-test", "creates": r"C:\Windows"})[
        "skipped"
    ]
    unknown = run_module(pc, W + "win_shell", {"_raw_params": "cartable-test | format.com C:"})
    assert unknown["failed"] and "no model" in unknown["msg"]


def test_cmd(pc: PC) -> None:
    assert run_module(pc, W + "win_command", {"_raw_params": "cmd.exe /c exit 3"})["rc"] == 3
    assert run_module(pc, W + "win_command", {"_raw_params": "cmd.exe /c hostname"})["stdout"] == "PC-A01\r\n"
    assert run_module(pc, W + "win_command", {"_raw_params": "cmd.exe /c format C:"})["failed"]


def test_power_settings(pc: PC) -> None:
    assert (
        run_module(pc, W + "win_command", {"_raw_params": "powercfg /change standby-timeout-ac 15"})["rc"]
        == 0
    )
    assert pc.state.power_settings["29f6c1db-86da-48c5-9fdb-f2b67b1f44da"] == {"ac": 900, "dc": 900}
    assert run_module(pc, W + "win_command", {"_raw_params": "powercfg /change standby-timeout 15"})["failed"]


def test_who_am_i(pc: PC) -> None:
    network = run_module(pc, W + "win_whoami")
    assert (network["account"]["account_name"], network["logon_type"]) == ("ansible", "Network")
    system = run_module(pc, W + "win_whoami", become="SYSTEM")
    assert (system["account"]["domain_name"], system["account"]["account_name"]) == ("AUTORITE NT", "Système")
