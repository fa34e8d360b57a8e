"""community.windows.win_power_plan: mirrors win_power_plan.ps1 of community.windows 3.3.0."""

from __future__ import annotations

from .api import Call, Result, model


@model("community.windows.win_power_plan", version="3.3.0")
def win_power_plan(call: Call) -> Result:
    plans = call.state.power_plans
    name, guid = call.params["name"], call.params["guid"]
    if name is not None:
        chosen = next((key for key, label in plans.items() if label.lower() == name.lower()), None)
    else:
        chosen = str(guid).strip("{}").lower()
        chosen = chosen if chosen in plans else None
    active = call.state.active_power_plan
    result: Result = {"all_available_plans": {label: key == active for key, label in plans.items()}}
    if chosen is None:
        return dict(call.fail(f"Defined power_plan: ({name or guid}) is not available", **result))
    result["power_plan_name"] = plans[chosen]
    if chosen != active:
        if not call.check:
            call.state.active_power_plan = chosen
        result |= {
            "changed": True,
            "all_available_plans": {label: key == chosen for key, label in plans.items()},
        }
    return result | {"power_plan_enabled": True}
