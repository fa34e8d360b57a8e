"""Open vSwitch: its database, from which it is restored, and its ports and VLANs as ``/switch.json``."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from reversibility.market.model import Asset, Market
from reversibility.platforms import openvswitch_plan, shell_driver
from reversibility.platforms.device_identity import Unidentified
from reversibility.platforms.driver import Files, UnknownGrammar
from reversibility.platforms.model import Configuration, Port, Vlan
from reversibility.platforms.shell_driver import Goal

SWITCH = "/switch.json"
DATABASE = "/openvswitch/conf.db"
TOOL = "openvswitch"  # of the module asset_configuration: it reads the database with Open vSwitch's own tools
_RECORD = re.compile(rb"OVSDB JSON (\d+) ([0-9a-f]{40})\n")
_NAME = re.compile(r"[\w.:-]{1,64}")


class OpenVSwitch(Unidentified):
    """Driver of Open vSwitch."""

    platform = "openvswitch"

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The database and what it says."""
        return (DATABASE, SWITCH)

    def collected(self, kind: str) -> tuple[str, ...]:
        """The tool that reads both."""
        return (TOOL,)

    def redact(self, path: str, text: str) -> str | None:
        """Ports and VLANs, which hold no secret; the database has no readable copy (it may hold keys of tunnels)."""
        if path == openvswitch_plan.PORTS:
            return text
        if path != SWITCH:
            return None
        try:
            _read(text.encode())
        except UnknownGrammar:
            return None
        return text

    def parse(self, files: Files) -> Configuration:
        """The ports with their VLANs; the switch's own (its bridges) are routed ones."""
        ports = [_port(port) for port in _read(files.get(SWITCH, b""))["ports"]]
        numbers = {number for port in ports for number in (port.access, *(port.tagged or ())) if number}
        return Configuration(
            ports=tuple(sorted(ports, key=lambda port: port.name)),
            vlans=tuple(Vlan(number) for number in sorted(numbers)),
        )

    def render(self, wanted: Configuration) -> str:
        """The ports of a blank bridge ``br0``, as arguments of ovs-vsctl."""
        made = openvswitch_plan.lines_of(wanted)
        return "\n".join(["--may-exist add-br br0", *openvswitch_plan.transaction("", made)]) + "\n"

    scripts = openvswitch_plan.SCRIPTS

    def received(self, output: bytes) -> dict[str, bytes]:
        """The ports and their settings, as the device's database has them. Raises UnknownGrammar."""
        return openvswitch_plan.received(output)

    def planned(self, wanted: Configuration, files: Files) -> Goal:
        """The settings of every port. Raises ChangeRefused."""
        return openvswitch_plan.goal(wanted, files)

    def names(self, path: str, text: str) -> tuple[str, ...]:
        """None: ports hold no secrets."""
        return ()

    def filled(self, path: str, text: str, secrets: Mapping[str, str]) -> str:
        """The text as it is."""
        return text

    def same(self, path: str, one: str, other: str) -> bool:
        """Whether two texts are equal."""
        return one == other

    def payload(self, files: Files, changed: Goal) -> bytes:
        """One transaction, and the one that takes it back."""
        before = files[openvswitch_plan.PORTS].decode()
        after = changed[openvswitch_plan.PORTS] or ""
        forth, back = (
            "".join(f"{line}\n" for line in openvswitch_plan.transaction(*pair))
            for pair in ((before, after), (after, before))
        )
        return shell_driver.archive({"/forth": forth, "/back": back})

    def problems(self, files: Files) -> list[str]:
        """A database that is cut or altered, a list of ports that is none."""
        found = []
        if DATABASE in files and (damage := _database_damage(files[DATABASE])):
            found.append(f"{DATABASE}: {damage}")
        if SWITCH in files:
            try:
                _read(files[SWITCH])
            except UnknownGrammar as error:
                found.append(f"{SWITCH}: {error}")
        return found

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """The ports, with host_vars and network.yml; the switch's own need not be declared."""
        declared = asset.variables.get("ports") or {}
        differences = port_differences(
            _read(files.get(SWITCH, b"")), declared, market.network.get("vlans", {})
        )
        if differences:
            names = ", ".join(differences[:3])
            return f"{len(differences)} port(s) relu(s) autrement que déclaré\u00a0: {names}"
        return None if declared else "aucun port n’est déclaré"

    def restore(self, files: Files) -> tuple[str, ...]:
        """The database, which ``ovsdb-client restore`` takes back."""
        return (DATABASE,) if DATABASE in files else ()


def port_differences(
    switch: Mapping[str, Any], ports: Mapping[str, Mapping[str, Any]], vlans: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """The names of the ports that are not as declared (host_vars, network.yml), sorted."""
    found = {port["name"]: port for port in switch["ports"]}
    return [name for name in sorted({*ports, *found}) if _differs(found.get(name), ports.get(name), vlans)]


def _differs(
    port: Mapping[str, Any] | None, declared: Mapping[str, Any] | None, vlans: Mapping[str, Mapping[str, Any]]
) -> bool:
    if port is None:
        return True
    if declared is None:
        return not port["internal"]

    def number(vlan: Any) -> int | None:
        return int(vlans[vlan]["id"]) if vlan in vlans else None

    if declared.get("mode", "access") == "trunk":
        wanted = sorted(found for vlan in declared.get("vlans", []) if (found := number(vlan)) is not None)
        return bool(port["trunks"] != wanted or port["tag"] != number(declared.get("native")))
    if declared.get("mode") == "disabled":
        return False
    return bool(port["tag"] != number(declared.get("vlan")) or port["trunks"])


def _read(content: bytes) -> dict[str, Any]:
    """``switch.json``, each value of the type that it must have. Raises UnknownGrammar."""
    try:
        found = json.loads(content)
        ports = [
            {
                "name": _name(port["name"]),
                "tag": _vlan(port["tag"]) if port["tag"] is not None else None,
                "trunks": sorted(_vlan(number) for number in port["trunks"]),
                "internal": port["internal"] is True,
            }
            for port in found["ports"]
        ]
        bridges = [
            [_name(bridge["name"]), *map(_name, bridge["ports"])] for bridge in found.get("bridges", [])
        ]
        if {*found} - {"ports", "bridges"} or any(
            {*port} - {"name", "tag", "trunks", "internal"} for port in found["ports"]
        ):
            raise ValueError("a key that is not known")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnknownGrammar("ce n’est pas la liste des ports d’un commutateur") from error
    return {"ports": ports, "bridges": bridges}


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("no name of a port")
    return value


def _vlan(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 4095:
        raise ValueError("no number of a VLAN")
    return value


def _port(port: Mapping[str, Any]) -> Port:
    if port["internal"]:
        return Port(port["name"], mode="routed", access=port["tag"])
    if port["trunks"]:
        return Port(port["name"], mode="trunk", native=port["tag"], tagged=frozenset(port["trunks"]))
    return Port(port["name"], access=port["tag"])


def _database_damage(content: bytes) -> str | None:
    """What is wrong with a database: each record has its length and the SHA-1 of its JSON (ovsdb(5))."""
    position, records = 0, 0
    while position < len(content):
        header = _RECORD.match(content, position)
        if not header:
            return f"pas d’enregistrement à l’octet {position}"
        data = content[header.end() : header.end() + int(header[1])]
        if (
            len(data) != int(header[1])
            or hashlib.sha1(data, usedforsecurity=False).hexdigest() != header[2].decode()
        ):
            return f"enregistrement endommagé à l’octet {position}"
        position = header.end() + int(header[1])
        records += 1
    return None if records >= 2 else "base vide"


DRIVER = OpenVSwitch()
