"""ansible.windows.win_optional_feature: mirrors win_optional_feature.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model
from .pending_reboot import require

NEEDS_REBOOT = {"smb1protocol", "smb1protocol-client", "smb1protocol-server"}


@model("ansible.windows.win_optional_feature", version="3.8.0")
def win_optional_feature(call: Call) -> Result:
    features = {name.lower(): name for name in call.state.features}
    present = call.params["state"].lower() == "present"
    wanted = "Enabled" if present else "Disabled"
    changed = []
    for name in call.params["name"]:
        if name.lower() not in features:
            # Get-WindowsOptionalFeature throws for an unknown name; the module's own sentence [K].
            call.fail(f"Failed to find feature '{name}'")
        state = call.state.features[features[name.lower()]]
        # The module compares with "Enabled*": the real states are EnablePending and DisablePending.
        if not state.startswith(wanted):
            changed.append(features[name.lower()])
    if present and call.params["source"] and not call.state.files.exists(call.params["source"]):
        call.fail(f"Path could not be found '{call.params['source']}'")
    reboot = False
    if not call.check:
        for name in changed:
            later = name.lower() in NEEDS_REBOOT
            reboot = reboot or later
            call.state.features[name] = (
                ("EnablePending" if present else "DisablePending") if later else wanted
            )
        if reboot:
            require(call.state)
    return {"changed": bool(changed), "reboot_required": reboot}
