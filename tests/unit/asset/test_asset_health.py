"""What ``cartable.fleet.asset_health`` tells of a machine, read from recorded answers of its programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.asset import health
from plugins.module_utils.asset.machine import Machine

SAID = {
    "systemctl": "smbd.service loaded failed failed Samba SMB Daemon\nessai.mount loaded failed failed /essai\n",
    "testparm": "[global]\n\tworkgroup = ECOLE\n[classe]\n\tpath = /srv/classe\n[direction]\n",
    "ip": '[{"dst":"default","gateway":"198.51.100.97"},{"dst":"default","gateway":"198.51.100.98"}]',
    "lpstat": "printer cp is idle.  enabled since Mon Nov 30 10:00:00 2026\n"
    "printer cm2 disabled since Mon Nov 30 09:00:00 2026 -\n\treason unknown\n"
    "printer salle now printing salle-12.  enabled since Mon Nov 30 10:00:00 2026\n",
}
# sl, local_address, rem_address, st: 22 and 445 listen, 40000 is of the day, 22 is also a connection.
TCP = """  sl  local_address rem_address   st
   0: 00000000:0016 00000000:0000 0A
   1: 00000000:9C40 00000000:0000 0A
   2: 0100007F:0277 0100007F:8888 01
"""
TCP6 = """  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:01BD 00000000000000000000000000000000:0000 0A
"""


class Recorded(Machine):
    """A machine whose programs have said what they say; a gateway that does not answer fails ping."""

    said = SAID

    def run(self, *command: str, accept: range | None = None) -> str | None:
        if command[0] == "ping":
            return None if command[-1].endswith(".98") else "2 received"
        return self.said.get(command[0])


@pytest.fixture
def machine(tmp_path: Path) -> Recorded:
    for path, text in {"proc/net/tcp": TCP, "proc/net/tcp6": TCP6}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return Recorded(str(tmp_path))


def test_health(machine: Recorded) -> None:
    assert health.health(machine) == {
        "failed_units": ["essai.mount", "smbd.service"],
        "listening": [22, 445],
        "shares": ["classe", "direction"],
        "gateways": ["198.51.100.97"],
        "printers": ["cp", "salle"],
    }


def test_a_machine_with_none_of_it(machine: Recorded) -> None:
    machine.said = {}
    found = health.health(machine)
    assert (found["shares"], found["gateways"], found["printers"]) == ([], [], [])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, None),
        ("", None),
        ("no daemon", None),
        ('{"Devices": []}', []),
        (
            '{"Devices": [{"Name": "System Firmware", "Version": "2.91", "Releases": [{"Version": "2.94"},'
            ' {"Version": "2.92"}]},'
            ' {"Name": "TPM", "Version": "1"}]}',
            [{"name": "System Firmware", "installed": "2.91", "available": "2.94"}],
        ),
    ],
)
def test_firmware(machine: Recorded, said: str | None, expected: list[dict[str, str]] | None) -> None:
    machine.said = {"fwupdmgr": said} if said is not None else {}
    assert health.firmware(machine) == expected
