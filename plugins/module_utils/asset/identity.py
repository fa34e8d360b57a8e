# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hardware identity of the asset: firmware tables, processor, memory."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional

from . import fillers
from .machine import Machine, number, without_empty

DMI = "/sys/class/dmi/id/"
# SMBIOS specification (DMTF DSP0134), table 17: the chassis types that a school meets.
CHASSIS = {
    1: "Other", 2: "Unknown", 3: "Desktop", 4: "Low Profile Desktop", 5: "Pizza Box", 6: "Mini Tower",
    7: "Tower", 8: "Portable", 9: "Laptop", 10: "Notebook", 11: "Hand Held", 12: "Docking Station",
    13: "All in One", 14: "Sub Notebook", 15: "Space-Saving", 16: "Lunch Box", 17: "Main Server Chassis",
    23: "Rack Mount Chassis", 30: "Tablet", 31: "Convertible", 32: "Detachable", 35: "Mini PC", 36: "Stick PC",
}  # fmt: skip
IN_SMALL_UNITS = {"kB": 1024, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}


def container(machine: Machine) -> str:
    """Name the kind of container that this is (``podman``, ``lxc``); empty on a real or virtual machine.

    A container shows the firmware, disks and processor of the machine below it. They are not its own.
    """
    kind = machine.word("/run/systemd/container")
    if not kind:
        kind = (machine.run("systemd-detect-virt", "--container") or "").strip()
    return "" if kind == "none" else kind


def bios(machine: Machine) -> Dict[str, Any]:
    """Read vendor, model, serial number and asset tag as the firmware gives them; GLPI's section ``bios``."""
    fields = {
        "assettag": "chassis_asset_tag",
        "bmanufacturer": "bios_vendor",
        "bversion": "bios_version",
        "mmanufacturer": "board_vendor",
        "mmodel": "board_name",
        "msn": "board_serial",
        "skunumber": "product_sku",
        "smanufacturer": "sys_vendor",
        "smodel": "product_name",
        "ssn": "product_serial",
        "enclosureserial": "chassis_serial",
    }
    found: Dict[str, Any] = {
        key: fillers.serial(_dmi(machine, name)) if name.endswith("_serial") else _dmi(machine, name)
        for key, name in fields.items()
    }
    found["bdate"] = _iso_date(_dmi(machine, "bios_date"))
    return without_empty(found)


def hardware(machine: Machine) -> Dict[str, Any]:
    """Read name, identifier, chassis and sizes of memory in MiB; GLPI's section ``hardware``."""
    kind = container(machine)
    chassis = number(_dmi(machine, "chassis_type")) if not kind else None
    found = {
        "name": machine.word("/etc/hostname") or machine.word("/proc/sys/kernel/hostname"),
        "uuid": fillers.identifier(_dmi(machine, "product_uuid")) if not kind else "",
        "chassis_type": CHASSIS.get(chassis or 0, ""),
        "memory": _mebibytes(machine, "MemTotal"),
        "swap": _mebibytes(machine, "SwapTotal"),
        "defaultgateway": _gateway(machine),
        "dns": "/".join(_name_servers(machine)),
        "vmsystem": kind or _virtual(machine),
    }
    return without_empty(found)


def cpus(machine: Machine) -> List[Dict[str, Any]]:
    """Read one entry a socket; the clock of the moment is left out, since it changes all the time."""
    sockets: Dict[str, Dict[str, Any]] = {}
    threads: Dict[str, int] = {}
    architecture = (machine.run("uname", "-m") or "").strip()
    for block in re.split(r"\n\s*\n", machine.read("/proc/cpuinfo") or ""):
        values = dict(re.findall(r"^([^\t:]+?)\s*:\s*(.*)$", block, re.MULTILINE))
        if "processor" not in values:
            continue
        socket = values.get("physical id", "0")
        threads[socket] = threads.get(socket, 0) + 1
        sockets[socket] = without_empty(
            {
                "arch": architecture,
                "name": values.get("model name", ""),
                "manufacturer": values.get("vendor_id", ""),
                "familynumber": values.get("cpu family", ""),
                "model": values.get("model", ""),
                "stepping": number(values.get("stepping")),
                "core": number(values.get("cpu cores")) or threads[socket],
                "thread": threads[socket],
            }
        )
    return [sockets[key] for key in sorted(sockets, key=lambda name: (number(name) or 0, name))]


def memories(machine: Machine) -> List[Dict[str, Any]]:
    """Read the memory slots from dmidecode, in its order; GLPI's section ``memories``, sizes in MiB."""
    if container(machine):
        return []
    slots: List[Dict[str, Any]] = []
    for block in re.split(r"\n\s*\n", machine.run("dmidecode", "--type", "17") or ""):
        if "Memory Device" not in block:
            continue
        values = {key: value.strip() for key, value in re.findall(r"^\t([^\t:]+):(.*)$", block, re.MULTILINE)}
        clean = {key: fillers.text(value) for key, value in values.items()}
        slots.append(
            without_empty(
                {
                    "numslots": len(slots) + 1,
                    "capacity": _capacity(values.get("Size", "")),
                    "caption": clean.get("Locator"),
                    "description": clean.get("Form Factor"),
                    "manufacturer": clean.get("Manufacturer"),
                    "model": clean.get("Part Number"),
                    "serialnumber": fillers.serial(clean.get("Serial Number", "")),
                    "speed": (clean.get("Speed") or "").partition(" ")[0],
                    "type": clean.get("Type"),
                }
            )
        )
    return slots


def _dmi(machine: Machine, name: str) -> str:
    return fillers.text(machine.word(DMI + name))


def _iso_date(text: str) -> str:
    """Turn the firmware's month/day/year into GLPI's year-month-day."""
    match = re.match(r"^(\d{2})/(\d{2})/(\d{4})$", text)
    return f"{match[3]}-{match[1]}-{match[2]}" if match else ""


def _mebibytes(machine: Machine, name: str) -> Optional[int]:
    match = re.search(rf"^{name}:\s+(\d+) kB$", machine.read("/proc/meminfo") or "", re.MULTILINE)
    return int(match[1]) // 1024 if match else None


def _capacity(text: str) -> int:
    match = re.match(r"^(\d+) (kB|KB|MB|GB|TB)$", text)
    return int(match[1]) * IN_SMALL_UNITS[match[2]] // 1024**2 if match else 0


def _gateway(machine: Machine) -> str:
    for line in machine.lines("/proc/net/route")[1:]:
        fields = line.split("\t")
        if len(fields) > 3 and fields[1] == "00000000" and int(fields[3], 16) & 2:
            return ".".join(str(byte) for byte in reversed(bytes.fromhex(fields[2].strip())))
    return ""


def _name_servers(machine: Machine) -> List[str]:
    found = (line.split() for line in machine.lines("/etc/resolv.conf"))
    return [words[1] for words in found if len(words) > 1 and words[0] == "nameserver"]


def _virtual(machine: Machine) -> str:
    kind = (machine.run("systemd-detect-virt", "--vm") or "").strip()
    return "Physical" if kind in ("", "none") else kind
