"""Scripts of ansible.windows.win_reboot (plugin_utils/_reboot.py of ansible.windows 3.8.0) and of ansible-core's shell plugin."""

from __future__ import annotations

import json
import re

from .api import Call, Output, script_model

LOGON_UI = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"


@script_model(
    pattern=r"\(Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime\)\.LastBootUpTime\.ToFileTime\(\)"
)
def last_boot_time(call: Call, script: str) -> Output:
    return Output(str(int((call.state.system.booted_at + 11644473600) * 10_000_000)) + "\r\n")


@script_model(
    pattern=r".*C:\\Windows\\System32\\shutdown\.exe /r /t \d+ /c .*ConvertTo-Json -Compress -InputObject @\{.*"
)
def shutdown(call: Call, script: str) -> Output:
    if "if ($True)" in script:
        call.state.registry.delete_value(LOGON_UI, "AutoLogonChecked")
    found = re.search(r"/t (\d+)", script)
    call.pc.restart_in(float(found[1]) if found else 30.0)
    return Output(json.dumps({"stdout": "", "stderr": "", "rc": 0}) + "\r\n")


@script_model(
    pattern=r"Get-Item -LiteralPath '[^']*AutoLogonChecked' -ErrorAction Stop; '(success-[0-9a-f-]+)'"
)
def logon_screen(call: Call, script: str) -> Output:
    if call.state.registry.value(LOGON_UI, "AutoLogonChecked") is None:
        return Output(stderr="Cannot find path 'AutoLogonChecked' because it does not exist.", code=1)
    found = re.search(r"success-[0-9a-f-]+", script)
    return Output((found[0] if found else "") + "\r\n")


@script_model(pattern=r"Remove-Item (?:'[^']*'|\S+) -Force(?: -Recurse)?;?")
def remove_item(call: Call, script: str) -> Output:
    found = re.search(r"Remove-Item ('([^']*)'|\S+)", script)
    path = re.sub(r"\\\.$", "", (found[2] or found[1]) if found else "")
    if not call.state.files.delete(path):
        return Output(stderr=f"Remove-Item : Cannot find path '{path}' because it does not exist.", code=1)
    return Output()
