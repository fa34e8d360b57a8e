"""ansible.windows.win_feature: mirrors win_feature.ps1 of ansible.windows 3.8.0 (servers only)."""

from __future__ import annotations

from .api import Call, Result, model
from .pending_reboot import require

KNOWN = {
    "BitLocker": True,
    "FS-SMB1": True,
    "PowerShell-V2": False,
    "Windows-Defender": True,
    "XPS-Viewer": False,
    "NPAS": False,
}


@model("ansible.windows.win_feature", version="3.8.0")
def win_feature(call: Call) -> Result:
    """`extra["server_features"]`: names of the installed ones. Which of them ask for a restart: [K]."""
    if not call.state.system.is_server:
        # There is no module ServerManager on a client.
        verb = "Install" if call.params["state"].lower() == "present" else "Uninstall"
        call.fail(
            f"Unhandled exception while executing module: The term '{verb}-WindowsFeature' is not recognized as the name of a cmdlet, function, script file, or operable program."
        )
    known = {name.lower(): name for name in KNOWN}
    present = call.params["state"].lower() == "present"
    installed: list[str] = list(call.state.extra.get("server_features", []))
    changed = []
    for name in call.params["name"]:
        if name.lower() not in known:
            call.fail(
                f"Unhandled exception while executing module: ArgumentNotValid: The role, role service, or feature name is not valid: '{name}'."
            )
        full = known[name.lower()]
        if (full in installed) != present:
            changed.append(full)
    reboot = any(KNOWN[name] for name in changed) and not call.check
    if changed and not call.check:
        call.state.extra["server_features"] = sorted(
            (set(installed) | set(changed)) if present else set(installed) - set(changed)
        )
        if reboot:
            require(call.state)
    return {
        "changed": bool(changed),
        "exitcode": ("SuccessRestartRequired" if reboot else "Success") if changed else "NoChangeNeeded",
        "feature_result": [
            {"id": 0, "display_name": name, "reboot_required": KNOWN[name], "success": True}
            for name in changed
        ],
        "reboot_required": reboot,
        "success": True,
    }
