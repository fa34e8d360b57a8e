"""What runs on Windows PCs, checked without any: the tasks' options, and each command of each PowerShell script."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.static.module_spec import ModuleSpec
from tests.static.powershell import check_script, script_length
from tests.static.windows_tasks import check_file

PROJECT = Path(__file__).resolve().parents[3]
TASK_FILES = sorted([*PROJECT.glob("roles/*/*/*.yml"), *PROJECT.glob("playbooks/**/*.yml")])
SCRIPTS = sorted(
    [*PROJECT.glob("plugins/**/*.ps1"), *PROJECT.glob("plugins/**/*.psm1"), *PROJECT.glob("roles/**/*.ps1")]
)
MODULES = sorted(PROJECT.glob("plugins/modules/*.ps1"))
LONGEST = 150  # lines of code of an own module


def test_the_tasks_of_the_project_have_the_options_of_their_modules() -> None:
    assert TASK_FILES
    assert [finding for path in TASK_FILES for finding in check_file(path)] == []


def test_the_scripts_of_the_project_use_what_windows_powershell_has() -> None:
    texts = {script.name: script.read_text(encoding="utf-8") for script in SCRIPTS}
    assert {name: check_script(text) for name, text in texts.items() if check_script(text)} == {}
    # Windows PowerShell reads a file without a byte order mark in the code page of the system.
    assert [name for name, text in texts.items() if not text.isascii()] == []
    assert [name for name, text in texts.items() if script_length(text) > LONGEST] == []


@pytest.mark.parametrize("script", MODULES, ids=lambda path: path.stem)
def test_the_options_of_a_module_are_those_that_it_documents(script: Path) -> None:
    documented = ModuleSpec.documented(script).options
    read = ModuleSpec.read(script)
    assert read.supports_check_mode
    assert _compared(read.options) == _compared(documented)
    source = script.read_text(encoding="utf-8")
    names = set(re.findall(r"\$module\.Params\.(\w+)", source)) - {"Keys"}
    assert names <= set(read.options), "an option that is read and not in the specification is always empty"


def _compared(options: dict[str, Any]) -> dict[str, Any]:
    plain = {"type": "str", "required": False, "default": None, "choices": None, "elements": None}
    return {
        name: {
            key: option.get(key) if option.get(key) is not None else default for key, default in plain.items()
        }
        | {"options": _compared(option.get("options", {}))}
        for name, option in options.items()
    }


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("ansible.windows.win_user: {name: a, passwort: b}", "Supported parameters include"),
        ("ansible.windows.win_user: {state: present}", "missing required arguments: name"),
        ("ansible.windows.win_user: {name: a, state: locked}", "value of state must be one of"),
        ("ansible.windows.win_user: {name: a, account_disabled: perhaps}", "boolean"),
        ("ansible.windows.win_scheduled_task: {name: a}", "no such module"),
        ("community.windows.win_scheduled_task: {name: a, actions: [{pfad: b}]}", "Supported parameters include"),
        ("community.windows.win_firewall_rule: {name: a, port: 5986}", "Supported parameters include"),
        ("ansible.windows.win_regedit: {path: 'HKLM:\\A', name: a, data: 1, type: integer}", "must be one of"),
        ("ansible.windows.win_package: {path: '{{ a }}', checksum_algorithm: sha3}", "must be one of"),
        ("chocolatey.chocolatey.win_chocolatey: {nam: a}", "Supported parameters include"),
        ("microsoft.ad.membership: {dns_domain_name: a}", "missing required arguments: state"),
        ("ansible.windows.win_powershell: {script: 'Get-Itm C:\\'}", "unknown command"),
        ("ansible.windows.win_powershell: {script: 'Get-Item {{ a }}'}", "injection"),
        ("ansible.builtin.copy: {src: a, dest: b}", "runs Python"),
    ],
)  # fmt: skip
def test_a_planted_mistake_in_a_task_is_found(tmp_path: Path, task: str, message: str) -> None:
    path = tmp_path / "windows.yml"
    path.write_text(f"- name: In a block\n  block:\n    - name: Planted\n      {task}\n", encoding="utf-8")
    findings = check_file(path)
    assert {finding.task for finding in findings} == {"Planted"}
    assert any(message in finding.message for finding in findings)


def test_templates_and_right_options_pass(tmp_path: Path) -> None:
    path = tmp_path / "windows.yml"
    path.write_text(
        "- ansible.windows.win_user: {name: '{{ a }}', groups: ['{{ b }}'], account_disabled: '{{ c }}'}\n"
        "- ansible.windows.win_package: {path: '{{ a }}', product_id: x, expected_return_code: [0, '{{ d }}']}\n"
        "- ansible.windows.win_command: powercfg.exe /list\n"
        "- community.windows.win_scheduled_task: {name: a, actions: [{path: b}], triggers: [{type: '{{ t }}'}]}\n"
        "- ansible.builtin.file: {path: a, state: absent}\n  delegate_to: localhost\n",
        encoding="utf-8",
    )
    assert check_file(path) == []


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("Get-BitLockerVolumes -MountPoint C:", "unknown command Get-BitLockerVolumes"),
        ("Get-BitLockerVolume -Mount C: -Volume x", "unknown parameter -Volume"),
        ("Get-ChildItem -F x", "ambiguous parameter -F"),
        ("Enable-BitLocker -MountPoint C: -TpmProtector -RecoveryPasswordProtector", "no parameter set"),
        ("Get-Item -Path a -Path b", "given twice"),
        ("gci C:\\", "unknown command gci"),
        ("secedit /export", "unknown command secedit"),
        ("$a = $b ?? 1", "PowerShell 7"),
        ("$a = $b ? 1 : 2", "PowerShell 7"),
        ("Get-Item a && Get-Item b", "PowerShell 7"),
        ("if ($a { 1 }", "syntax error"),
    ],
)
def test_a_planted_mistake_in_a_script_is_found(script: str, message: str) -> None:
    assert any(message in finding.message for finding in check_script(script))
