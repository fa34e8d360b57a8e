"""Cases that need a machine of their own (users, packages, services, become), in a container for each way.

scripts/lab image && .venv/bin/python -m pytest tests/batch/test_containers.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.batch.both_ways import HERE, Corpus, Seen, Target, Tree, differences
from tests.batch.machines import LAB, containers, shell
from tests.batch.test_equivalence import texts

RUNS = {"check": ("--check", "--diff"), "first": ("--diff",), "second": ("--diff",)}
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


def look(container: str) -> Tree:
    """What is to be compared of a container: everything belongs to the machine, not to a case."""
    lines = shell(container, LOOK).splitlines()
    return {f"machine/{number:05d} {line.partition('|')[0]}": (line,) for number, line in enumerate(lines)}


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Target]]:
    with containers("podman", PREPARE) as names:
        yield {
            way: Target(
                ROOT,
                {"ansible_connection": "containers.podman.podman", "ansible_host": name},
                lambda name=name: look(name),
            )
            for way, name in names.items()
        }


@pytest.fixture(scope="module")
def runs(
    targets: Mapping[str, Target], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Mapping[str, Seen]]:
    """Run → way → what was seen."""
    folder: Path = tmp_path_factory.mktemp("containers")
    # Without the callback, which is not enabled everywhere.
    corpus = Corpus(folder, texts("containers"), texts("parts"), before=LAB, callback=False, shards=1)
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
