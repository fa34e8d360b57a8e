"""Inventory record of a Windows PC in GLPI's inventory format, from the answer of ``win_asset_facts``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from reversibility.platforms import fillers
from reversibility.platforms.windows_answer import (
    Answer,
    by_name,
    iso_date,
    listed,
    number,
    real,
    serial,
    text_of,
    without_empty,
)
from reversibility.platforms.windows_protection import ENCRYPTION, antivirus
from reversibility.platforms.windows_software import installed_software

MIB = 1024**2
# SMBIOS specification (DMTF DSP0134): chassis types that a school meets, kinds of memory.
CHASSIS = {
    3: "Desktop", 4: "Low Profile Desktop", 5: "Pizza Box", 6: "Mini Tower", 7: "Tower", 8: "Portable", 9: "Laptop",
    10: "Notebook", 13: "All in One", 14: "Sub Notebook", 15: "Space-Saving", 17: "Main Server Chassis",
    23: "Rack Mount Chassis", 30: "Tablet", 31: "Convertible", 32: "Detachable", 35: "Mini PC", 36: "Stick PC",
}  # fmt: skip
MEMORY = {20: "DDR", 21: "DDR2", 24: "DDR3", 26: "DDR4", 29: "LPDDR3", 30: "LPDDR4", 34: "DDR5", 35: "LPDDR5"}
# MSFT_PhysicalDisk
MEDIA = {3: "HDD", 4: "SSD", 5: "SCM"}
BUS = {1: "SCSI", 3: "ATA", 7: "USB", 8: "RAID", 10: "SAS", 11: "SATA", 12: "SD", 13: "MMC", 17: "NVMe"}
HEALTH = {0: "passed", 1: "warning", 2: "failed"}
NOT_PRINTERS = re.compile(r"^(PORTPROMPT:|nul:|SHRFAX:|FILE:)", re.IGNORECASE)
WIRELESS = re.compile(r"wi-?fi|wireless|802\.11|wlan", re.IGNORECASE)


def inventory_record(
    answer: Answer, asset: str, client: str, end_of_support: str | None = None
) -> dict[str, Any]:
    """Give the document; ``end_of_support`` is an ISO date. A section that is unknown is left out."""
    content = {
        "versionclient": client,
        "hardware": _hardware(answer),
        "bios": _bios(answer),
        "cpus": list(_cpus(answer)),
        "memories": list(_memories(answer)),
        "storages": list(_storages(answer)),
        "drives": list(_drives(answer)),
        "networks": list(_networks(answer)),
        "operatingsystem": _operating_system(answer, end_of_support),
        "softwares": installed_software(answer),
        "local_users": [
            {"id": text_of(user.get("SID")), "login": text_of(user.get("Name")), "name": text_of(user.get("FullName"))}
            for user in by_name(answer.rows("users"), "SID")
            if text_of(user.get("SID"))
        ],
        "local_groups": list(_groups(answer)),
        "antivirus": list(antivirus(answer)),
        "printers": list(_printers(answer)),
    }  # fmt: skip
    return {
        "deviceid": f"{asset}-cartable",
        "itemtype": "Computer",
        "action": "inventory",
        "tag": asset,
        "content": without_empty(content),
    }


def _hardware(answer: Answer) -> dict[str, Any]:
    computer, product = answer.first("computer"), answer.first("product")
    types = [number(kind) for kind in listed(answer.first("enclosure").get("ChassisTypes"))]
    memory = number(computer.get("TotalPhysicalMemory"))
    gateways = [text_of(g) for row in _configured(answer) for g in listed(row.get("DefaultIPGateway"))]
    servers = [text_of(s) for row in _configured(answer) for s in listed(row.get("DNSServerSearchOrder"))]
    return without_empty(
        {
            "name": text_of(computer.get("Name")),
            "uuid": fillers.identifier(text_of(product.get("UUID"))),
            "chassis_type": next((CHASSIS[kind] for kind in types if kind in CHASSIS), ""),
            "memory": memory // MIB if memory else None,
            "workgroup": text_of(computer.get("Workgroup")) or text_of(computer.get("Domain")),
            "winlang": text_of(answer.first("system").get("OSLanguage")),
            "defaultgateway": next(iter(gateways), ""),
            "dns": "/".join(dict.fromkeys(servers)),
        }
    )


def _bios(answer: Answer) -> dict[str, Any]:
    computer, bios, board = (answer.first(name) for name in ("computer", "bios", "board"))
    product, enclosure = answer.first("product"), answer.first("enclosure")
    model = real(computer.get("Model"))
    if re.match("lenovo", text_of(computer.get("Manufacturer")), re.IGNORECASE):
        model = real(product.get("Version")) or model  # Model is a part number there
    secure_boot = number(answer.first("secure_boot").get("UEFISecureBootEnabled"))
    states = {None: "unsupported", 0: "disabled", 1: "enabled"}
    return without_empty(
        {
            "assettag": real(enclosure.get("SMBIOSAssetTag")),
            "bdate": iso_date(bios.get("ReleaseDate")),
            "bmanufacturer": real(bios.get("Manufacturer")),
            "bversion": real(bios.get("SMBIOSBIOSVersion")),
            "enclosureserial": serial(enclosure.get("SerialNumber")),
            "mmanufacturer": real(board.get("Manufacturer")),
            "mmodel": real(board.get("Product")),
            "msn": serial(board.get("SerialNumber")),
            "secure_boot": states.get(secure_boot, "") if answer.knows("secure_boot") else "",
            "skunumber": real(computer.get("SystemSKUNumber")),
            "smanufacturer": real(computer.get("Manufacturer")),
            "smodel": model,
            "ssn": serial(bios.get("SerialNumber")),
        }
    )


def _cpus(answer: Answer) -> Iterator[dict[str, Any]]:
    for row in answer.rows("processors"):
        width = number(row.get("AddressWidth"))
        yield without_empty(
            {
                "name": re.sub(r"\s+", " ", text_of(row.get("Name"))),
                "manufacturer": text_of(row.get("Manufacturer")),
                "arch": {64: "x86_64", 32: "i686"}.get(width or 0, ""),
                "core": number(row.get("NumberOfCores")),
                "thread": number(row.get("NumberOfLogicalProcessors")),
                "speed": number(row.get("MaxClockSpeed")),
            }
        )


def _memories(answer: Answer) -> Iterator[dict[str, Any]]:
    for slot, row in enumerate(answer.rows("memories"), 1):
        yield without_empty(
            {
                "numslots": slot,
                "capacity": (number(row.get("Capacity")) or 0) // MIB,
                "caption": real(row.get("DeviceLocator")),
                "manufacturer": real(row.get("Manufacturer")),
                "model": real(row.get("PartNumber")),
                "serialnumber": serial(row.get("SerialNumber")),
                "speed": real(row.get("Speed")),
                "type": MEMORY.get(number(row.get("SMBIOSMemoryType")) or 0, ""),
            }
        )


def _storages(answer: Answer) -> Iterator[dict[str, Any]]:
    """Disks as Storage Spaces knows them, otherwise (before Windows 8) those of Win32_DiskDrive."""
    modern = [row for row in answer.rows("physical_disks") if number(row.get("BusType")) != 7]
    for row in by_name(modern, "DeviceId"):
        yield _storage(
            f"PHYSICALDRIVE{text_of(row.get('DeviceId'))}",
            row.get("FriendlyName"),
            row,
            row.get("FirmwareVersion"),
            interface=BUS.get(number(row.get("BusType")) or 0, ""),
            type=MEDIA.get(number(row.get("MediaType")) or 0, ""),
            health=HEALTH.get(_known(row.get("HealthStatus")), ""),
        )
    for row in by_name(answer.rows("disks"), "Index") if not modern else ():
        if text_of(row.get("InterfaceType")) != "USB":
            name = f"PHYSICALDRIVE{text_of(row.get('Index'))}"
            yield _storage(
                name,
                row.get("Model"),
                row,
                row.get("FirmwareRevision"),
                interface=text_of(row.get("InterfaceType")),
            )


def _known(value: Any) -> int:
    """A number in which 0 means something; -1 for an unknown one."""
    found = number(value)
    return -1 if found is None else found


def _storage(name: str, model: Any, row: dict[str, Any], firmware: Any, **more: str) -> dict[str, Any]:
    size = number(row.get("Size"))
    return without_empty(
        {
            "name": name,
            "description": name,
            "model": real(model),
            "serial": serial(row.get("SerialNumber")),
            "firmware": real(firmware),
            "disksize": size // MIB if size else None,
            **more,
        }
    )


def _drives(answer: Answer) -> Iterator[dict[str, Any]]:
    encryption = {text_of(row.get("DriveLetter")): row for row in answer.rows("encryption")}
    for row in by_name(answer.rows("volumes"), "DeviceID"):
        letter, size = text_of(row.get("DeviceID")), number(row.get("Size"))
        method = ENCRYPTION.get(number(encryption.get(letter, {}).get("EncryptionMethod")) or 0)
        encrypted = number(encryption.get(letter, {}).get("ConversionStatus")) == 1
        yield without_empty(
            {
                "letter": letter,
                "filesystem": text_of(row.get("FileSystem")).lower(),
                "total": size // MIB if size else None,
                "label": text_of(row.get("VolumeName")),
                "serial": text_of(row.get("VolumeSerialNumber")),
                "systemdrive": letter.upper() == "C:",
                **(
                    {"encrypt_name": "BitLocker", "encrypt_algo": method or ""} if encrypted or method else {}
                ),
                **({"encrypt_status": "Yes" if encrypted else "Partially"} if encrypted or method else {}),
            }
        )


def _configured(answer: Answer) -> list[dict[str, Any]]:
    return list(by_name(answer.rows("addresses"), "Index"))


def _networks(answer: Answer) -> Iterator[dict[str, Any]]:
    """One entry an address; a card without one, which may be dead or unplugged, has one entry as well."""
    configured = {number(row.get("Index")): row for row in _configured(answer)}
    for row in by_name(answer.rows("adapters"), "NetConnectionID", "GUID"):
        name, device = (
            text_of(row.get("NetConnectionID")) or text_of(row.get("Name")),
            text_of(row.get("PNPDeviceID")),
        )
        if not name:
            continue
        kind = "wifi" if WIRELESS.search(f"{name} {row.get('Name')}") else "ethernet"
        if "bluetooth" in text_of(row.get("Name")).lower() or device.upper().startswith("BTH\\"):
            kind = "bluetooth"
        base = without_empty(
            {
                "description": name,
                "model": text_of(row.get("Name")),
                "mac": text_of(row.get("MACAddress")).lower(),
                "pnpdeviceid": device,
                "type": kind,
                "virtualdev": not device.upper().startswith(("PCI\\", "USB\\")),
            }
        )
        settings = configured.get(number(row.get("Index")), {})
        pairs = list(zip(listed(settings.get("IPAddress")), listed(settings.get("IPSubnet")), strict=False))
        entries = [entry for pair in pairs if (entry := _address(*map(text_of, pair)))]
        for entry in entries or [{}]:
            yield {**base, **entry}


def _address(address: str, mask: str) -> dict[str, str]:
    """An address with its network; empty for a link-local one, which changes by itself, and for what is none."""
    try:
        found = ipaddress.ip_interface(f"{address}/{mask}")
    except ValueError:
        return {}
    if found.is_link_local:
        return {}
    suffix = "6" if found.version == 6 else ""
    return {
        f"ipaddress{suffix}": str(found.ip),
        f"ipmask{suffix}": str(found.netmask),
        f"ipsubnet{suffix}": str(found.network.network_address),
    }


def _operating_system(answer: Answer, end_of_support: str | None) -> dict[str, Any]:
    release, system = answer.release(), answer.first("system")
    if not system and not answer.first("release"):
        return {}
    return without_empty(
        {
            "name": "Windows",
            "full_name": text_of(system.get("Caption")),
            "version": release.release,
            "kernel_name": "MSWin32",
            "kernel_version": release.build,
            "edition": release.edition,  # EditionID: the same in every language
            "arch": {64: "64-bit", 32: "32-bit"}.get(
                number(answer.first("processors").get("AddressWidth")) or 0, ""
            ),
            "install_date": iso_date(system.get("InstallDate")),
            "end_of_support": end_of_support,
        }
    )


def _groups(answer: Answer) -> Iterator[dict[str, Any]]:
    members: dict[str, set[str]] = {}
    for row in answer.rows("members"):
        members.setdefault(text_of(row.get("group")), set()).add(text_of(row.get("member")))
    for row in by_name(answer.rows("groups"), "SID"):
        name, sid = text_of(row.get("Name")), text_of(row.get("SID"))
        if name and sid:
            yield without_empty({"id": sid, "name": name, "members": sorted(members.get(name, ()))})


def _printers(answer: Answer) -> Iterator[dict[str, Any]]:
    for row in by_name(answer.rows("printers"), "Name"):
        if not text_of(row.get("Name")) or NOT_PRINTERS.match(text_of(row.get("PortName"))):
            continue
        yield without_empty(
            {
                "name": text_of(row.get("Name")),
                "driver": text_of(row.get("DriverName")),
                "port": text_of(row.get("PortName")),
                "network": bool(row.get("Network")),
                "shared": bool(row.get("Shared")),
                "comment": "default" if row.get("Default") else "",
            }
        )
