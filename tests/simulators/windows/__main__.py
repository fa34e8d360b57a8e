"""Simulated Windows PCs from the command line; SIGINT or SIGTERM ends them.

`--pc PC01:15986` (repeatable; port 0 takes a free one), or `--inventory hosts.yml`: each managed host whose `os` is a
Windows that can still be managed gets a PC, on its `ansible_port` or on a free port. `--directory` keeps a state file
and a journal a PC. `--overlay` writes an inventory with addresses and ports, without any password.

Passwords of the administrator: JSON (host -> password) on standard input with `--passwords`, else the one in
CARTABLE_SIMULATOR_PASSWORD, else one is made and printed. What is printed is one line of JSON: the ports.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import yaml

from . import Simulator
from .faults import KINDS

SYSTEMS: dict[str, dict[str, Any]] = {
    "windows-10": {"build": 19045, "display_version": "22H2"},
    "windows-11": {"build": 26200, "display_version": "25H2"},
    "windows-server-2019": {"build": 17763, "display_version": "1809", "edition": "ServerStandard"},
    "windows-server-2022": {"build": 20348, "display_version": "21H2", "edition": "ServerStandard"},
    "windows-server-2025": {"build": 26100, "display_version": "24H2", "edition": "ServerStandard"},
}


def hosts_of(inventory: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Managed Windows hosts of a YAML inventory: their variables and the attributes of their `asset`, as one mapping."""
    found: dict[str, dict[str, Any]] = {}

    def visit(group: dict[str, Any], inherited: dict[str, Any]) -> None:
        variables = inherited | (group.get("vars") or {})
        for name, values in (group.get("hosts") or {}).items():
            own = values or {}
            found[name] = found.get(name, {}) | variables | own | own.get("asset", {})
        for child in (group.get("children") or {}).values():
            visit(child or {}, variables)

    for group in inventory.values():
        visit(group or {}, {})
    return {name: v for name, v in found.items() if v.get("os") in SYSTEMS and v.get("managed", True)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.windows", description=__doc__)
    parser.add_argument("--pc", action="append", default=[], metavar="NAME:PORT")
    parser.add_argument("--inventory", type=Path)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--overlay", type=Path)
    parser.add_argument("--passwords", action="store_true")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--language", default="fr-FR", choices=("fr-FR", "en-US"))
    parser.add_argument("--user", default="ansible")
    parser.add_argument(
        "--controller", default="192.0.2.5", help="address from which the PCs' firewalls see the controller"
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME:KIND[:TIMES]", help=", ".join(KINDS)
    )
    return parser


def _wanted(options: argparse.Namespace) -> dict[str, tuple[int, dict[str, Any]]]:
    """PC -> port and what it is made with."""
    wanted: dict[str, tuple[int, dict[str, Any]]] = {}
    if options.inventory:
        for name, values in hosts_of(yaml.safe_load(options.inventory.read_text(encoding="utf-8"))).items():
            known = {
                "serial": values.get("serial"),
                "manufacturer": values.get("vendor"),
                "model": values.get("model"),
            }
            state = SYSTEMS[values["os"]] | {key: str(value) for key, value in known.items() if value}
            wanted[name] = (int(values.get("ansible_port", 0)), state)
    for item in options.pc:
        name, _, port = item.partition(":")
        wanted[name] = (int(port or 0), {})
    return wanted


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    wanted = _wanted(options)
    if not wanted:
        parser.error("no PC: give --pc or --inventory")
    given = os.environ.get("CARTABLE_SIMULATOR_PASSWORD")
    password = given or secrets.token_urlsafe(12)
    passwords: dict[str, str] = json.load(sys.stdin) if options.passwords else {}
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Simulator(options.directory, options.address) as simulator:
        for name, (port, state) in wanted.items():
            endpoint = simulator.add(
                name,
                password=passwords.get(name, password),
                user=options.user,
                port=port,
                language=options.language,
                **state,
            )
            endpoint.pc.controller = options.controller
        for item in options.fault:
            name, kind, *times = item.split(":")
            simulator.endpoints[name].pc.faults.add(kind, times=int(times[0]) if times else 1)
        ports = {name: endpoint.https_port for name, endpoint in simulator.endpoints.items()}
        if options.overlay:
            hosts = {
                name: {"ansible_host": options.address, "ansible_port": port} for name, port in ports.items()
            }
            options.overlay.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
        made = {} if given or passwords else {"password": password}
        print(json.dumps({"ports": ports} | made), flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
