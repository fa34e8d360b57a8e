"""Registry of one PC: keys and typed values, without regard to case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

HIVES = {
    "HKLM": "HKLM", "HKEY_LOCAL_MACHINE": "HKLM", "HKU": "HKU", "HKEY_USERS": "HKU", "HKCR": "HKCR",
    "HKEY_CLASSES_ROOT": "HKCR", "HKCC": "HKCC", "HKEY_CURRENT_CONFIG": "HKCC", "HKCU": "HKCU",
    "HKEY_CURRENT_USER": "HKCU",
}  # fmt: skip
TYPES = ("string", "expandstring", "dword", "qword", "multistring", "binary", "none")


@dataclass
class Value:
    """One value. Data: str, unsigned int (dword, qword), list of str (multistring), list of bytes as int (binary)."""

    name: str
    type: str
    data: Any


@dataclass
class Key:
    """One key, with its path as it was written first."""

    path: str
    values: dict[str, Value] = field(default_factory=dict)


def canonical(path: str) -> str:
    """`HKLM\\Software\\X` from any way of writing it (`HKLM:\\`, `HKEY_LOCAL_MACHINE\\`, `/`)."""
    hive, _, rest = path.replace("/", "\\").strip("\\").partition("\\")
    name = HIVES.get(hive.rstrip(":").upper())
    if name is None:
        raise ValueError(f"unknown registry hive in {path!r}")
    rest = re.sub(r"\\+", r"\\", rest).strip("\\")
    return f"{name}\\{rest}" if rest else name


def data_type(data: Any) -> str:
    if isinstance(data, int):
        return "dword"
    if isinstance(data, list):
        return "binary" if data and isinstance(data[0], int) else "multistring"
    return "string"


class Registry:
    """All keys of a PC. HKCU belongs to a user: models turn it into `HKU\\<SID>` before they ask."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}

    def exists(self, path: str) -> bool:
        path = canonical(path)
        return path.lower() in self._keys or "\\" not in path

    def create(self, path: str) -> Key:
        """The key, made with its parents if it is missing."""
        path = canonical(path)
        parts = path.split("\\")
        for count in range(2, len(parts) + 1):
            parent = "\\".join(parts[:count])
            self._keys.setdefault(parent.lower(), Key(parent))
        return self._keys.setdefault(path.lower(), Key(path))

    def delete(self, path: str) -> bool:
        """Whether the key was there; it goes with everything below it."""
        lower = canonical(path).lower()
        found = [key for key in self._keys if key == lower or key.startswith(lower + "\\")]
        for key in found:
            del self._keys[key]
        return bool(found)

    def value(self, path: str, name: str) -> Value | None:
        key = self._keys.get(canonical(path).lower())
        return key.values.get(name.lower()) if key else None

    def get(self, path: str, name: str, default: Any = None) -> Any:
        """Data of a value; the default when key or value is missing."""
        value = self.value(path, name)
        return default if value is None else value.data

    def set(self, path: str, name: str, data: Any, type: str | None = None) -> None:
        kind = type or data_type(data)
        if kind not in TYPES:
            raise ValueError(f"unknown registry type {kind!r}")
        self.create(path).values[name.lower()] = Value(name, kind, data)

    def delete_value(self, path: str, name: str) -> bool:
        key = self._keys.get(canonical(path).lower())
        return bool(key and key.values.pop(name.lower(), None))

    def values(self, path: str) -> list[Value]:
        key = self._keys.get(canonical(path).lower())
        return list(key.values.values()) if key else []

    def subkeys(self, path: str) -> list[str]:
        """Names of the keys directly below, in order."""
        prefix = canonical(path).lower() + "\\"
        names = {
            key.path[len(prefix) :].split("\\")[0].lower(): key.path[len(prefix) :].split("\\")[0]
            for lower, key in self._keys.items()
            if lower.startswith(prefix)
        }
        return [names[name] for name in sorted(names)]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    def to_json(self) -> dict[str, dict[str, list[Any]]]:
        return {
            key.path: {value.name: [value.type, value.data] for value in key.values.values()}
            for _, key in sorted(self._keys.items())
        }

    @classmethod
    def from_json(cls, data: dict[str, dict[str, list[Any]]]) -> Registry:
        registry = cls()
        for path, values in data.items():
            registry.create(path)
            for name, (kind, content) in values.items():
                registry.set(path, name, content, kind)
        return registry
