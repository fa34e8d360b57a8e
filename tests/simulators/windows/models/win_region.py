"""ansible.windows.win_region: mirrors win_region.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model

CULTURES = {"fr-FR", "en-US", "en-GB", "eu-ES", "oc-FR", "br-FR", "fr-BE", "fr-CH", "de-DE", "es-ES"}
GEO_IDS = {"84": "France", "244": "United States", "242": "United Kingdom", "217": "Spain", "94": "Germany"}


@model("ansible.windows.win_region", version="3.8.0")
def win_region(call: Call) -> Result:
    """Location and format are those of the account that runs the module; only the system locale is the machine's."""
    params, region = call.params, call.state.system.region
    if all(params[option] is None for option in ("location", "format", "unicode_language")):
        call.fail("An argument for 'format', 'location' or 'unicode_language' needs to be supplied")
    if params["location"] is not None and params["location"] not in GEO_IDS:
        call.fail(f"The argument location '{params['location']}' does not contain a valid Geo ID")
    for option in ("format", "unicode_language"):
        if params[option] is not None and params[option].lower() not in {name.lower() for name in CULTURES}:
            call.fail(f"The argument {option} '{params[option]}' does not contain a valid Culture Name")
    changed = {
        option: params[option]
        for option in ("location", "format", "unicode_language")
        if params[option] is not None and params[option].lower() != region[option].lower()
    }
    if not call.check:
        region |= changed
        if changed and params["copy_settings"]:
            call.state.extra["region_copied_to_default_user"] = dict(region)
    return {"changed": bool(changed), "restart_required": "unicode_language" in changed}
