"""Registration of models: what a module, a script or a program does to a PC's state.

A model is one small function in one small file:

    @model("cartable.fleet.win_registry_values")
    def win_registry_values(call: Call) -> dict[str, Any]:
        ...
        return {"changed": changed}

`call.params` are the arguments after validation against the module's own specification, with defaults and aliases
applied. `call.state` is the PC's state. In check mode the model must not change it: the simulator compares and
reports a bug when it did. What has no model fails, with a message that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..state import names
from ..state.accounts import User
from ..state.files import DiskFullError, expand
from ..state.pc_state import PCState

if TYPE_CHECKING:
    from ..pc import PC

Result = dict[str, Any]


class ModuleFailure(Exception):
    """FailJson: the module answers failed with this message."""

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message)
        self.values = values


@dataclass
class Call:
    """One run of a module."""

    module: str
    params: dict[str, Any]
    pc: PC
    user: User | None  # None: SYSTEM or a service account
    check: bool = False
    diff: bool = False
    become: str = ""  # user of the become wrapper; empty: the plain network logon of WinRM
    warnings: list[str] = field(default_factory=list)
    difference: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> PCState:
        return self.pc.state

    @property
    def language(self) -> str:
        return self.pc.state.system.language

    def fail(self, message: str, **values: Any) -> Any:
        raise ModuleFailure(message, **values)

    def unmodelled(self, *options: str) -> None:
        """A failure when one of these options is given: the model does not know what it does."""
        given = [option for option in options if self.params.get(option) not in (None, False, [], {})]
        if given:
            self.fail(f"simulator: {self.module} has no model of {', '.join(given)}")

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def set_diff(self, before: Any, after: Any) -> None:
        """What the module reports as diff, when it is asked for."""
        self.difference = {"before": before, "after": after}

    def sid(self, name: str) -> str:
        """SID of an account, as Convert-ToSID finds it; a failure when there is none."""
        sid = self.state.accounts.resolve(name)
        if sid is None:
            self.fail(
                f"account_name {name} is not a valid account, cannot get SID: Some or all identity references could not be translated."
            )
        return str(sid)

    def write_file(self, path: str, content: bytes) -> None:
        """Write a file; a failure without its folder or without room on the disk."""
        try:
            if self.pc.faults.take("disk_full"):
                raise DiskFullError(path)
            self.state.files.write(path, content)
        except DiskFullError:
            self.fail(f"Unhandled exception while executing module: {self.message(112)}. : '{path}'")
        except FileNotFoundError as error:
            self.fail(
                f"Unhandled exception while executing module: Could not find a part of the path '{error}'."
            )

    def registry_path(self, path: str) -> str:
        """The path with HKCU turned into the running account's own hive."""
        sid = self.user.sid if self.user else "S-1-5-18"
        return re.sub(r"(?i)^(HKCU:?|HKEY_CURRENT_USER)(?=\\|$)", lambda _: rf"HKU\{sid}", path)

    def expand(self, text: str) -> str:
        return expand(text, self.user.name if self.user else "systemprofile")

    def message(self, code: int) -> str:
        """Text of a Win32 error in the PC's language."""
        return names.message(code, self.language)


@dataclass(frozen=True)
class Model:
    """One registered model. `version`: the collection whose .ps1 it mirrors; empty for modules of this project."""

    name: str
    function: Callable[[Call], Result]
    version: str


@dataclass(frozen=True)
class Output:
    """What a script or program leaves: text as the process wrote it, or the objects that PowerShell returned."""

    stdout: str = ""
    stderr: str = ""
    code: int = 0
    objects: list[Any] | None = None
    changed: bool = True
    result: dict[str, Any] = field(default_factory=dict)


MODELS: dict[str, Model] = {}
SCRIPTS: list[tuple[Callable[[str], bool], Callable[[Call, str], Output], bool]] = []
PROGRAMS: dict[str, Callable[[Call, list[str]], Output]] = {}


def model(name: str, version: str = "") -> Callable[[Callable[[Call], Result]], Callable[[Call], Result]]:
    """Register the model of a module, by its full name; `version` of the collection that it mirrors."""

    def register(function: Callable[[Call], Result]) -> Callable[[Call], Result]:
        MODELS[name] = Model(name, function, version)
        return function

    return register


# What connection, shell and reboot plugins put around a script: strict mode, and its exit code.
_AROUND = re.compile(
    r"^Set-StrictMode -Version Latest\n|;?\s*If \(-not \$\?\) \{ If \(Get-Variable LASTEXITCODE -ErrorAction SilentlyContinue\)"
    r" \{ exit \$LASTEXITCODE \} Else \{ exit 1 \} \}$"
)


def normalized(script: str) -> str:
    """A script without indentation, empty lines, and what plugins put around it."""
    text = "\n".join(line.strip() for line in script.lstrip("\ufeff").splitlines() if line.strip())
    return _AROUND.sub("", text).strip()


def script_model(
    *, text: str = "", file: Path | None = None, pattern: str = "", honours_check: bool = False
) -> Callable[[Callable[[Call, str], Output]], Callable[[Call, str], Output]]:
    """Register what a PowerShell script does (win_powershell, win_shell, script, raw).

    `text` or `file`: the whole script, compared without indentation. `pattern`: a regular expression that the whole
    script matches, for scripts of Ansible's own plugins that have values in them. The function gets the call (its
    params are the module's, with `parameters` of win_powershell) and the script. With `honours_check` the script has
    SupportsShouldProcess: win_powershell runs it in check mode.
    """
    if file is not None:
        text = file.read_text(encoding="utf-8-sig")
    if text:
        wanted = normalized(text)
        matches: Callable[[str], bool] = lambda script: script == wanted  # noqa: E731
    else:
        expression = re.compile(pattern, re.S)
        matches = lambda script: expression.fullmatch(script) is not None  # noqa: E731

    def register(function: Callable[[Call, str], Output]) -> Callable[[Call, str], Output]:
        SCRIPTS.append((matches, function, honours_check))
        return function

    return register


def program_model(
    name: str,
) -> Callable[[Callable[[Call, list[str]], Output]], Callable[[Call, list[str]], Output]]:
    """Register what a program does (`powercfg`, without .exe), given its arguments."""

    def register(function: Callable[[Call, list[str]], Output]) -> Callable[[Call, list[str]], Output]:
        PROGRAMS[name.lower()] = function
        return function

    return register


def find_script(script: str) -> tuple[Callable[[Call, str], Output], bool] | None:
    """The model of a script and whether it honours check mode."""
    wanted = normalized(script)
    return next(((function, check) for matches, function, check in SCRIPTS if matches(wanted)), None)
