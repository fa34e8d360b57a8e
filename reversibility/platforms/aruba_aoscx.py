"""AOS-CX switches: the running configuration, whose secrets are bound to the switch's export password."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reversibility.market.model import Asset, Market
from reversibility.platforms import cli_driver
from reversibility.platforms.aruba_aoscx_parse import Seen, port_name, read
from reversibility.platforms.aruba_aoscx_plan import canonical, plan
from reversibility.platforms.aruba_grammar import GRAMMAR
from reversibility.platforms.aruba_text import classified
from reversibility.platforms.driver import Files, UnknownGrammar
from reversibility.platforms.model import Configuration
from reversibility.platforms.redaction import clean

RUNNING = "/running-config"
_SIGNS = ("hostname ", "vlan ", "interface ", "user ", "ntp ", "ssh ")


class ArubaAoscx:
    """Driver of AOS-CX."""

    platform = "aruba_aoscx"
    commands: Mapping[str, str] = {RUNNING: "show running-config", "/startup-config": "show startup-config"}

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
        """The commands for a switch without configuration, which are its configuration's text."""
        return "\n".join([*plan(wanted, read("")), ""])

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
        """The configuration's lines. Ciphertext is good only where the export password is the same."""
        lines = [line for line in classified(cli_driver.text_of(files, RUNNING)) if line.text.strip()]
        kept = [line.text for line in lines if line.kind == "text" or line.text.strip()[0] != "!"]
        return tuple(cli_driver.joined_banners(line for line in kept if line.strip() != "exit"))

    def _seen(self, files: Files) -> Seen:
        text = clean(cli_driver.text_of(files, RUNNING))
        if text is None or not any(line.startswith(_SIGNS) for line in text.split("\n")):
            raise UnknownGrammar(f"{RUNNING} is no configuration of AOS-CX")
        try:
            return read(text)
        except ValueError as error:
            raise UnknownGrammar(f"{RUNNING}: {error}") from error


DRIVER = ArubaAoscx()
