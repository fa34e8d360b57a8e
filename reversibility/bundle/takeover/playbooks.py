"""Running the project's playbooks: the vault's passphrase by a pipe, the former SSH key beside the new one."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reversibility.bundle.takeover.keys import former_of
from reversibility.errors import CartableError
from reversibility.market.paths import MarketPaths
from reversibility.records.atomic import make_folder, write_atomically
from reversibility.records.passphrase import COMMAND_VARIABLE, DESCRIPTOR_VARIABLE

PROGRAM = "ansible-playbook"
FOLDER = "takeover"  # of the market's data: variables of the runs, the report of the audit


@dataclass(frozen=True)
class Playbooks:
    """The playbooks of the project that a market belongs to.

    ``emergency`` has ``reason`` and ``reference``, where the work cannot wait for a window.
    """

    paths: MarketPaths
    passphrase: str = field(repr=False)
    emergency: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        playbook: str,
        variables: Mapping[str, Any] | None = None,
        *,
        tags: Sequence[str] = (),
        limit: Sequence[str] = (),
    ) -> int:
        """Run ``playbooks/<playbook>`` and return its exit status; its results are in the records.

        The variables hold no secret. Raises CartableError if Ansible is not installed.
        """
        project = self.paths.inventory.parent.parent
        words = [_program(), "-i", str(self.paths.inventory), str(project / "playbooks" / playbook)]
        for name, value in (("--tags", ",".join(tags)), ("--limit", ",".join(limit))):
            words += [name, value] if value else []
        given = {**self._access(), **(variables or {})}
        if self.emergency:
            given["preflight_emergency"] = dict(self.emergency)
        if given:  # in a file: a large market's would be too long for an argument
            variables_file = self.paths.data / FOLDER / f"{Path(playbook).stem}.json"
            make_folder(variables_file.parent)
            write_atomically(variables_file, json.dumps(given).encode(), 0o600)
            words += ["--extra-vars", f"@{variables_file}"]
        reading, writing = os.pipe()
        try:
            os.write(writing, f"{self.passphrase}\n".encode())
            os.close(writing)
            environment = {**os.environ, DESCRIPTOR_VARIABLE: str(reading)}
            environment.pop(COMMAND_VARIABLE, None)
            return subprocess.run(
                words, cwd=project, env=environment, pass_fds=(reading,), check=False
            ).returncode
        finally:
            os.close(reading)

    def _access(self) -> dict[str, Any]:
        """While the former operators' key opens a machine, it is offered beside the new one."""
        former = former_of(self.paths.operator_key)
        if not former.exists():
            return {}
        return {"ansible_ssh_extra_args": f"-o IdentityFile={shlex.quote(str(former))}"}


def _program() -> str:
    beside = Path(sys.executable).with_name(PROGRAM)
    found = str(beside) if beside.is_file() else shutil.which(PROGRAM)
    if found is None:
        raise CartableError(
            f"{PROGRAM} was not found; install the packages of the bundle's requirements.txt."
        )
    return found
