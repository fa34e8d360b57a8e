"""Wanted ports of Open vSwitch, the transactions of ovs-vsctl that lead to them, and the scripts that send them.

The settings of the ports are one text, a port a line; the switch's own (internal) ports are read, and left as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from reversibility.platforms import linux_way_back
from reversibility.platforms.driver import ChangeRefused, Files, UnknownGrammar
from reversibility.platforms.model import Configuration, Port
from reversibility.platforms.shell_driver import Goal, Scripts

SWITCH, PORTS = "/switch.json", "/ports.txt"
BRIDGE = "br0"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,15}")

_READ = """set -eu
command -v ovs-vsctl >/dev/null || { echo 'Open vSwitch is not installed there' >&2; exit 1; }
for table in 'Bridge name,ports' 'Port _uuid,name,tag,trunks,vlan_mode,protected,interfaces' 'Interface _uuid,type'; do
  ovs-vsctl --timeout=10 --format=json --columns=${table#* } list ${table% *}
done
"""

_TRANSACTION = """send() {
  set --
  while IFS= read -r line; do set -- "$@" -- $line; done < $back/$file
  ovs-vsctl --timeout=10 "$@" 2>$back/said || { sed -n '$s/^/ovs-vsctl: /p' $back/said >&2; return 1; }
}
"""

_APPLY = f"""{linux_way_back.BEGIN}tar -xf - -C $back
{linux_way_back.arm(_TRANSACTION + "file=back; send || exit 1", "After=openvswitch-switch.service")}
{_TRANSACTION}file=forth
send
echo armed
"""

SCRIPTS = Scripts(
    read=_READ,
    apply=_APPLY,
    confirm=linux_way_back.confirm("ovs-vsctl --timeout=5 show >/dev/null"),
    revert=linux_way_back.REVERT,
    way_back=f"systemd timer {linux_way_back.UNIT}",
)


def settings(port: Port) -> str:
    """The columns of the table Port that make a port what it is, so that nothing old remains."""
    protected = "true" if "protected" in port.guards else "false"
    if port.mode == "trunk":
        tagged = ",".join(map(str, sorted(port.tagged or ())))
        mode = "trunk" if port.native is None else "native-untagged"
        return f"tag={port.native or '[]'} trunks={tagged or '[]'} vlan_mode={mode} protected={protected}"
    return f"tag={port.access or 1} trunks=[] vlan_mode=access protected={protected}"


def lines_of(wanted: Configuration) -> str:
    """The wanted ports as text. Raises ChangeRefused."""
    reasons = [
        f"{port.name}: this is no name of a port" for port in wanted.ports if not _NAME.fullmatch(port.name)
    ]
    reasons += [f"{port.name}: aggregates are not made here" for port in wanted.ports if port.aggregate]
    reasons += [f"{port.name}: a trunk needs its VLANs" for port in wanted.ports if port.tagged is None]
    reasons += ["port mirrors are not made here"] if wanted.mirrors else []
    if reasons:
        raise ChangeRefused(reasons)
    managed = (port for port in wanted.ports if port.enabled and port.mode != "routed")
    ports = sorted(managed, key=lambda port: port.name)
    return "".join(f"{port.name} {settings(port)}\n" for port in ports)


def goal(wanted: Configuration, files: Files) -> Goal:
    """The text of the wanted ports. Raises ChangeRefused for a change of what leads to the device."""
    before = files[PORTS].decode()
    after = lines_of(wanted)
    changed = {line.split()[0] for line in set(before.splitlines()) ^ set(after.splitlines())}
    if forbidden := sorted(changed & wanted.protected_ports):
        raise ChangeRefused(
            [f"{name} leads to the device: changed with network_change_management only" for name in forbidden]
        )
    return {PORTS: after}


def transaction(before: str, after: str) -> Iterator[str]:
    """The commands of one transaction from one text to another."""
    have, want = (dict(line.split(" ", 1) for line in text.splitlines()) for text in (before, after))
    yield from (f"--if-exists del-port {BRIDGE} {name}" for name in have if name not in want)
    for name, columns in want.items():
        if have.get(name) != columns:
            yield f"--may-exist add-port {BRIDGE} {name}"
            yield f"set port {name} {columns}"


def received(output: bytes) -> dict[str, bytes]:
    """The files from the answers to the script that reads. Raises UnknownGrammar."""
    try:
        tables = [json.loads(line) for line in output.decode().splitlines() if line.strip()]
        bridges, ports, interfaces = ([_row(table, row) for row in table["data"]] for table in tables)
    except (ValueError, KeyError, TypeError) as error:
        raise UnknownGrammar("the answer is not what ovs-vsctl says") from error
    names = {str(port["_uuid"][0]): str(port["name"][0]) for port in ports}
    internal = {str(interface["_uuid"][0]) for interface in interfaces if interface["type"] == ["internal"]}
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
                    "name": port["name"][0],
                    "tag": port["tag"][0] if port["tag"] else None,
                    "trunks": sorted(port["trunks"]),
                    "internal": any(interface in internal for interface in port["interfaces"]),
                }
                for port in ports
            ),
            key=lambda port: str(port["name"]),
        ),
    }
    own = {port["name"] for port in switch["ports"] if port["internal"]}
    lines = sorted(_line(port) for port in ports if port["name"][0] not in own)
    return {
        SWITCH: json.dumps(switch, indent=2, sort_keys=True).encode() + b"\n",
        PORTS: "".join(f"{line}\n" for line in lines).encode(),
    }


def _line(port: dict[str, list[Any]]) -> str:
    mode, tag = port["vlan_mode"], port["tag"]
    trunks = ",".join(map(str, sorted(port["trunks"])))
    return (
        f"{port['name'][0]} tag={tag[0] if tag else '[]'} trunks={trunks or '[]'} "
        f"vlan_mode={mode[0] if mode else '[]'} protected={'true' if port['protected'] == [True] else 'false'}"
    )


def _row(table: dict[str, Any], row: list[Any]) -> dict[str, list[Any]]:
    """A row by column, each cell as a list: OVSDB writes a set of one as its element."""
    return dict(zip(table["headings"], map(_cell, row), strict=True))


def _cell(value: Any) -> list[Any]:
    if isinstance(value, list) and value[0] == "set":
        return [one for item in value[1] for one in _cell(item)]
    if isinstance(value, list) and value[0] == "uuid":
        return [value[1]]
    return [value]
