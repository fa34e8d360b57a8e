"""cartable.fleet.win_asset_facts: mirrors plugins/modules/win_asset_facts.ps1, with the classes and keys that it asks."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from ...state.accounts import ADMINISTRATORS
from ...state.software import UNINSTALL, UNINSTALL_32
from ..api import Call, Result, model
from ..setup import caption
from .win_defender import status

METHODS = {"None": 0, "Aes128": 3, "Aes256": 4, "XtsAes128": 6, "XtsAes256": 7}
CONVERSIONS = {"FullyDecrypted": 0, "FullyEncrypted": 1, "EncryptionInProgress": 2, "DecryptionInProgress": 3}
RELEASE = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
MODES = {"auto": "Auto", "delayed": "Auto", "manual": "Manual", "disabled": "Disabled"}
Rows = list[dict[str, Any]]


def _system(call: Call) -> dict[str, Rows]:
    system, now = call.state.system, call.pc.now()
    language = 1036 if system.language == "fr-FR" else 1033
    return {
        "computer": [
            {
                "Name": system.name, "Manufacturer": system.manufacturer, "Model": system.model,
                "TotalPhysicalMemory": system.memory_mb * 1024**2, "Domain": system.domain or system.workgroup,
                "Workgroup": None if system.domain else system.workgroup, "PartOfDomain": bool(system.domain), "PCSystemType": 1,
            }
        ],
        "product": [{"UUID": system.uuid, "Version": system.model, "Vendor": system.manufacturer}],
        "enclosure": [{"ChassisTypes": [35], "SMBIOSAssetTag": "No Asset Tag", "SerialNumber": system.serial}],
        "bios": [
            {
                "SerialNumber": system.serial, "SMBIOSBIOSVersion": system.bios_version,
                "ReleaseDate": f"{system.bios_date}T00:00:00.0000000Z", "Manufacturer": system.manufacturer,
            }
        ],
        "system": [
            {
                "Caption": caption(call), "Version": f"10.0.{system.build}", "BuildNumber": str(system.build),
                "OSLanguage": language, "MUILanguages": [system.language], "InstallDate": "2026-09-01T08:00:00.0000000Z",
                "LastBootUpTime": call.pc.now().fromtimestamp(system.booted_at, now.tzinfo).isoformat(),
                "LocalDateTime": now.isoformat(), "ProductType": 3 if system.is_server else 1,
            }
        ],
        "processors": [
            {
                "Name": system.processor, "Manufacturer": "GenuineIntel", "NumberOfCores": system.cores,
                "NumberOfLogicalProcessors": system.cores * 2, "MaxClockSpeed": 1300, "AddressWidth": 64,
            }
        ],
        "tpm": [{"IsEnabled_InitialValue": True, "SpecVersion": "2.0, 0, 1.59"}] if system.has_tpm else [],
    }  # fmt: skip


def _hardware(call: Call) -> dict[str, Rows]:
    state = call.state
    disks: Rows = [
        {
            "DeviceId": str(index), "FriendlyName": disk.model, "SerialNumber": disk.serial, "Size": disk.size,
            "MediaType": disk.media, "BusType": disk.bus, "HealthStatus": disk.health,
        }
        for index, disk in enumerate(state.disks)
    ]  # fmt: skip
    volumes: Rows = [
        {
            "DeviceID": each.mount_point,
            "FileSystem": "NTFS",
            "Size": int(each.capacity_gb * 1024**3),
            "FreeSpace": 150 * 1024**3,
        }
        for each in state.volumes
    ]
    encryption: Rows = [
        {
            "DriveLetter": each.mount_point, "ProtectionStatus": int(each.protection == "On"),
            "ConversionStatus": CONVERSIONS[each.conversion], "EncryptionMethod": METHODS[each.method], "VolumeType": int(not each.is_system),
        }
        for each in state.volumes
    ]  # fmt: skip
    adapters: Rows = []
    addresses: Rows = []
    for index, adapter in enumerate(state.adapters, 1):
        adapters.append(
            {
                "Index": index, "GUID": adapter.guid, "Name": adapter.description, "NetConnectionID": adapter.name,
                "MACAddress": adapter.mac.replace("-", ":"), "NetConnectionStatus": 2 if adapter.status == "Up" else 7,
                "PNPDeviceID": rf"PCI\VEN_8086&DEV_15FC\{index}",
            }
        )  # fmt: skip
        found = [ipaddress.ip_interface(address) for address in adapter.addresses]
        if adapter.status == "Up":
            addresses.append(
                {
                    "Index": index, "IPAddress": [str(one.ip) for one in found], "IPSubnet": [str(one.netmask) for one in found],
                    "DefaultIPGateway": [adapter.gateway] if adapter.gateway else None, "DNSServerSearchOrder": adapter.dns,
                }
            )  # fmt: skip
    return {
        "physical_disks": disks,
        "volumes": volumes,
        "encryption": encryption,
        "adapters": adapters,
        "addresses": addresses,
    }


def _accounts(call: Call) -> dict[str, Rows]:
    accounts, name = call.state.accounts, call.state.system.name
    names = {user.sid: user.name for user in accounts.users}
    return {
        "users": [
            {
                "Name": user.name, "SID": user.sid, "FullName": user.full_name, "Disabled": not user.enabled,
                "Lockout": user.locked, "PasswordRequired": True, "PasswordExpires": not user.password_never_expires,
            }
            for user in accounts.users
        ],
        "groups": [{"Name": group.name, "SID": group.sid} for group in accounts.groups],
        "members": [
            {"group": group.name, "member": names[sid], "domain": name}
            for group in accounts.groups
            for sid in group.members
            if sid in names
        ],
    }  # fmt: skip


def _programs(call: Call) -> Rows:
    registry = call.state.registry
    places = [("machine", "x86_64", "HKLM\\" + UNINSTALL), ("machine", "i586", "HKLM\\" + UNINSTALL_32)]
    places += [
        (sid, "", rf"HKU\{sid}\{UNINSTALL}") for sid in registry.subkeys("HKU") if sid.startswith("S-1-5-21-")
    ]
    found = []
    for scope, arch, path in places:
        for key in registry.subkeys(path):
            values = {value.name: str(value.data) for value in registry.values(f"{path}\\{key}")}
            if len(values) > 1:
                found.append({"scope": scope, "arch": arch, "key": key, **values})
    return found


def facts(call: Call) -> dict[str, Rows]:
    """All sections, as the PC answers them."""
    state, registry = call.state, call.state.registry
    defender = status(state)
    boot = registry.get(r"HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot\State", "UEFISecureBootEnabled")
    assert state.accounts.find_group(ADMINISTRATORS) is not None
    return {
        **_system(call),
        **_hardware(call),
        **_accounts(call),
        "printers": [
            {"Name": p.name, "DriverName": p.driver, "PortName": p.port, "Shared": p.shared, "Default": p.default, "Network": False}
            for p in state.printers
        ],
        "print_settings": [{"name": p.name, "color": p.color, "duplex": p.duplex} for p in state.printers],
        "hotfixes": [
            {"HotFixID": f"KB{update.kb}", "InstalledOn": "9/10/2026"} for update in state.updates if update.installed and not update.driver
        ],
        "services": [
            {"Name": s.name, "StartMode": MODES[s.start_mode], "State": "Running" if s.state == "started" else "Stopped"}
            for s in state.services.values()
        ],
        "antivirus": [{"displayName": p.name, "instanceGuid": p.identifier, "productState": p.state} for p in state.antivirus],
        "defender": [defender] if defender else [],
        "programs": _programs(call),
        "store_apps": [dict(app) for app in state.store_apps],
        "certificates": [
            {
                "thumbprint": c.thumbprint, "subject": c.subject, "issuer": c.issuer, "not_before": c.not_before,
                "not_after": c.not_after, "private_key": True,
            }
            for c in state.certificates
            if (c.location, c.store) == ("LocalMachine", "My")
        ],
        "release": [
            {
                name: registry.get(RELEASE, name)
                for name in ("ProductName", "EditionID", "InstallationType", "DisplayVersion", "CurrentBuildNumber", "UBR")
            }
        ],
        "secure_boot": [{"UEFISecureBootEnabled": boot}],
        "time_zone": [{"TimeZoneKeyName": state.system.timezone}],
    }  # fmt: skip


@model("cartable.fleet.win_asset_facts")
def win_asset_facts(call: Call) -> Result:
    return {"changed": False, "answer": json.dumps({"facts": facts(call), "problems": {}})}
