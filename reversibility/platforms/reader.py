"""Base of the drivers that only read: the configuration is parsed, redacted and counted, never written."""

from __future__ import annotations

from abc import ABC, abstractmethod

from reversibility.market.model import Asset, Market
from reversibility.platforms.differences import NBSP
from reversibility.platforms.driver import ChangeRefused, Files, UnknownGrammar
from reversibility.platforms.model import Configuration
from reversibility.platforms.redaction import clean

CONFIGURATION = "/running-config"


class Reader(ABC):
    """Driver of a platform that this project reads and does not configure. Subclasses redact and parse."""

    platform = ""
    command = ""
    marks: tuple[str, ...] = ()

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The configuration."""
        return (CONFIGURATION,)

    def collected(self, kind: str) -> tuple[str, ...]:
        """The command whose answer is the configuration."""
        return (self.command,)

    def redact(self, path: str, text: str) -> str | None:
        """The text without secrets; None when it is no configuration of this platform."""
        cleaned = clean(text) if path == CONFIGURATION else None
        if cleaned is None or not self.recognizes(cleaned):
            return None
        redacted = self.redact_text(cleaned)
        return None if redacted is None else redacted.strip("\n") + "\n"

    @abstractmethod
    def recognizes(self, text: str) -> bool:
        """Whether the text is a configuration of this platform."""

    @abstractmethod
    def redact_text(self, text: str) -> str | None:
        """The configuration without secrets; None when it is no configuration of this platform."""

    @abstractmethod
    def read(self, text: str) -> Configuration:
        """The configuration in the common model. Raises ValueError."""

    def parse(self, files: Files) -> Configuration:
        """The configuration in the common model."""
        text = clean(files.get(CONFIGURATION, b"").decode("utf-8", "replace"))
        if text is None or not self.recognizes(text):
            raise UnknownGrammar(f"{CONFIGURATION} is no configuration of {self.platform}")
        try:
            return self.read(text)
        except ValueError as error:
            raise UnknownGrammar(f"{CONFIGURATION}: {error}") from error

    def render(self, wanted: Configuration) -> str:
        """Nothing: this platform is not configured."""
        return ""

    def plan(self, wanted: Configuration, files: Files) -> tuple[str, ...]:
        """Refused: this platform is not configured."""
        raise ChangeRefused([f"{self.platform} is read and not configured"])

    def problems(self, files: Files) -> list[str]:
        """A configuration that is absent, or none of this platform."""
        if not files.get(CONFIGURATION, b"").strip():
            return [f"{CONFIGURATION}: absente ou vide"]
        try:
            self.parse(files)
        except UnknownGrammar as error:
            return [f"{CONFIGURATION}: illisible ({error})"]
        return []

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """The name: nothing else of this platform is declared."""
        if not files.get(CONFIGURATION, b"").strip():
            return f"la configuration ne contient pas de quoi restaurer l’équipement{NBSP}: manque {CONFIGURATION}"
        try:
            name = self.parse(files).hostname
        except UnknownGrammar as error:
            return f"configuration illisible ({error})"
        wanted = str(asset.variables.get("baseline_hostname", asset.tag))
        if name.lower() == wanted.lower():
            return None
        return f"c’est la configuration de «{NBSP}{name}{NBSP}», et non de «{NBSP}{wanted}{NBSP}»"

    def restore(self, files: Files) -> tuple[str, ...]:
        """The lines of the configuration."""
        return tuple(files.get(CONFIGURATION, b"").decode("utf-8", "replace").splitlines())
