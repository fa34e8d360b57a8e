"""Journal of everything that one simulated PC received, without the secrets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


class Journal:
    """Entries in the order of arrival; each is a dict with `kind`, `time` and what belongs to the kind.

    Kinds: request (WS-Management action, bytes, protection), rejected (authentication), module, script, put, fetch,
    command, reboot, unknown (no model), bug (of the simulator).
    A value is masked when the module's own specification says no_log. A secret in any other option stays readable
    here, on purpose: `leaks` finds it and the test fails.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[dict[str, Any]] = []
        self._path = path
        self._lock = threading.Lock()

    def add(self, kind: str, **values: Any) -> dict[str, Any]:
        entry = {"kind": kind, "time": round(time.time(), 3), **values}
        with self._lock:
            self.entries.append(entry)
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(entry, default=str) + "\n")
        return entry

    def of_kind(self, *kinds: str) -> Iterator[dict[str, Any]]:
        return (entry for entry in list(self.entries) if entry["kind"] in kinds)

    def modules(self, name: str = "") -> list[dict[str, Any]]:
        """Module runs, of one module (its name ends so) or of all."""
        return [entry for entry in self.of_kind("module") if entry["module"].endswith(name)]

    def counts(self) -> dict[str, int]:
        """Requests, bytes in and out, and module runs."""
        requests = list(self.of_kind("request"))
        return {
            "requests": len(requests),
            "bytes_in": sum(entry["bytes_in"] for entry in requests),
            "bytes_out": sum(entry["bytes_out"] for entry in requests),
            "modules": len(self.modules()),
        }

    def unprotected(self) -> list[dict[str, Any]]:
        """Requests whose content was readable on the network."""
        return [entry for entry in self.of_kind("request") if not entry["protected"]]

    def leaks(self, secrets: Iterable[str]) -> list[dict[str, Any]]:
        """Entries in which one of the secrets can be read, and unprotected requests."""
        wanted = [secret for secret in secrets if secret]
        found = self.unprotected() if wanted else []
        for entry in list(self.entries):
            text = json.dumps(entry, ensure_ascii=False, default=str)
            if any(secret in text or json.dumps(secret)[1:-1] in text for secret in wanted):
                found.append(entry)
        return found

    def clear(self) -> None:
        with self._lock:
            self.entries.clear()
