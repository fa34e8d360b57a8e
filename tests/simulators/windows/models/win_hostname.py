"""ansible.windows.win_hostname: mirrors win_hostname.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

import re

from .api import Call, Result, model

COMPUTER_NAME = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName"


@model("ansible.windows.win_hostname", version="3.8.0")
def win_hostname(call: Call) -> Result:
    system, wanted = call.state.system, call.params["name"]
    # Win32_ComputerSystem.DNSHostName is the running name: before the restart a second run says changed again [K].
    call.set_diff(system.name, wanted)
    if wanted.lower() == system.name.lower():
        return {"old_name": system.name, "reboot_required": False}
    if (
        not re.fullmatch(r"(?!\d+$)[A-Za-z0-9-]{1,15}", wanted)
        or wanted.startswith("-")
        or wanted.endswith("-")
    ):
        call.fail(
            f"Failed to rename computer to '{wanted}': Skip computer '{system.name}' with new name '{wanted}' because the "
            "new name is not valid."
        )
    if not call.check:
        system.pending_name = wanted
        call.state.registry.set(COMPUTER_NAME, "ComputerName", wanted)
    return {"changed": True, "old_name": system.name, "reboot_required": True}
