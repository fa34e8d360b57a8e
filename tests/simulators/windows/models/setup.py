"""ansible.windows.setup: mirrors setup.ps1 of ansible.windows 3.8.0."""

from __future__ import annotations

import datetime
from typing import Any

from ..state.names import EDITIONS, localized
from .api import Call, Result, model
from .pending_reboot import reasons


def caption(call: Call) -> str:
    """Win32_OperatingSystem.Caption, in the language of Windows."""
    system = call.state.system
    edition = localized(EDITIONS[system.edition], system.language)
    if system.is_server:
        year = {17763: "2019", 20348: "2022", 26100: "2025"}.get(system.build, "2022")
        return f"Microsoft Windows Server {year} {edition}"
    return f"Microsoft Windows {11 if system.build >= 22000 else 10} {edition}"


def _distribution(call: Call) -> dict[str, Any]:
    system = call.state.system
    return {
        "ansible_distribution": caption(call),
        "ansible_distribution_version": f"10.0.{system.build}.0",
        "ansible_distribution_major_version": "10",
        "ansible_os_family": "Windows",
        "ansible_os_name": caption(call),
        "ansible_os_product_type": "server" if system.is_server else "workstation",
        "ansible_os_installation_type": system.installation_type,
    }


def _hardware(call: Call) -> dict[str, Any]:
    system = call.state.system
    date = datetime.date.fromisoformat(system.bios_date)
    return {
        "ansible_bios_date": date.strftime("%m/%d/%Y"),
        "ansible_bios_version": system.bios_version,
        "ansible_product_name": system.model,
        "ansible_product_serial": system.serial,
        "ansible_product_uuid": system.uuid,
        "ansible_memtotal_mb": system.memory_mb,
        "ansible_processor": ["0", "GenuineIntel", system.processor],
        "ansible_processor_count": 1,
        "ansible_processor_cores": system.cores,
        "ansible_processor_vcpus": system.cores,
        "ansible_architecture": "64 bits" if system.language == "fr-FR" else "64-bit",  # localized, [K]
        "ansible_architecture2": "x86_64",
    }


def _platform(call: Call) -> dict[str, Any]:
    system = call.state.system
    return {
        "ansible_fqdn": system.name,
        "ansible_hostname": system.name,
        "ansible_netbios_name": system.name.upper()[:15],
        "ansible_nodename": system.name,
        "ansible_kernel": f"10.0.{system.build}.0",
        "ansible_machine_id": call.state.accounts.machine_sid,
        "ansible_system": "Win32NT",
        "ansible_system_vendor": system.manufacturer,
        "ansible_reboot_pending": bool(reasons(call.state)),
        "ansible_powershell_version": 5,
        "ansible_domain": system.domain,
        "ansible_windows_domain": system.domain or system.workgroup,
        "ansible_windows_domain_member": bool(system.domain),
        "ansible_windows_domain_role": (
            "Stand-alone server" if system.is_server else "Stand-alone workstation"
        )
        if not system.domain
        else ("Member server" if system.is_server else "Member workstation"),
    }


def _user(call: Call) -> dict[str, Any]:
    user = call.user
    return {
        "ansible_user_id": user.name if user else "SYSTEM",
        "ansible_user_sid": user.sid if user else "S-1-5-18",
        "ansible_user_dir": call.expand("%USERPROFILE%"),
        "ansible_user_gecos": "",
    }


def _network(call: Call) -> dict[str, Any]:
    up = [adapter for adapter in call.state.adapters if adapter.status == "Up"]
    return {
        "ansible_ip_addresses": [address.split("/")[0] for adapter in up for address in adapter.addresses],
        "ansible_interfaces": [
            {
                "connection_name": adapter.name,
                "default_gateway": adapter.gateway or None,
                "dns_domain": None,
                "interface_index": index,
                "interface_name": adapter.description,
                "macaddress": adapter.mac.replace("-", ":"),
                "ipv4": {
                    "address": adapter.addresses[0].split("/")[0],
                    "prefix": adapter.addresses[0].split("/")[1],
                }
                if adapter.addresses
                else {},
            }
            for index, adapter in enumerate(up, 4)
        ],
    }


def _winrm(call: Call) -> dict[str, Any]:
    certificate = call.pc.certificate
    return {
        "ansible_win_rm_certificate_expires": certificate.not_after.strftime("%Y-%m-%d %H:%M:%S"),
        "ansible_win_rm_certificate_thumbprint": certificate.thumbprint,
    }


def _time(call: Call) -> dict[str, Any]:
    now = call.pc.now()
    return {
        "ansible_date_time": {
            "iso8601": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "epoch_int": int(now.timestamp()),
            "date": now.strftime("%Y-%m-%d"),
            "tz": call.state.system.timezone,
        },
        "ansible_lastboot": datetime.datetime.fromtimestamp(
            call.state.system.booted_at, datetime.UTC
        ).strftime("%Y-%m-%d %H:%M:%SZ"),
        "ansible_uptime_seconds": round(now.timestamp() - call.state.system.booted_at),
    }


SUBSETS = {
    "all_ipv4_addresses": _network, "interfaces": _network, "bios": _hardware, "memory": _hardware,
    "processor": _hardware, "date_time": _time, "uptime": _time, "distribution": _distribution,
    "platform": _platform, "windows_domain": _platform, "domain": _platform, "powershell_version": _platform,
    "user": _user, "winrm": _winrm,
}  # fmt: skip
MINIMUM = ("date_time", "distribution", "platform", "powershell_version", "winrm")
ACCEPTED = {
    *SUBSETS,
    "all",
    "min",
    "hardware",
    "network",
    "env",
    "local",
    "facter",
    "virtual",
    "all_ipv6_addresses",
    "external_ip",
}


@model("ansible.windows.setup", version="3.8.0")
def setup(call: Call) -> Result:
    wanted: list[str] = (
        call.params["gather_subset"] if isinstance(call.params["gather_subset"], list) else ["all"]
    )
    for subset in wanted:
        if subset.lstrip("!") not in ACCEPTED:
            call.fail(
                f"Bad subset '{subset.lstrip('!')}' given to Ansible. gather_subset options allowed: {', '.join(sorted(ACCEPTED))}"
            )
    everything = "all" in wanted or not [subset for subset in wanted if not subset.startswith("!")]
    chosen = set(SUBSETS) if everything and "!all" not in wanted else {s for s in wanted if s in SUBSETS}
    if "!min" not in wanted:
        chosen |= set(MINIMUM)
    chosen -= {subset[1:] for subset in wanted if subset.startswith("!")}
    facts: dict[str, Any] = {"gather_subset": wanted, "module_setup": True}
    for function in dict.fromkeys(SUBSETS[subset] for subset in sorted(chosen)):
        facts |= function(call)
    if everything:
        facts["ansible_env"] = {"COMPUTERNAME": call.state.system.name} | call.state.environment
    return {"ansible_facts": facts}
