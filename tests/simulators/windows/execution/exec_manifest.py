"""Exec manifest that Ansible sends on the standard input of bootstrap_wrapper.ps1 (ansible-core 2.20 and 2.21)."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

SEPARATOR = b"\n\0\0\0\0\n"
# SHA-256 of the wrapper without comments, indentation and empty lines.
KNOWN_WRAPPERS = {
    "3aedd16eb1f5bf9406340baa7961f36f2d40aedbaed75a8e9b206e4cb0aac2b2": "2.20",
    "6dcb3b1cfc40182ddd9a4db6bc05804b73a6ac9af468fae5dd290e8d025bb752": "2.21",
}


# What the shell plugin of ansible-core 2.20 puts around the wrapper of mkdtemp and expand_user.
AROUND = ("Set-StrictMode -Version Latest", "If (-not $?) { If (Get-Variable LASTEXITCODE")


class ManifestError(ValueError):
    """Not what ansible-core 2.20 or 2.21 sends."""


@dataclass(frozen=True)
class Action:
    """One step of the manifest: become, async, a module, a file transfer."""

    name: str
    params: dict[str, Any]
    secure_params: dict[str, Any]


@dataclass(frozen=True)
class ExecManifest:
    """Actions in order, the scripts they use by name, and the input after the manifest (put_file)."""

    core: str
    wrapper_params: dict[str, Any]
    actions: tuple[Action, ...]
    scripts: dict[str, bytes]
    input: bytes

    def utilities(self) -> tuple[bytes, ...]:
        """Sources of the PowerShell module_utils that were sent."""
        return tuple(source for name, source in sorted(self.scripts.items()) if name.endswith(".psm1"))


def wrapper_digest(script: str) -> str:
    lines = (line.strip() for line in script.splitlines())
    kept = "\n".join(line for line in lines if line and not line.startswith(("#", *AROUND)))
    return hashlib.sha256(kept.encode()).hexdigest()


def is_bootstrap(script: str) -> bool:
    """Whether a script is some version of the bootstrap wrapper."""
    return "$codeJson = foreach ($in in $" in script and "& $cmd @splat" in script


def decode(script: str, stdin: bytes) -> ExecManifest:
    """The manifest for this wrapper; ManifestError for a wrapper or a manifest of another version."""
    core = KNOWN_WRAPPERS.get(wrapper_digest(script))
    if core is None:
        raise ManifestError(
            f"unknown bootstrap wrapper {wrapper_digest(script)}: another ansible-core than 2.20 or 2.21?"
        )
    boot, _, rest = stdin.partition(SEPARATOR)
    manifest, _, tail = rest.partition(SEPARATOR)
    try:
        started, data = json.loads(boot), json.loads(manifest)
    except ValueError as error:
        raise ManifestError(f"bootstrap input is not JSON: {error}") from error
    if started.get("name") != "exec_wrapper" or set(data) != {"scripts", "actions", "signed_hashlist"}:
        raise ManifestError(f"unexpected manifest: {started.get('name')}, {sorted(data)}")
    allowed = {"MinOSVersion", "MinPSVersion", "TempPath", "PwshPath"}
    if set(started["params"]) - allowed:
        raise ManifestError(
            f"unexpected parameters of exec_wrapper: {sorted(set(started['params']) - allowed)}"
        )
    scripts = {name: base64.b64decode(info["script"]) for name, info in data["scripts"].items()}
    actions = tuple(Action(item["name"], item["params"], item["secure_params"]) for item in data["actions"])
    for action in actions:
        if action.name not in scripts:
            raise ManifestError(f"action {action.name} without its script")
    return ExecManifest(core, started["params"], actions, scripts, tail)
