"""Kill the controller and all its children at a random moment, and see that nothing is lost."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reversibility.records.journals import Journals
from reversibility.records.state import State
from tests.e2e.conftest import PROJECT, School

HOSTS = ("--limit", "NA250001:UC250002")  # the NAS and a PC: every kind of write, in a third of the time
PLAYBOOKS: dict[str, tuple[str, ...]] = {"provision.yml": HOSTS, "observe.yml": HOSTS, "handover.yml": ()}
ROTATE = ("--extra-vars", '{"accounts_rotate": true, "shares_rotate": true}')
# Half of the provisions set new passwords, so that kills meet changes of the vault.
KINDS = tuple(
    (playbook, options)
    for provision in (ROTATE, ())
    for playbook, options in (("provision.yml", provision), ("observe.yml", ()), ("handover.yml", ()))
)
SEED = int(os.environ.get("CARTABLE_KILLS_SEED", random.SystemRandom().randrange(2**32)))
"""Draws the kills of a run of the tests; the same number draws the same ones."""
USUAL = 20.0  # seconds of a run, until one of its kind was measured
DRAWS = 10  # moments for one kill: a run that has ended before its moment was not killed


@dataclass(frozen=True)
class Kill:
    """One kill: the playbook, its options beside the hosts, and the moment in seconds after its start."""

    playbook: str
    options: tuple[str, ...]
    moment: float

    def __str__(self) -> str:
        rotating = " with new passwords" if self.options else ""
        return f"{self.playbook}{rotating} after {self.moment:.1f} s"


@dataclass(frozen=True)
class Killed:
    """What a kill has left: how many passwords were being changed, and what was found wrong, at once or later."""

    kill: Kill
    pending: int
    problems: tuple[str, ...]

    def __str__(self) -> str:
        met = f" ({self.pending} passwords were being changed)" if self.pending else ""
        return f"{self.kill}: {'; '.join(self.problems) or f'all verifies{met}, next run completed'}"


def drawn[Moment](moments: Sequence[Moment], number: int) -> list[Moment]:
    """Some of the moments, in their order: different ones in each run of the tests, with CARTABLE_KILLS=all every one.

    The drawing is printed, with the seed, where the test fails.
    """
    if os.environ.get("CARTABLE_KILLS") == "all":
        return list(moments)
    places = sorted(random.Random(SEED).sample(range(len(moments)), number))
    chosen = [moments[place] for place in places]
    print(f"CARTABLE_KILLS_SEED={SEED}: {chosen}")
    return chosen


def run(school: School, playbook: str, *options: str, check: bool = True) -> bool:
    """Run a playbook to its end; whether it completed."""
    return school.playbook(playbook, *PLAYBOOKS[playbook], *options, check=check).returncode == 0


def series(school: School, kills: int, generator: random.Random) -> Iterator[Killed]:
    """Kill that many runs, each followed by one that has to complete; tell of each what was lost."""
    taken: dict[tuple[str, tuple[str, ...]], float] = {}  # seconds of the last run of a kind to its end
    begin = generator.randrange(len(KINDS))
    for playbook, options in itertools.islice(itertools.cycle(KINDS), begin, begin + kills):
        usual = taken.get((playbook, options), USUAL)
        kill, found = kill_one(school, playbook, options, usual, generator)
        # A change of a password that the kill cut is what pending secrets are for; the next run has to complete it.
        cut = [
            f"{entry.site}: {entry.title}: a change" for entry in school.vault().entries() if entry.pending
        ]
        found += [problem for problem in problems(school) if not problem.startswith(tuple(cut))]
        begun = time.monotonic()
        if not run(school, playbook, check=False):
            found.append("the next run FAILED")
        taken[playbook, options] = time.monotonic() - begun
        found += problems(school)
        yield Killed(kill, len(cut), tuple(found))


def kill_one(
    school: School, playbook: str, options: tuple[str, ...], taken: float, generator: random.Random
) -> tuple[Kill, list[str]]:
    """Kill a run at a random moment, another one where it had ended before; the kill, and what went wrong till then.

    The moment may lie a little behind the usual end: else the end itself would never be met. After a run that had ended
    before, an earlier one is drawn.
    """
    found: list[str] = []
    for _ in range(DRAWS):
        disturb(school, generator)
        kill = Kill(playbook, options, generator.uniform(0.05, 1.05) * taken)
        status = kill_once(school, kill)
        if status == -signal.SIGKILL:
            return kill, found
        taken *= 0.8
        print(f"    {kill}: ended before, with status {status}; drawn again", flush=True)
        if status != 0:
            found.append(f"it FAILED by itself, with status {status}")
    return kill, [*found, f"it was not killed: it ended before its moment {DRAWS} times"]


def kill_once(school: School, kill: Kill) -> int:
    """Start a playbook and kill it; its exit status, which is minus SIGKILL unless it had ended before."""
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
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(timeout=kill.moment)
    kill_tree(process.pid)
    return process.wait()


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


def kill_tree(process: int) -> None:
    """``kill -9`` a process and all its descendants."""
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


def disturb(school: School, generator: random.Random) -> None:
    """Give the next run something to do, so that a kill meets writes."""
    tag, user = generator.choice([("NA250001", "direction"), ("UC250002", "eleve")])
    school.on_host(tag, "rm -f /etc/issue; apt-get remove -y -q qpdf gtypist >/dev/null 2>&1 || true")
    if generator.random() < 0.5:
        school.on_host(tag, "chpasswd", stdin=f"{user}:Aa1!{generator.randbytes(9).hex()}\n")


def problems(school: School) -> list[str]:
    """What is wrong with the records (state, journal and vault) and with the bundle that was built last."""
    return [
        *State(school.paths.state).verify(),
        *Journals(school.paths.journal).verify().problems,
        *school.vault().verify(),
        *bundle_problems(school),
    ]


def bundle_problems(school: School) -> list[str]:
    """What the stand-alone file of the newest bundle says against it."""
    bundle = school.newest_bundle()
    verifier = [sys.executable, "-I", bundle / "verifier.py", "--empreinte", school.fingerprint(), bundle]
    done = school.run(*verifier, check=False)
    return [f"{bundle.name}: {(done.stdout + done.stderr).strip()[-500:]}"] if done.returncode else []
