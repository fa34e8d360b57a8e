"""Podman's ways that the lab has to live with. What it really does is tried in tests/lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import detect, shell
from tests.lab.podman import Podman

# As podman 4.3.1 says it. It fails while there are lines in the file "failures", and takes one away each time.
_PODMAN = """\
#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> calls
[ -s failures ] || exit 0
sed -i 1d failures
echo 'Error: cannot remove container 7ff3 as it could not be stopped: sending SIGKILL to container 7ff3: ' \
    'container state improper: stopped' >&2
exit 2
"""


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Podman:
    program = tmp_path / "podman"
    program.write_text(_PODMAN)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return Podman(detect.Machine(True, "unified", True, True, ()))


def test_a_container_that_ends_before_it_is_killed_is_removed(podman: Podman, tmp_path: Path) -> None:
    (tmp_path / "failures").write_text("one\n")
    podman.remove("cartable-lab-a", "cartable-lab-b")
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls == ["rm --force --ignore --time 2 --volumes cartable-lab-a cartable-lab-b"] * 2


def test_a_container_that_cannot_be_removed_is_an_error(podman: Podman, tmp_path: Path) -> None:
    (tmp_path / "failures").write_text("one\ntwo\n")
    with pytest.raises(shell.LabError, match=r"podman rm .* failed .*could not be stopped"):
        podman.remove("cartable-lab-a")


def test_nothing_is_asked_of_podman_for_no_container(podman: Podman, tmp_path: Path) -> None:
    podman.remove()
    assert not (tmp_path / "calls").exists()
