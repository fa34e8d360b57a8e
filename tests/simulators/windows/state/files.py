"""Files and folders of one PC, with owner and access rules."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

ENVIRONMENT = {
    "systemroot": r"C:\Windows",
    "windir": r"C:\Windows",
    "systemdrive": "C:",
    "programdata": r"C:\ProgramData",
    "allusersprofile": r"C:\ProgramData",
    "programfiles": r"C:\Program Files",
    "programfiles(x86)": r"C:\Program Files (x86)",
    "public": r"C:\Users\Public",
}


class DiskFullError(OSError):
    """There is not enough space on the disk."""


@dataclass
class Rule:
    """One access rule. Rights as in FileSystemRights, by name."""

    sid: str
    rights: str
    type: str = "allow"
    inherit: str = ""
    propagation: str = "None"
    inherited: bool = False


@dataclass
class Entry:
    """One file or folder."""

    path: str
    directory: bool = False
    content: bytes = b""
    owner: str = "S-1-5-32-544"
    attributes: list[str] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    inherits: bool = True
    modified: float = 0.0


@dataclass
class Files:
    """The file system of a PC, without regard to case."""

    entries: dict[str, Entry] = field(default_factory=dict)
    free_bytes: int = 100 * 2**30

    @staticmethod
    def path(path: str) -> str:
        """`C:\\a\\b` from `C:/a//b/`."""
        path = re.sub(r"(?<!^)\\+", r"\\", path.replace("/", "\\"))
        return path if re.fullmatch(r"[A-Za-z]:\\", path) else path.rstrip("\\")

    def get(self, path: str) -> Entry | None:
        path = self.path(path)
        if re.fullmatch(r"[A-Za-z]:\\?", path):
            return Entry(path, directory=True) if path[0].lower() == "c" else None
        return self.entries.get(path.lower())

    def exists(self, path: str) -> bool:
        return self.get(path) is not None

    def is_directory(self, path: str) -> bool:
        entry = self.get(path)
        return entry is not None and entry.directory

    def make_directory(self, path: str) -> Entry:
        """The folder, made with its parents if it is missing; FileExistsError when a file is in the way."""
        path = self.path(path)
        parts = path.split("\\")
        for count in range(2, len(parts) + 1):
            current = "\\".join(parts[:count])
            entry = self.entries.setdefault(current.lower(), Entry(current, directory=True))
            if not entry.directory:
                raise FileExistsError(current)
        return self.entries.get(path.lower(), Entry(path, directory=True))

    def write(self, path: str, content: bytes) -> Entry:
        """Write a file; FileNotFoundError without its folder, DiskFullError without room."""
        path = self.path(path)
        parent = path.rpartition("\\")[0]
        if not self.is_directory(parent if "\\" in parent else parent + "\\"):
            raise FileNotFoundError(parent)
        if len(content) > self.free_bytes:
            raise DiskFullError(path)
        entry = self.entries.setdefault(path.lower(), Entry(path))
        if entry.directory:
            raise IsADirectoryError(path)
        self.free_bytes -= len(content) - len(entry.content)
        entry.content = content
        return entry

    def read(self, path: str) -> bytes:
        entry = self.get(path)
        if entry is None or entry.directory:
            raise FileNotFoundError(path)
        return entry.content

    def delete(self, path: str) -> bool:
        lower = self.path(path).lower()
        found = [key for key in self.entries if key == lower or key.startswith(lower + "\\")]
        for key in found:
            self.free_bytes += len(self.entries.pop(key).content)
        return bool(found)

    def children(self, path: str) -> list[Entry]:
        prefix = self.path(path).lower().rstrip("\\") + "\\"
        return [
            e
            for key, e in sorted(self.entries.items())
            if key.startswith(prefix) and "\\" not in key[len(prefix) :]
        ]

    def below(self, path: str) -> list[Entry]:
        prefix = self.path(path).lower().rstrip("\\") + "\\"
        return [entry for key, entry in sorted(self.entries.items()) if key.startswith(prefix)]


def expand(text: str, user_name: str) -> str:
    """Replace %VARIABLES% as Environment.ExpandEnvironmentVariables does: an unknown one stays as it is."""
    profile = rf"C:\Users\{user_name}"
    variables = ENVIRONMENT | {
        "userprofile": profile,
        "username": user_name,
        "appdata": profile + r"\AppData\Roaming",
        "localappdata": profile + r"\AppData\Local",
        "temp": profile + r"\AppData\Local\Temp",
        "tmp": profile + r"\AppData\Local\Temp",
    }
    return re.sub(r"%([^%]+)%", lambda match: variables.get(match[1].lower(), match[0]), text)
