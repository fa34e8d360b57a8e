"""A pupil's PC: modules are not run there, each task's answer is the next one of a list."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Stands in for Ansible's own start of a module, in a batch as well.
PYTHON = r"""
import importlib.machinery, json, os, sys

FOLDER = "FOLDER_OF_ANSWERS"
LOADER = "ansible.module_utils._internal._ansiballz._loader"

def answer(*, module_fqn, **_):
    number = os.open(FOLDER + "/asked", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(number, (module_fqn + "\n").encode())
    with open(FOLDER + "/asked") as asked, open(FOLDER + "/answers.json") as file:
        answers = json.load(file)
        print(json.dumps(answers[(len(asked.readlines()) - 1) % len(answers)]))
    raise SystemExit(0)

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != LOADER:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        load = spec.loader.exec_module
        def exec_module(module):
            load(module)
            module.run_module = answer
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder)
"""


@dataclass
class Pupil:
    """Gives ``answers`` in turn, whatever it is asked."""

    folder: Path

    def install(self, interpreter: str) -> Path:
        """Make the Python of this PC; returns its path for ``ansible_python_interpreter``."""
        self.folder.mkdir()
        (self.folder / "sitecustomize.py").write_text(PYTHON.replace("FOLDER_OF_ANSWERS", str(self.folder)))
        python = self.folder / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH={self.folder} exec {interpreter} "$@"\n')
        python.chmod(0o755)
        return python

    def gives(self, answers: list[dict[str, Any]]) -> None:
        """Have it give these from now on."""
        (self.folder / "asked").write_text("")
        (self.folder / "answers.json").write_text(json.dumps(answers))

    def asked(self) -> list[str]:
        """The modules that it was asked to run."""
        return (self.folder / "asked").read_text().split()
