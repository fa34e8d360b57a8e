# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reader of an Open vSwitch switch: its ports, and its database in a form that is the same for the same content."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any, Dict, List, Optional

from .machine import Machine, NoAnswer

RECORD = re.compile(rb"OVSDB JSON (\d+) [0-9a-f]{40}\n")


def open_vswitch(machine: Machine) -> List[Dict[str, Any]]:
    """Read a switch: ``/switch.json`` (bridges, ports, VLANs) and ``/openvswitch/conf.db``, its database.

    Empty on what is no switch. ``ovsdb-client restore`` takes the database back.
    """
    bridges = _table(machine, "Bridge", "name,ports")
    ports = _table(machine, "Port", "_uuid,name,tag,trunks,interfaces")
    interfaces = _table(machine, "Interface", "_uuid,type")
    if bridges is None or ports is None or interfaces is None:
        return []
    internal = {row["_uuid"][0] for row in interfaces if row["type"] == ["internal"]}
    names = {row["_uuid"][0]: row["name"][0] for row in ports}
    switch = {
        "bridges": sorted(
            (
                {"name": row["name"][0], "ports": sorted(names.get(p, p) for p in row["ports"])}
                for row in bridges
            ),
            key=lambda bridge: str(bridge["name"]),
        ),
        "ports": sorted(
            (
                {
                    "name": row["name"][0],
                    "tag": row["tag"][0] if row["tag"] else None,
                    "trunks": sorted(row["trunks"]),
                    "internal": any(interface in internal for interface in row["interfaces"]),
                }
                for row in ports
            ),
            key=lambda port: str(port["name"]),
        ),
    }
    found = [_made("/switch.json", json.dumps(switch, indent=2, sort_keys=True).encode() + b"\n")]
    database = machine.run("ovsdb-client", "backup")
    if database:
        found.append(_made("/openvswitch/conf.db", stable_database(database.encode("utf-8"))))
    return found


def stable_database(backup: bytes) -> bytes:
    """Rewrite a backup so that the same database gives the same bytes: without its date, rows sorted.

    The format is that of ovsdb(5): records of a header (length and SHA-1) and one JSON object.
    """
    result = b""
    position = 0
    while True:
        header = RECORD.match(backup, position)
        if not header:
            return result or backup
        end = header.end() + int(header.group(1))
        try:
            content = json.loads(backup[header.end() : end])
            content.pop("_date", None)
        except (ValueError, AttributeError):  # bytes that are not UTF-8: kept as they came
            return backup
        data = (
            json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
            + b"\n"
        )
        digest = hashlib.sha1(data).hexdigest()
        result += f"OVSDB JSON {len(data)} {digest}\n".encode("ascii") + data
        position = end


def _table(machine: Machine, table: str, columns: str) -> Optional[List[Dict[str, List[Any]]]]:
    """Read a table of the switch's database, each cell as a list; None on what is no switch."""
    answer = machine.json("ovs-vsctl", "--timeout=10", "--format=json", f"--columns={columns}", "list", table)
    if answer is None:
        return None
    try:
        headings = answer["headings"]
        return [{headings[i]: _values(cell) for i, cell in enumerate(row)} for row in answer["data"]]
    except (IndexError, KeyError, TypeError) as error:
        raise NoAnswer(
            f"What ovs-vsctl says of the table {table} is no table, so the last record stays."
        ) from error


def _values(cell: Any) -> List[Any]:
    """Read a cell: an atom, ["uuid", X] or ["set", [...]] (RFC 7047, section 5.1)."""
    if isinstance(cell, list) and cell[:1] == ["set"]:
        return [_values(item)[0] for item in cell[1]]
    if isinstance(cell, list) and cell[:1] == ["uuid"]:
        return [cell[1]]
    return [cell]


def _made(path: str, content: bytes) -> Dict[str, Any]:
    return {
        "path": path,
        "mode": "0600",
        "owner": "root",
        "group": "root",
        "content_b64": base64.b64encode(content).decode("ascii"),
    }
