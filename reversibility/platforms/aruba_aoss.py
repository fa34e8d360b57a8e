"""HP ProCurve and ArubaOS-Switch (AOS-S): the running configuration, complete only with ``include-credentials``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reversibility.market.model import Asset, Market
from reversibility.platforms import cli_driver
from reversibility.platforms.aruba_aoss_parse import Seen, port_name, read
from reversibility.platforms.aruba_aoss_plan import canonical, plan
from reversibility.platforms.aruba_grammar import GRAMMAR
from reversibility.platforms.aruba_text import classified
from reversibility.platforms.driver import Files, UnknownGrammar
from reversibility.platforms.model import Configuration
from reversibility.platforms.redaction import clean

RUNNING = "/running-config"
_SIGNS = ("hostname ", "vlan ", "interface ", "snmp-server ", "module ", "ip ")


class ArubaAoss:
    """Driver of ArubaOS-Switch."""

    platform = "aruba_aoss"
    commands: Mapping[str, str] = {RUNNING: "show running-config", "/startup-config": "show config"}

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The running configuration."""
        return (RUNNING,)

    def collected(self, kind: str) -> tuple[str, ...]:
        """The commands whose answers are kept."""
        return tuple(self.commands.values())

    def port_name(self, name: str) -> str:
        """The name of a port in the configuration."""
        return port_name(name)

    def redact(self, path: str, text: str) -> str | None:
        """The text without secrets; None when it is no configuration of this platform."""
        return cli_driver.redact(GRAMMAR, classified, text, _SIGNS) if path in self.commands else None

    def redact_commands(self, commands: Sequence[str]) -> tuple[str, ...]:
        """The commands without secrets."""
        return cli_driver.redact_commands(GRAMMAR, commands)

    def parse(self, files: Files) -> Configuration:
        """The configuration in the common model."""
        return self._seen(files).configuration

    def render(self, wanted: Configuration) -> str:
        """The commands for a switch whose ports are all in VLAN 1."""
        return "\n".join([*plan(wanted, read("no telnet-server\nno web-management\n")), ""])

    def plan(self, wanted: Configuration, files: Files) -> tuple[str, ...]:
        """The commands that lead to what is wanted."""
        return plan(wanted, self._seen(files))

    def problems(self, files: Files) -> list[str]:
        """What is damaged: the platform does not say where a configuration ends."""
        return cli_driver.problems(self, files, RUNNING)

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """The differences from what is declared, in French."""
        return cli_driver.compare(self, market, asset, files, canonical)

    def restore(self, files: Files) -> tuple[str, ...]:
        """The configuration's lines. Without ``include-credentials`` secrets are set again from the vault."""
        lines = [line.text for line in classified(cli_driver.text_of(files, RUNNING))]
        joined: list[str] = []
        for line in lines:
            if line.startswith(' "') and joined:
                joined[-1] += line  # a hash that went to the next line
            elif line.strip() and not line.startswith(";") and line.strip() != "exit":
                joined.append(line)
        return tuple(joined)

    def _seen(self, files: Files) -> Seen:
        text = clean(cli_driver.text_of(files, RUNNING))
        if text is None or not any(line.startswith(_SIGNS) for line in text.split("\n")):
            raise UnknownGrammar(f"{RUNNING} is no configuration of ArubaOS-Switch")
        try:
            return read(text)
        except ValueError as error:
            raise UnknownGrammar(f"{RUNNING}: {error}") from error


DRIVER = ArubaAoss()
