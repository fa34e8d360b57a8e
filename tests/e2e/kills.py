"""Kill the controller and all its children at a random moment, and see that nothing is lost."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reversibility.records.journals import Journals
from reversibility.records.state import State
from tests.e2e.conftest import PROJECT, School

HOSTS = ("--limit", "NA250001:UC250002")  # the NAS and a PC: every kind of write, in a third of the time
PLAYBOOKS: dict[str, tuple[str, ...]] = {"provision.yml": HOSTS, "observe.yml": HOSTS, "handover.yml": ()}
ROTATE = ("--extra-vars", '{"accounts_rotate": true, "shares_rotate": true}')


@dataclass(frozen=True)
class Kill:
    """One kill: the playbook, its options beside the hosts, and the moment in seconds after its start."""

    playbook: str
    options: tuple[str, ...]
    moment: float

    def __str__(self) -> str:
        rotating = " with new passwords" if self.options else ""
        return f"{self.playbook}{rotating} after {self.moment:.1f} s"


def run(school: School, playbook: str, *, check: bool = True) -> bool:
    """Run a playbook to its end; whether it completed."""
    return school.playbook(playbook, *PLAYBOOKS[playbook], check=check).returncode == 0


def durations(school: School) -> dict[str, float]:
    """How long each playbook takes now, in seconds; the random moments are drawn from it."""
    taken = {}
    for playbook in PLAYBOOKS:
        begun = time.monotonic()
        run(school, playbook)
        taken[playbook] = time.monotonic() - begun
    return taken


def schedule(kills: int, generator: random.Random, taken: dict[str, float]) -> Iterator[Kill]:
    """What is killed when; half of the provisions set new passwords, so that kills meet changes of the vault."""
    kinds = [
        (playbook, options)
        for provision in (ROTATE, ())
        for playbook, options in (("provision.yml", provision), ("observe.yml", ()), ("handover.yml", ()))
    ]
    for _, (playbook, options) in zip(range(kills), itertools.cycle(kinds), strict=False):
        yield Kill(playbook, options, generator.uniform(0.05, 0.95) * taken[playbook])


def descendants(*processes: int) -> list[int]:
    """The processes and everything below them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            status = (entry / "stat").read_text()
            children.setdefault(int(status.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, queue = [], list(processes)
    while queue:
        found.append(current := queue.pop())
        queue.extend(children.get(current, []))
    return found


def kill_tree(process: int) -> int:
    """``kill -9`` a process and all its descendants; how many were killed."""
    # Stopped first, from the top down, so that none can start another while the list is read.
    tree: list[int] = []
    while set(now := descendants(process)) - set(tree):
        tree = now
        for member in tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGSTOP)
    for member in tree:
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)
    return len(tree)


def disturb(school: School, generator: random.Random) -> None:
    """Give the next run something to do, so that a kill meets writes."""
    tag, user = generator.choice([("NA250001", "direction"), ("UC250002", "eleve")])
    school.on_host(tag, "rm -f /etc/issue; apt-get remove -y -q qpdf gtypist >/dev/null 2>&1 || true")
    if generator.random() < 0.5:
        school.on_host(tag, "chpasswd", stdin=f"{user}:Aa1!{generator.randbytes(9).hex()}\n")


def kill_once(school: School, kill: Kill) -> list[str]:
    """Start a playbook and kill it; return what was found wrong with the records."""
    process = subprocess.Popen(
        [
            *(str(part) for part in school.playbook_command(kill.playbook)),
            *PLAYBOOKS[kill.playbook],
            *kill.options,
        ],
        cwd=PROJECT,
        env=school.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(timeout=kill.moment)
    except subprocess.TimeoutExpired:
        kill_tree(process.pid)
        process.wait()
    # A change of a password that the kill cut is what pending secrets are for; the next run has to complete it.
    cut = [f"{entry.site}: {entry.title}: a change" for entry in school.vault().entries() if entry.pending]
    return [problem for problem in problems(school) if not problem.startswith(tuple(cut))]


def problems(school: School) -> list[str]:
    """What is wrong with the records: state, journal and vault."""
    return [
        *State(school.paths.state).verify(),
        *Journals(school.paths.journal).verify().problems,
        *school.vault().verify(),
    ]
