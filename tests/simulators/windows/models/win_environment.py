"""ansible.windows.win_environment, win_computer_description and win_dns_client: mirror their .ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

from .api import Call, Result, model

CURRENT_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"


@model("ansible.windows.win_environment", version="3.8.0")
def win_environment(call: Call) -> Result:
    params = call.params
    if params["level"].lower() != "machine":
        call.fail(f"simulator: win_environment has no model of the level {params['level']}")
    wanted = params["variables"] if params["variables"] is not None else {params["name"]: params["value"]}
    variables = call.state.environment
    names = {name.lower(): name for name in variables}
    values, changed = {}, False
    for name, value in wanted.items():
        current = variables.get(names.get(name.lower(), name))
        absent = (params["state"] or ("present" if value else "absent")).lower() == "absent"
        differs = current is not None if absent else current != str(value)
        changed = changed or differs
        values[name] = {"changed": differs, "before": current, "after": None if absent else str(value)}
        if differs and not call.check:
            variables.pop(names.get(name.lower(), name), None)
            if not absent:
                variables[name] = str(value)
    call.set_diff(
        {"machine": {n: v["before"] for n, v in values.items()}},
        {"machine": {n: v["after"] for n, v in values.items()}},
    )
    if params["variables"] is not None:
        return {"changed": changed, "values": values}
    return {"changed": changed, "before_value": values[params["name"]]["before"], "value": params["value"]}


@model("ansible.windows.win_computer_description", version="3.8.0")
def win_computer_description(call: Call) -> Result:
    params, registry, changed = call.params, call.state.registry, False
    if params["description"] is not None and params["description"] != call.state.extra.get("description", ""):
        changed = True
        if not call.check:
            call.state.extra["description"] = params["description"]
    for option, name in (("owner", "RegisteredOwner"), ("organization", "RegisteredOrganization")):
        if params[option] is not None and params[option] != registry.get(CURRENT_VERSION, name, ""):
            changed = True
            if not call.check:
                registry.set(CURRENT_VERSION, name, params[option])
    return {"changed": changed}


@model("ansible.windows.win_dns_client", version="3.8.0")
def win_dns_client(call: Call) -> Result:
    names, servers = call.params["adapter_names"] or "*", call.params["dns_servers"]
    names = names if isinstance(names, list) else [names]
    servers = servers if isinstance(servers, list) else [servers] if servers else []
    if call.params["suffix_search_list"]:
        call.fail("simulator: win_dns_client has no model of suffix_search_list")
    enabled = [adapter for adapter in call.state.adapters if adapter.status == "Up" and adapter.addresses]
    if "*" not in names:
        wanted = {name.lower() for name in names}
        missing = wanted - {adapter.name.lower() for adapter in enabled}
        if missing:
            call.fail(
                "Get-NetAdapterInfo: Failed to find network adapter(s) that are IP enabled with the name "
                f"'{sorted(missing)[0]}'"
            )
        enabled = [adapter for adapter in enabled if adapter.name.lower() in wanted]
    changed = [adapter for adapter in enabled if adapter.dns != servers]
    if not call.check:
        for adapter in changed:
            adapter.dns = list(servers)
    return {"changed": bool(changed)}
