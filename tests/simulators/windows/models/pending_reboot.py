"""ansible.windows.win_reboot_info: mirrors win_reboot_info.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from ..state.pc_state import PCState
from ..state.system import iso
from .api import Call, Result, model

CBS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
WINDOWS_UPDATE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"
SESSION_MANAGER = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
NAMES = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName"


def reasons(state: PCState) -> list[dict[str, str]]:
    """Sources of a pending restart."""
    found = []
    registry = state.registry
    if registry.exists(CBS):
        found.append(
            {
                "source": "component_based_servicing",
                "description": "Component Based Servicing has a pending reboot.",
            }
        )
    if registry.exists(WINDOWS_UPDATE):
        text = "Windows Update has installed updates that require a reboot."
        found.append({"source": "windows_update", "description": text})
    if registry.get(SESSION_MANAGER, "PendingFileRenameOperations"):
        text = "There are pending file rename operations that require a reboot."
        found.append({"source": "pending_file_rename", "description": text})
    pending = registry.get(rf"{NAMES}\ComputerName", "ComputerName")
    active = registry.get(rf"{NAMES}\ActiveComputerName", "ComputerName")
    if pending != active:
        text = f"Computer name change pending from '{active}' to '{pending}'."
        found.append({"source": "pending_computer_rename", "description": text})
    return found


def require(state: PCState, *, windows_update: bool = False) -> None:
    """Leave the mark that servicing or Windows Update leaves."""
    state.registry.create(WINDOWS_UPDATE if windows_update else CBS)


@model("ansible.windows.win_reboot_info", version="3.8.0")
def win_reboot_info(call: Call) -> Result:
    found = reasons(call.state)
    booted = call.state.system.booted_at
    return {
        "last_reboot": {
            "time": iso(booted).replace("+00:00", "Z"),
            "time_epoch": int(booted),
            "details": None,
        },
        "reboot_required": bool(found),
        "reboot_required_reasons": found,
    }
