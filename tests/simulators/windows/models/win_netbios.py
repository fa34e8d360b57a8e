"""community.windows.win_netbios: mirrors win_netbios.ps1 of community.windows 3.3.0."""

from __future__ import annotations

from .api import Call, Result, model

OPTIONS = {"default": 0, "enabled": 1, "disabled": 2}


@model("community.windows.win_netbios", version="3.3.0")
def win_netbios(call: Call) -> Result:
    names, wanted = call.params["adapter_names"], OPTIONS[call.params["state"].lower()]
    if names:
        adapters = [a for a in call.state.adapters if a.name.lower() in {name.lower() for name in names}]
        if len(adapters) != len(names):
            call.fail(
                "Not all of the target adapter names could be found on the system. No configuration changes have been made. "
                + " ".join(names)
            )
    else:
        # IPEnabled: a dead or unplugged adapter keeps what it has.
        adapters = [
            adapter for adapter in call.state.adapters if adapter.status == "Up" and adapter.addresses
        ]
    changed = [adapter for adapter in adapters if adapter.netbios != wanted]
    for adapter in changed:
        if wanted == 0 and not adapter.dhcp:
            call.warn(
                f"DHCP not enabled on adapter {adapter.mac.replace('-', ':')}. Unable to set default. Try using disabled or "
                "enabled options instead."
            )
        elif not call.check:
            adapter.netbios = wanted
            key = rf"HKLM\SYSTEM\CurrentControlSet\Services\NetBT\Parameters\Interfaces\Tcpip_{adapter.guid}"
            call.state.registry.set(key, "NetbiosOptions", wanted)
    return {"changed": bool(changed), "reboot_required": False}
