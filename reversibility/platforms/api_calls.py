"""Calls of an API that change something: bodies name secrets (secret_names.py), which are filled in when sending."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reversibility.platforms.json_redaction import masked
from reversibility.platforms.secret_names import fill, names_in


@dataclass(frozen=True)
class Call:
    """One call. ``path`` is below the device (``device:``), its network or its site (``network:``, ``site:``)."""

    path: str
    body: Mapping[str, Any] = field(repr=False)
    method: str = "PUT"
    differing: Mapping[str, Any] | None = field(default=None, repr=False)
    """What of the body changes, where the API wants the whole of it; None: all."""
    ready: bool = True
    """Whether it can be sent: False where it needs the identifier of something that a call before it makes."""

    @property
    def shown(self) -> str:
        """The call without secrets."""
        body = masked(dict(self.body if self.differing is None else self.differing))
        return f"{self.method} {self.path} {json.dumps(body, ensure_ascii=False, sort_keys=True)}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets in the body."""
        return secret_names(self.body)

    def filled(self, secrets: Mapping[str, str]) -> dict[str, Any]:
        """The body with its secrets. Raises KeyError."""
        return {name: filled(value, secrets) for name, value in self.body.items()}


def secret_names(value: Any) -> tuple[str, ...]:
    """The names of the secrets in the texts of a JSON value, each once."""
    if isinstance(value, str):
        return names_in(value)
    items = value if isinstance(value, list) else value.values() if isinstance(value, Mapping) else ()
    return tuple(dict.fromkeys(name for item in items for name in secret_names(item)))


def filled(value: Any, secrets: Mapping[str, str]) -> Any:
    """A JSON value with its secrets. Raises KeyError."""
    if isinstance(value, str):
        return fill(value, secrets)
    if isinstance(value, list):
        return [filled(item, secrets) for item in value]
    return {name: filled(item, secrets) for name, item in value.items()} if isinstance(value, dict) else value
