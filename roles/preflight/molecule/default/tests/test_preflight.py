"""What the role preflight leaves on a machine: nothing, whether it agreed or refused."""

import os
from pathlib import Path

LIST_FILES = Path(__file__).parents[5] / "tests" / "molecule" / "list_files.py"


def test_the_machine_is_as_it_was(machine):
    before = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "files-before").read_text()
    listed = machine.run("python3", "-", stdin=LIST_FILES.read_text())
    assert listed.returncode == 0, listed.stderr
    assert len(listed.stdout.splitlines()) > 100
    assert set(before.splitlines()) ^ set(listed.stdout.splitlines()) == set()
