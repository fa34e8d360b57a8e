# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks, their health, file systems and encryption."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Optional, Tuple

from . import fillers
from .identity import container
from .machine import Machine, NoAnswer, without_empty

MIB = 1024**2
COLUMNS = "NAME,TYPE,SIZE,MODEL,SERIAL,VENDOR,REV,TRAN,WWN,FSTYPE,MOUNTPOINT,LABEL,UUID,ROTA,RM"
EVERYDAY = ("disk", "rom")
# No disks, or no disks of this machine: memory, floppies, the firmware's flash, what comes over the network.
NOT_DISKS = re.compile(r"^(zram|ram|loop|fd|mtdblock|nbd|rbd|drbd|zd)\d")
# Boot, replay-protected and general-purpose areas of an eMMC: parts of the one disk, which the kernel lists beside it.
EMMC_AREA = re.compile(r"^mmcblk\d+(boot\d+|rpmb|gp\d+)$")
BUILT_IN = frozenset({"nvme", "sata", "ata", "sas", "virtio", "mmc", "pcie", "spi"})
ELSEWHERE = frozenset({"usb", "ieee1394", "sbp", "iscsi", "fc", "fcoe"})
SYSTEM = frozenset({"/", "/boot", "/boot/efi", "/usr", "/var"})
# smartctl's exit status is a bit mask; bits 0 to 2 mean that it could not read the disk (smartctl(8)).
READABLE = range(0, 256)
UNREADABLE = 0b111


def block_devices(machine: Machine) -> List[Dict[str, Any]]:
    """Read the tree of block devices that are built in; empty in a container, where it is that of the machine below.

    USB disks and memory cards are left out: they are somebody's, and gone with the next run.

    Raises NoAnswer when lsblk prints what cannot be read: that is not the same as no disk.
    """
    if container(machine):
        return []
    tree = machine.json("lsblk", "--json", "--bytes", "--output", COLUMNS) or {}
    devices = tree.get("blockdevices") if isinstance(tree, dict) else None
    if devices is not None and not isinstance(devices, list):
        raise NoAnswer("What lsblk prints is no tree of block devices, so the last record stays.")
    return sorted(
        (device for device in devices or [] if device.get("name") and _built_in(machine, device)),
        key=lambda device: str(device["name"]),
    )


def _built_in(machine: Machine, device: Dict[str, Any]) -> bool:
    """Tell a built-in disk by where it hangs; whether a medium can be taken out (``RM``) counts where nothing else is known.

    What the system itself runs from belongs to the asset, whatever it hangs on.
    """
    name, transport = str(device["name"]), str(device.get("tran") or "").lower()
    if not (device.get("size") or device.get("type") == "rom"):
        return False
    if NOT_DISKS.match(name) or EMMC_AREA.match(name):
        return False
    if any(node.get("mountpoint") in SYSTEM for node in _below(device)):
        return True
    if transport in ELSEWHERE:
        return False
    if name.startswith("mmcblk"):  # "MMC" is soldered on, "SD" is a card; the reader of either may say RM 0
        kind = machine.word(f"/sys/block/{name}/device/type").upper()
        return kind == "MMC" if kind else not device.get("rm")
    return device.get("type") == "rom" or transport in BUILT_IN or not device.get("rm")


