"""A machine from a folder, and the way such a folder is made.

``python tests/unit/asset/recorded.py FOLDER TAG`` on a machine records all that ``asset_facts`` reads there, without
what must not leave it: the password fields of shadow are blanked before they are written.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from plugins.module_utils.asset.document import observe
from plugins.module_utils.asset.machine import Machine


class RecordedMachine(Machine):
    """Files below ``FOLDER/root``; the output of commands in ``FOLDER/commands``, named in ``commands.json``.

    Something that was not recorded is something that the machine has not got.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder / "root"))
        self.folder = folder
        self.commands = json.loads((folder / "commands.json").read_text())

    def run(self, *command: str, accept: range | None = None) -> str | None:
        name = self.commands.get(" ".join(command))
        return None if name is None else (self.folder / "commands" / name).read_text()


class Recorder(Machine):
    """The running machine; keeps whatever it is asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__("/")
        self.folder = folder
        self.commands: dict[str, str | None] = {}
        (folder / "commands").mkdir(parents=True)

    def read(self, path: str) -> str | None:
        text = super().read(path)
        if text is not None:
            if path == "/etc/shadow":
                text = re.sub(r"^([^:]*:[!*]?)[^:]*", r"\1", text, flags=re.MULTILINE)
            kept = self.folder / "root" / path.lstrip("/")
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(text)
        return text

    def names(self, path: str) -> list[str]:
        found = super().names(path)
        for name in found:
            kept = self.folder / "root" / path.lstrip("/") / name
            if not kept.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.touch()
        return found

    def run(self, *command: str, accept: range | None = None) -> str | None:
        output = super().run(*command, accept=accept)
        name = None
        if output is not None:
            digest = hashlib.sha256(" ".join(command).encode()).hexdigest()[:6]
            name = f"{command[0]}-{digest}.txt"
            (self.folder / "commands" / name).write_text(output)
        self.commands[" ".join(command)] = name
        return output


if __name__ == "__main__":
    recorder = Recorder(Path(sys.argv[1]))
    expected = observe(recorder, sys.argv[2], [], "Cartable-test")
    answered = json.dumps(recorder.commands, indent=1, sort_keys=True)
    (recorder.folder / "commands.json").write_text(answered + "\n")
    (recorder.folder / "expected.json").write_text(
        json.dumps(expected, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    )
