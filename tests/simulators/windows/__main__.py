"""Simulated Windows PCs from the command line; Ctrl-C ends them.

`--pc PC01:15986` (repeatable; port 0 takes a free one), or `--inventory hosts.yml`: each host of it whose
`ansible_connection` is winrm gets a PC on its own `ansible_port`. `--directory` keeps a state file and a journal a
PC. The administrator's password comes from CARTABLE_SIMULATOR_PASSWORD, or is made and printed.
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


def hosts_of(inventory: dict[str, Any]) -> dict[str, int]:
    """WinRM hosts of a YAML inventory with their ports."""
    found: dict[str, int] = {}

    def visit(group: dict[str, Any], inherited: dict[str, Any]) -> None:
        variables = inherited | (group.get("vars") or {})
        for name, values in (group.get("hosts") or {}).items():
            merged = variables | (values or {})
            if merged.get("ansible_connection") == "winrm":
                found[name] = int(merged.get("ansible_port", 5986))
        for child in (group.get("children") or {}).values():
            visit(child or {}, variables)

    for group in inventory.values():
        visit(group or {}, {})
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.windows", description=__doc__)
    parser.add_argument("--pc", action="append", default=[], metavar="NAME:PORT")
    parser.add_argument("--inventory", type=Path)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--language", default="fr-FR", choices=("fr-FR", "en-US"))
    parser.add_argument("--user", default="ansible")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="NAME:KIND[:TIMES]", help=", ".join(KINDS)
    )
    options = parser.parse_args(arguments)
    wanted = hosts_of(yaml.safe_load(options.inventory.read_text())) if options.inventory else {}
    for item in options.pc:
        name, _, port = item.partition(":")
        wanted[name] = int(port or 0)
    if not wanted:
        parser.error("no PC: give --pc or --inventory")
    given = os.environ.get("CARTABLE_SIMULATOR_PASSWORD")
    password = given or secrets.token_urlsafe(12)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Simulator(options.directory, options.address) as simulator:
        for name, port in wanted.items():
            simulator.add(name, password=password, user=options.user, port=port, language=options.language)
        for item in options.fault:
            name, kind, *times = item.split(":")
            simulator.endpoints[name].pc.faults.add(kind, times=int(times[0]) if times else 1)
        ports = {name: endpoint.https_port for name, endpoint in simulator.endpoints.items()}
        print(json.dumps({"ports": ports} | ({} if given else {"password": password})), flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