def storages(machine: Machine) -> Tuple[List[Dict[str, Any]], Dict[str, Any]]:
    """Read the disks: GLPI's section ``storages`` (sizes in MiB) and what changes all the time, by disk.

    ``health`` is SMART's own verdict, ``passed`` or ``failed``, where the disk can be asked.
    """
    found: List[Dict[str, Any]] = []
    changing: Dict[str, Any] = {}
    for device in block_devices(machine):
        if device.get("type") not in EVERYDAY:
            continue
        name = str(device["name"])
        smart = _smart(machine, name) if device["type"] == "disk" else {}
        verdict = smart.get("smart_status", {}).get("passed")
        encrypted = next((d for d in _below(device) if d.get("fstype") == "crypto_LUKS"), None)
        found.append(
            without_empty(
                {
                    "name": name,
                    "description": _kind(device),
                    "type": _kind(device),
                    "disksize": int(device.get("size") or 0) // MIB if device["type"] == "disk" else None,
                    "interface": str(device.get("tran") or "").upper(),
                    "manufacturer": _text(device, "vendor"),
                    "model": smart.get("model_name") or _text(device, "model"),
                    "serial": fillers.serial(str(smart.get("serial_number") or ""))
                    or fillers.serial(_text(device, "serial")),
                    "firmware": smart.get("firmware_version") or _text(device, "rev"),
                    "wwn": _text(device, "wwn"),
                    "health": None if verdict is None else ("passed" if verdict else "failed"),
                    **_luks(encrypted),
                }
            )
        )
        counters = without_empty(
            {
                "temperature": smart.get("temperature", {}).get("current"),
                "power_on_hours": smart.get("power_on_time", {}).get("hours"),
            }
        )
        if counters:
            changing[name] = counters
    return found, changing


def drives(machine: Machine) -> Tuple[List[Dict[str, Any]], Dict[str, Any]]:
    """Read the mounted file systems: GLPI's section ``drives`` (sizes in MiB), and the free space apart."""
    mounted: Dict[str, Tuple[Dict[str, Any], bool]] = {}
    for device in block_devices(machine):
        for node, encrypted in _walk(device, False):
            where = node.get("mountpoint")
            if where and where.startswith("/"):
                mounted[where] = (node, encrypted)
    free = _space(machine)
    found = [
        without_empty(
            {
                "type": where,
                "volumn": f"/dev/{node['name']}",
                "filesystem": _text(node, "fstype"),
                "label": _text(node, "label"),
                "serial": _text(node, "uuid"),
                "total": int(node.get("size") or 0) // MIB,
                "systemdrive": where == "/" or None,
                **(_luks({"fstype": "crypto_LUKS"}) if encrypted else {}),
            }
        )
        for where, (node, encrypted) in sorted(mounted.items())
    ]
    return found, {where: free[where] for where in sorted(free)}


def _space(machine: Machine) -> Dict[str, int]:
    """Give the free MiB of each file system that is on a disk, and of the root, where it is mounted first."""
    found: Dict[str, Tuple[str, int]] = {}
    output = machine.run("df", "--block-size=1M", "--output=source,avail,target") or ""
    for line in output.splitlines()[1:]:
        fields = line.split(None, 2)
        if len(fields) == 3 and fields[1].isdigit() and (fields[0].startswith("/dev/") or fields[2] == "/"):
            found.setdefault(fields[0], (fields[2], int(fields[1])))
    return dict(found.values())


def _smart(machine: Machine, name: str) -> Dict[str, Any]:
    """What SMART says of a disk; empty, and so no verdict on its health, when it cannot be asked or read."""
    command = ("smartctl", "--json", "--info", "--health", "--attributes", f"/dev/{name}")
    try:
        answer = machine.json(*command, accept=READABLE)
    except NoAnswer:
        return {}
    said = answer.get("smartctl") if isinstance(answer, dict) else None
    status = said.get("exit_status") if isinstance(said, dict) else None
    return answer if isinstance(status, int) and not status & UNREADABLE else {}


def _kind(device: Dict[str, Any]) -> str:
    if device.get("type") == "rom":
        return "Optical drive"
    return "HDD" if device.get("rota") else "SSD"


def _luks(device: Optional[Dict[str, Any]]) -> Dict[str, str]:
    if device is None:
        return {}
    return {"encrypt_name": "LUKS", "encrypt_status": "Yes", "encrypt_type": "dm-crypt"}


def _below(device: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    yield device
    for child in device.get("children") or []:
        yield from _below(child)


def _walk(device: Dict[str, Any], encrypted: bool) -> Iterator[Tuple[Dict[str, Any], bool]]:
    encrypted = encrypted or device.get("type") == "crypt"
    yield device, encrypted
    for child in device.get("children") or []:
        yield from _walk(child, encrypted)


def _text(device: Dict[str, Any], key: str) -> str:
    return str(device.get(key) or "").strip()
