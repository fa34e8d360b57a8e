"""Base of the drivers of platforms with an API: JSON answers, recorded as files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reversibility.market.model import Asset, Market
from reversibility.platforms.api_calls import Call
from reversibility.platforms.device_identity import Unidentified
from reversibility.platforms.differences import NBSP, differences
from reversibility.platforms.driver import Files, UnknownGrammar
from reversibility.platforms.json_redaction import redact_json
from reversibility.platforms.model import Configuration
from reversibility.platforms.wanted import wanted_configuration

DEVICE = "/device.json"
"""What the API says of the device itself."""


class ApiDriver(Unidentified):
    """Driver of a platform whose configuration is answers of an API, by path. Subclasses read and render them."""

    platform = ""
    paths: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The answers without which an asset of this kind cannot be restored."""
        return self.required

    def collected(self, kind: str) -> tuple[str, ...]:
        """The recorded answers, by the path of the record."""
        return self.paths

    def redact(self, path: str, text: str) -> str | None:
        """The same JSON without secrets; None when it is none, or the path is not known."""
        return redact_json(text) if path in self.paths else None

    def parse(self, files: Files) -> Configuration:
        """The configuration in the common model."""
        raise NotImplementedError  # each subclass has its own

    def comparable(self, wanted: Configuration) -> Configuration:
        """The part of the wanted configuration that this platform can express."""
        return wanted

    def compared(self, wanted: Configuration, files: Files) -> Configuration:
        """``comparable``, as far as these files can express it."""
        return self.comparable(wanted)

    def render(self, wanted: Configuration) -> str:
        """The bodies to send, as JSON."""
        raise NotImplementedError  # each subclass has its own

    def problems(self, files: Files) -> list[str]:
        """Each answer that is not JSON."""
        found = []
        for path in self.paths:
            if path in files:
                try:
                    json.loads(files[path])
                except ValueError as error:
                    found.append(f"{path}: illisible ({error})")
        return found

    def compare(self, market: Market, asset: Asset, files: Files) -> str | None:
        """The differences from what is declared, in French."""
        absent = [path for path in self.required_files(asset.kind) if not files.get(path, b"").strip()]
        if absent:
            return f"la configuration ne contient pas de quoi restaurer l’équipement{NBSP}: manque {', '.join(absent)}"
        try:
            seen = self.parse(files)
        except UnknownGrammar as error:
            return f"configuration illisible ({error})"
        found = list(differences(self.compared(wanted_configuration(market, asset), files), seen))
        return f"{len(found)} différence(s){NBSP}: {'; '.join(found[:3])}" if found else None

    def restore(self, files: Files) -> tuple[str, ...]:
        """The paths whose bodies are sent back."""
        return tuple(path for path in self.paths if path in files)

    def reads(self, kind: str) -> Mapping[str, str]:
        """API paths to read, by the path of the answer: below the device, its network or its site, as in a Call."""
        raise NotImplementedError  # each subclass has its own

    def reads_again(self, files: Files) -> Mapping[str, Mapping[str, str]]:
        """API paths to read after the first answers, by path and by the key of the answer in the file."""
        return {}

    def calls(self, wanted: Configuration, files: Files, kind: str, secrets: Mapping[str, str]) -> list[Call]:
        """The calls for the wanted state; secrets are compared if the API returns them. Raises ChangeRefused."""
        raise NotImplementedError  # each subclass has its own

    def restoring_calls(self, kept: Files, files: Files, kind: str) -> list[Call]:
        """The calls that restore the recorded configuration from ``files``; their bodies hold its secrets."""
        raise NotImplementedError  # each subclass has its own


def content(files: Files, path: str, kind: type) -> Any:
    """The JSON of a file; empty if the file is missing. Raises UnknownGrammar."""
    try:
        found = json.loads(files.get(path) or b"null")
    except ValueError as error:
        raise UnknownGrammar(f"{path}: {error}") from error
    if found is None:
        return kind()
    if not isinstance(found, kind):
        raise UnknownGrammar(f"{path} is no {kind.__name__}")
    return found
