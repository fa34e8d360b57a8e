"""The simulator as a program of its own."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import yaml

from tests.simulators.windows import Endpoint
from tests.simulators.windows.__main__ import hosts_of
from tests.simulators.windows.pc import PC

from .conftest import ROOT, hostname

INVENTORY = """
all:
  vars: {managed: true}
  children:
    ecole:
      hosts:
        PC-1: {asset: {kind: desktop, vendor: HP, model: ProDesk 400, serial: S1, os: windows-11}}
        PC-2: {asset: {os: windows-7}}
        SRV-1: {asset: {os: windows-server-2022}}
        PC-3: {asset: {os: windows-10, managed: false}}
        POSTE: {asset: {os: debian-13}}
"""


def test_pcs_of_an_inventory(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(INVENTORY)
    assert set(hosts_of(yaml.safe_load(INVENTORY))) == {"PC-1", "SRV-1"}
    passwords = {"PC-1": secrets.token_urlsafe(12), "SRV-1": secrets.token_urlsafe(12)}
    command = [
        sys.executable, "-m", "tests.simulators.windows", "--inventory", str(inventory), "--directory", str(tmp_path / "pcs"),
        "--overlay", str(tmp_path / "overlay.yml"), "--passwords", "--fault", "SRV-1:operation_timeout:1",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(passwords))
    process.stdin.close()
    try:
        told = json.loads(process.stdout.readline())
        assert set(told) == {"ports"}
        for name, password in passwords.items():
            pc = PC.load(tmp_path / "pcs" / f"{name}.json")
            endpoint = Endpoint(pc, "127.0.0.1", told["ports"][name], None, "ansible", password)
            assert hostname(endpoint) == name
        assert pc.state.system.is_server
        first = PC.load(tmp_path / "pcs" / "PC-1.json").state.system
        assert (first.serial, first.manufacturer, first.model) == ("S1", "HP", "ProDesk 400")
        overlay = yaml.safe_load((tmp_path / "overlay.yml").read_text())["all"]["hosts"]
        assert {name: values["ansible_port"] for name, values in overlay.items()} == told["ports"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        process.stdout.close()
