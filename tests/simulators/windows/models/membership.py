"""microsoft.ad.membership: mirrors membership.ps1 of microsoft.ad 1.12.1 (its action plugin does the restart)."""

from __future__ import annotations

from ..state.accounts import ADMINISTRATORS
from .api import Call, Result, model
from .pending_reboot import require
from .win_hostname import COMPUTER_NAME

DOMAIN_ADMINS = "S-1-5-21-2222222222-3333333333-1111111111-512"


@model("microsoft.ad.membership", version="1.12.1")
def membership(call: Call) -> Result:
    params, system = call.params, call.state.system
    call.unmodelled("offline_join_blob")
    hostname = params["hostname"] or system.name
    before = {
        "dns_domain_name": system.domain or None,
        "hostname": system.name,
        "state": "domain" if system.domain else "workgroup",
        "workgroup_name": None if system.domain else system.workgroup,
    }
    call.set_diff(before, {
        "dns_domain_name": params["dns_domain_name"], "hostname": hostname, "state": params["state"],
        "workgroup_name": params["workgroup_name"],
    })  # fmt: skip
    changed = hostname.lower() != system.name.lower()
    joins = False
    if params["state"].lower() == "domain":
        if params["dns_domain_name"] != (system.domain or None):
            if system.domain:
                call.fail(
                    f"Host is already joined to '{system.domain}', switching domains is not implemented"
                )
            _check_domain(call)
            changed = True
            joins = not call.check
    elif params["workgroup_name"].lower() != ("" if system.domain else system.workgroup.lower()):
        changed = True
    if changed and not call.check:
        system.domain = params["dns_domain_name"] if params["state"].lower() == "domain" else ""
        system.workgroup = params["workgroup_name"] or system.workgroup
        if hostname.lower() != system.name.lower():
            system.pending_name = hostname
            call.state.registry.set(COMPUTER_NAME, "ComputerName", hostname)
        require(call.state)
    if joins:  # Windows itself puts the group Domain Admins into the PC's administrators
        call.state.accounts.group(ADMINISTRATORS).members.append(DOMAIN_ADMINS)
        call.state.extra["unit"] = params["domain_ou_path"] or ""
    return {"changed": changed, "reboot_required": changed}


def _check_domain(call: Call) -> None:
    """The domains that the PC can reach, with their administrators: `extra["domains"]`; their units: `extra["units"]`."""
    domain, params = call.params["dns_domain_name"], call.params
    known = call.state.extra.get("domains", {}).get(domain)
    computer = call.state.system.name
    if known is None:
        call.fail(
            f"Computer '{computer}' failed to join domain '{domain}' from its current workgroup '{call.state.system.workgroup}' "
            "with following error message: The specified domain either does not exist or could not be contacted."
        )
    if known is not None and known.get(params["domain_admin_user"]) != params["domain_admin_password"]:
        call.fail(
            f"Computer '{computer}' failed to join domain '{domain}' from its current workgroup '{call.state.system.workgroup}' "
            f"with following error message: {call.message(1326)}."
        )
    unit = params["domain_ou_path"]
    if unit and unit not in call.state.extra.get("units", []):
        call.fail(
            f"Computer '{computer}' failed to join domain '{domain}' from its current workgroup '{call.state.system.workgroup}' "
            f"with following error message: {call.message(2)}. Check domain_ou_path is pointing to a valid OU in the target domain."
        )
