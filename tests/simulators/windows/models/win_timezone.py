"""ansible.windows.win_timezone: mirrors win_timezone.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model

# `tzutil /l` has some 140; those that the fleet can meet. Identifiers are not localized.
KNOWN = {
    "UTC", "GMT Standard Time", "Romance Standard Time", "W. Europe Standard Time", "Central Europe Standard Time",
    "SA Western Standard Time", "SA Eastern Standard Time", "Mauritius Standard Time", "Central Pacific Standard Time",
    "Hawaiian Standard Time", "Saint Pierre Standard Time", "E. Africa Standard Time", "Eastern Standard Time",
}  # fmt: skip


@model("ansible.windows.win_timezone", version="3.8.0")
def win_timezone(call: Call) -> Result:
    system, wanted = call.state.system, call.params["timezone"]
    previous = system.timezone
    call.set_diff(f"{previous}\n", f"{wanted}\n")
    result: Result = {"previous_timezone": previous, "timezone": wanted}
    if previous.lower() == wanted.lower():
        return result
    if wanted.replace("_dstoff", "").lower() not in {name.lower() for name in KNOWN}:
        call.fail(f"The specified timezone: {wanted} isn't supported on the machine.", **result)
    if not call.check:
        system.timezone = wanted
        key = r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
        call.state.registry.set(key, "TimeZoneKeyName", wanted)
    return result | {"changed": True}
