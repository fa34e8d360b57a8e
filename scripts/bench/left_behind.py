"""Snapshot of the files on a PC after provisioning, to compare two ways on machines that started equal."""

from __future__ import annotations

import fnmatch
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from measuring import PROJECT

LISTS = PROJECT / "tests" / "molecule" / "list_files.py"
# What is another each time, however it comes about.
BY_NATURE = {
    "/etc/machine-id": "the machine's own",
    "/etc/shadow*": "passwords that the vault draws, each with a salt",
    "/etc/ssh/ssh_host_*": "the machine's own",
    "/home/*/.ssh/authorized_keys": "the school's own keys",
    "/root/.ansible": "Ansible's own working folder; what a batch keeps there is compared elsewhere",
    "/root/.ansible/cartable-batch*": "what a batch keeps",
    "/var/cache/apt/*.bin": "apt's cache, with times in it",
    "/var/cache/ldconfig/aux-cache": "with times in it",
}
EXCLUSION = re.compile("|".join(map(fnmatch.translate, BY_NATURE)))


def left_behind(lab: Path, container: str) -> dict[str, str]:
    """Path → kind, mode, owner, group, size and checksum or a link's target, of what a role could have written."""
    said = subprocess.run(
        [lab, "podman", "exec", "--interactive", container, "python3", "-"],
        input=LISTS.read_text(encoding="utf-8"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = (line.partition(" ") for line in said.splitlines())
    # The last word is the time of the change.
    return {path: rest.rpartition(" ")[0] for path, _, rest in lines if not EXCLUSION.match(path)}


def unlike(one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    """The files that are not the same, a line each."""
    for path in sorted({*one, *other}):
        if one.get(path) != other.get(path):
            yield f"{path}: {one.get(path, 'not there')} / {other.get(path, 'not there')}"
