"""Interface of a platform driver. One module of this package has one object ``DRIVER`` for each platform."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from reversibility.market.model import Asset, Market
from reversibility.platforms.dialogue import Dialogue
from reversibility.platforms.model import Configuration

Files = Mapping[str, bytes]
"""A configuration: content by absolute path; the answer of a command has a made-up path (``/running-config``)."""


class UnknownGrammar(Exception):
    """The text does not match the driver's grammar; the message has the problem and the line."""


class ChangeRefused(Exception):
    """The wanted state is refused: it may cut the management access, or is unsupported; see ``reasons``."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


class Driver(Protocol):
    """Driver of one platform's configuration. All functions are pure."""

    platform: str
    """The platform's name in market/platforms.yml."""

    def required_files(self, kind: str) -> tuple[str, ...]:
        """Paths without which an asset of this kind cannot be restored."""

    def collected(self, kind: str) -> tuple[str, ...]:
        """Path patterns that observe reads on an asset of this kind, or commands whose answers it records."""

    def redact(self, path: str, text: str) -> str | None:
        """The text with ``<secret>`` in place of each secret; None when the file has no readable copy.

        Fails closed: a path or a grammar that the driver does not know has no readable copy. Takes time linear in the
        length of the text.
        """

    def parse(self, files: Files) -> Configuration:
        """The configuration in the common model. Raises UnknownGrammar."""

    def render(self, wanted: Configuration) -> str:
        """The wanted model as configuration text or commands, the inverse of parse; '' where nothing is rendered."""

    def problems(self, files: Files) -> list[str]:
        """Damage in the files, each as ``path: problem`` in French; empty if there is none."""

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """None when the configuration agrees with what is declared, otherwise the difference, in French."""

    def restore(self, files: Files) -> tuple[str, ...]:
        """Commands or paths to send to a blank device, in order, to restore these files."""


class SwitchDriver(Driver, Protocol):
    """A platform with a command line, whose wanted state is reached by commands.

    A command that begins with blanks is sent in the mode of the last one with fewer: leave a mode (``exit``) before a
    command that has fewer blanks. A command may have several lines (a banner). ``<secret:account/admin>``
    stands for a
    secret, see secret_names.py. Commands may hold old communities: show them through ``redact_commands`` only.
    """

    commands: Mapping[str, str]
    """The path of each file and the command whose answer it is; the first is the running configuration."""
    about: Sequence[str]
    """Commands whose answers say what the device is; they are no part of its configuration."""
    identity: Mapping[str, re.Pattern[str]]
    """What finds each field of an Identity in those answers and in the running configuration."""
    manufacturer: str
    dialogue: Dialogue
    """How its command line talks."""

    def port_name(self, name: str) -> str:
        """The canonical long name of a port."""

    def plan(self, wanted: Configuration, files: Files) -> tuple[str, ...]:
        """The commands that lead from what the files say to what is wanted, in an order that keeps the device
        reachable.

        Empty when nothing is to be done. Raises UnknownGrammar and ChangeRefused.
        """

    def redact_commands(self, commands: Sequence[str]) -> tuple[str, ...]:
        """The commands without secrets, to be shown."""
