"""Driver that ArubaOS-Switch and AOS-CX share: one running configuration, in lines with the same comments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from reversibility.market.model import Asset, Market
from reversibility.platforms import cli_driver
from reversibility.platforms.aruba_grammar import GRAMMAR
from reversibility.platforms.aruba_text import classified
from reversibility.platforms.device_identity import Patterns
from reversibility.platforms.dialogue import Dialogue
from reversibility.platforms.driver import Files, UnknownGrammar
from reversibility.platforms.model import Configuration
from reversibility.platforms.redaction import clean

RUNNING = "/running-config"


class Seen(Protocol):
    """What the platform's parser finds in a configuration."""

    @property
    def configuration(self) -> Configuration: ...


class ArubaSwitch[S: Seen](ABC):
    """Everything but the grammar of the configuration and the order of commands, which are the platform's."""

    platform: str
    commands: Mapping[str, str]
    about: Sequence[str] = ("show system",)
    identity: Patterns
    manufacturer = "HPE Aruba"
    dialogue: Dialogue
    marks: tuple[str, ...]
    signs: tuple[str, ...]
    """Beginnings of lines, one of which every configuration has."""
    blank = ""
    """The configuration of a device that nobody has configured."""

    @abstractmethod
    def read(self, text: str) -> S:
        """The configuration's content. Raises ValueError."""

    @abstractmethod
    def ordered(self, wanted: Configuration, seen: S) -> tuple[str, ...]:
        """The commands, in order. Raises ChangeRefused."""

    @abstractmethod
    def canonical(self, wanted: Configuration) -> Configuration:
        """The wanted configuration in the platform's terms."""

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The running configuration."""
        return (RUNNING,)

    def collected(self, kind: str) -> tuple[str, ...]:
        """The commands whose answers are kept."""
        return tuple(self.commands.values())

    def redact(self, path: str, text: str) -> str | None:
        """The text without secrets; None when it is no configuration of this platform."""
        return cli_driver.redact(GRAMMAR, classified, text, self.signs) if path in self.commands else None

    def redact_commands(self, commands: Sequence[str]) -> tuple[str, ...]:
        """The commands without secrets."""
        return cli_driver.redact_commands(GRAMMAR, commands)

    def parse(self, files: Files) -> Configuration:
        """The configuration in the common model."""
        return self._seen(files).configuration

    def render(self, wanted: Configuration) -> str:
        """The commands for a switch without configuration, which are its configuration's text."""
        return "\n".join([*self.ordered(wanted, self.read(self.blank)), ""])

    def plan(self, wanted: Configuration, files: Files) -> tuple[str, ...]:
        """The commands for the wanted configuration."""
        return self.ordered(wanted, self._seen(files))

    def problems(self, files: Files) -> list[str]:
        """Damaged parts; a truncated configuration is not detected, since the platform marks no end."""
        return cli_driver.problems(self, files, RUNNING)

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """The differences from what is declared, in French."""
        return cli_driver.compare(self, market, asset, files, self.canonical)

    @abstractmethod
    def port_name(self, name: str) -> str:
        """The name of a port in the configuration."""

    @abstractmethod
    def restore(self, files: Files) -> tuple[str, ...]:
        """What to send to a blank switch."""

    def _seen(self, files: Files) -> S:
        text = clean(cli_driver.text_of(files, RUNNING))
        if text is None or not any(line.startswith(self.signs) for line in text.split("\n")):
            raise UnknownGrammar(f"{RUNNING} is no configuration of {self.platform}")
        try:
            return self.read(text)
        except ValueError as error:
            raise UnknownGrammar(f"{RUNNING}: {error}") from error
