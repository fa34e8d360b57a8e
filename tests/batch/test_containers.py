"""Cases that need a machine of their own (users, packages, services, become), in a container for each way.

scripts/lab image && .venv/bin/python -m pytest tests/batch/test_containers.py
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.batch.both_ways import HERE, PROJECT, WAYS, Corpus, Seen, Target, Tree, differences
from tests.batch.test_equivalence import texts

IMAGE = "localhost/cartable-lab:debian13"
RUNS = {"first": ("--diff",), "second": ("--diff",)}  # check mode is seen without containers
LAB = [str(PROJECT / "scripts" / "lab"), "podman-env"]
CASES = sorted(path.stem for path in (HERE / "containers").glob("*.yml"))
ROOT = "/srv/cases"
PREPARE = f"""
set -eu
useradd --create-home --shell /bin/bash --uid 2001 pupil
useradd --create-home --shell /bin/bash --uid 2002 teacher
echo teacher:secret | chpasswd
mkdir -p {" ".join(f"{ROOT}/{case}" for case in CASES)}
"""
# What the cases touch: files with their modes and owners, accounts, units. Without what each run writes by itself.
LOOK = f"""
set -eu
find {ROOT} /home /etc/systemd/system -xdev -not -path '*/.ansible*' -printf '%p|%M|%u|%g|%l\\n' | sort
find {ROOT} /home -xdev -type f -not -path '*/.ansible*' -exec sha256sum {{}} + | sort -k 2 |
  sed 's/^\\([0-9a-f]*\\)  \\(.*\\)/\\2|\\1/'
getent passwd | sed 's/^/passwd|/'; getent group | sed 's/^/group|/'
dpkg-query -W -f 'package|${{Package}}|${{Version}}|${{db:Status-Status}}\\n'
systemctl show --property ActiveState,UnitFileState batch-test.service || true
"""


def podman(*arguments: str, given: str | None = None) -> str:
    """Run podman as the lab does; what it says."""
    ended = subprocess.run(
        [*LAB, "podman", *arguments], input=given, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"podman {arguments[0]}: {ended.stderr}"
    return ended.stdout


def look(container: str) -> Tree:
    """What is to be compared of a container: everything belongs to the machine, not to a case."""
    lines = podman("exec", "--interactive", container, "sh", given=LOOK).splitlines()
    return {f"machine/{number:05d} {line.partition('|')[0]}": (line,) for number, line in enumerate(lines)}


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Target]]:
    made: dict[str, Target] = {}
    try:
        for way in WAYS:
            name = f"cartable-batch-{way}-{os.getpid()}"
            made[way] = Target(
                ROOT,
                {"ansible_connection": "containers.podman.podman", "ansible_host": name},
                lambda name=name: look(name),
            )
            podman(
                "run",
                "--detach",
                f"--name={name}",
                "--systemd=always",
                "--cap-add=SYS_ADMIN",
                "--network=none",
                "--hostname=machine",
                "--add-host=machine:127.0.0.1",
                IMAGE,
            )
            podman("exec", "--interactive", name, "sh", given=PREPARE)
        yield made
    finally:
        for target in made.values():
            podman("rm", "--force", "--time=0", "--ignore", target.variables["ansible_host"])


@pytest.fixture(scope="module")
def runs(
    targets: Mapping[str, Target], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, Seen]]:
    """Run → way → what was seen."""
    folder: Path = tmp_path_factory.mktemp("containers")
    corpus = Corpus(folder, texts("containers"), before=tuple(LAB), shards=1)
    corpus.lay_out()
    return {name: corpus.run(targets, *arguments) for name, arguments in RUNS.items()}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("case", [*texts("containers"), "machine"])
def test_same(case: str, run: str, runs: Mapping[str, Mapping[str, Seen]]) -> None:
    seen = runs[run]
    for way, one in seen.items():
        assert case in one.events or case == "machine", (
            f"{way} did not come to this case:\n{one.output[-3000:]}"
        )
    told: Sequence[str] = differences(seen).get(case, [])
    assert not told, "\n".join(told)
