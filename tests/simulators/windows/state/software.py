"""Installed software of a PC: the Uninstall keys of both registry views and of users."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from .pc_state import PCState

UNINSTALL = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
UNINSTALL_32 = r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"


@dataclass(frozen=True)
class Installed:
    """One entry. `view`: 64, 32, or the SID of the user who installed it for himself."""

    key: str
    name: str
    version: str
    publisher: str
    view: str


@dataclass(frozen=True)
class Installer:
    """What an installer file does on a simulated PC.

    `kind`: msi or exe. An exe without its `silent` arguments would wait for a user for ever, which fails here.
    """

    key: str
    name: str
    version: str
    kind: str = "msi"
    publisher: str = ""
    view: str = "64"
    silent: str = "/S"
    code: int = 0  # exit code: 3010 and 1641 ask for a restart
    path: str = ""  # a file that it leaves (creates_path)
    service: str = ""  # a service that it installs

    def content(self) -> bytes:
        """The file, to put on a simulated web server."""
        return json.dumps({"simulated_installer": asdict(self)}).encode()

    @classmethod
    def read(cls, content: bytes) -> Installer | None:
        """The installer in a file; None for any other file."""
        try:
            return cls(**json.loads(content)["simulated_installer"])
        except (ValueError, KeyError, TypeError):
            return None


def _root(view: str) -> str:
    return {"64": "HKLM\\" + UNINSTALL, "32": "HKLM\\" + UNINSTALL_32}.get(view, f"HKU\\{view}\\{UNINSTALL}")


def install(
    state: PCState,
    key: str,
    name: str,
    version: str,
    *,
    publisher: str = "",
    view: str = "64",
    **values: str | int,
) -> None:
    """Write the entry that an installer leaves; `values` are further registry values (UninstallString, ...)."""
    path = f"{_root(view)}\\{key}"
    defaults: dict[str, str | int] = {
        "DisplayName": name,
        "DisplayVersion": version,
        "Publisher": publisher,
        "InstallDate": "20260901",
        "UninstallString": f"MsiExec.exe /X{key}"
        if key.startswith("{")
        else f'"C:\\Program Files\\{name}\\uninstall.exe"',
    }
    for value, data in (defaults | values).items():
        state.registry.set(path, value, data)


def remove(state: PCState, key: str) -> bool:
    """Whether an entry was there, in any view."""
    found = False
    for entry in installed(state):
        if entry.key.lower() == key.lower():
            state.registry.delete(f"{_root(entry.view)}\\{entry.key}")
            found = True
    return found


def installed(state: PCState) -> list[Installed]:
    """All entries of both machine views and of every loaded user hive."""
    views = ["64", "32"] + [sid for sid in state.registry.subkeys("HKU") if sid.startswith("S-1-5-21-")]
    found = []
    for view in views:
        for key in state.registry.subkeys(_root(view)):
            path = f"{_root(view)}\\{key}"
            found.append(
                Installed(
                    key,
                    str(state.registry.get(path, "DisplayName", "")),
                    str(state.registry.get(path, "DisplayVersion", "")),
                    str(state.registry.get(path, "Publisher", "")),
                    view,
                )
            )
    return found
