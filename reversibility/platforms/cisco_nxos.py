"""Cisco NX-OS switches: the grammar of IOS, other commands."""

from __future__ import annotations

from collections.abc import Mapping

from reversibility.platforms.cisco_ios import RUNNING, CiscoIos
from reversibility.platforms.interface_names import nxos_name


class CiscoNxos(CiscoIos):
    """Driver of Cisco NX-OS. Each CLI account is an SNMPv3 user too, with the same password."""

    platform = "cisco_nxos"
    nxos = True
    signs = ("version ", "hostname ", "interface ", "feature ", "vdc ")
    last_line = ""  # nothing says that a configuration is whole: the session compares its last block
    commands: Mapping[str, str] = {RUNNING: "show running-config", "/startup-config": "show startup-config"}

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The running configuration, which has the VLANs."""
        return (RUNNING,)

    def port_name(self, name: str) -> str:
        """The long name of an interface."""
        return nxos_name(name)


DRIVER = CiscoNxos()
