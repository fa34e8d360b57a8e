"""cartable.fleet.win_optional_features: mirrors plugins/modules/win_optional_features.ps1."""

from __future__ import annotations

from ..api import Call, Result, model
from ..pending_reboot import require
from ..win_optional_feature import NEEDS_REBOOT


@model("cartable.fleet.win_optional_features")
def win_optional_features(call: Call) -> Result:
    known = {name.lower(): name for name in call.state.features}
    seen = {}
    to_disable = []
    for name in call.params["disabled"]:
        if name.lower() not in known:
            continue
        seen[name] = call.state.features[known[name.lower()]]
        if not seen[name].startswith("Disable"):
            to_disable.append(name)
    reboot = False
    if not call.check:
        for name in to_disable:
            later = name.lower() in NEEDS_REBOOT
            reboot = reboot or later
            call.state.features[known[name.lower()]] = "DisablePending" if later else "Disabled"
        if reboot:
            require(call.state)
    call.set_diff({name: seen[name] for name in to_disable}, dict.fromkeys(to_disable, "Disabled"))
    return {"changed": bool(to_disable), "seen": seen, "reboot_required": reboot}
