"""The lab's detection of a machine's features, and the settings chosen for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab import apt_sources, detect, image, locks, mounts, places, processes, reaper, shell
from tests.lab.apt_sources import Mirrors, parse_options, parse_proxy, parse_targets
from tests.lab.cli import _split
from tests.lab.progress import table
from tests.project import PROJECT

FORMAT_UNKNOWN = "$(ORIGIN)|$(LABEL)"


def machine(
    cgroups: str = "unified", can_raise_limits: bool = True, missing: tuple[str, ...] = ()
) -> detect.Machine:
    return detect.Machine(True, cgroups, can_raise_limits, True, missing)


def test_an_ordinary_machine_uses_plain_podman() -> None:
    assert machine().plain
    assert machine().sentence() == "plain podman works here; nothing is missing."
    assert machine().problem() is None


def test_more_hosts_than_the_machine_can_watch_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detect, "INOTIFY", tmp_path / "limit")
    detect.INOTIFY.write_text("128\n")
    assert detect.too_many(8) is None
    assert detect.too_many(55) == (
        "55 hosts want some 330 inotify instances, and this machine allows 128; allow more with "
        "`sysctl -w fs.inotify.max_user_instances=458`."
    )


def test_the_sentence_says_which_way_and_why() -> None:
    found = machine(cgroups="hybrid", can_raise_limits=False, missing=("mmdebstrap",))
    assert not found.plain
    assert found.sentence() == (
        "podman runs in a private mount namespace with runc, because cgroups are hybrid and resource limits "
        "cannot be raised; these packages are missing: mmdebstrap (scripts/lab packages installs them)."
    )


def test_up_says_it_first_even_when_it_then_fails(tmp_path: Path) -> None:
    up = [sys.executable, "-m", "tests.lab", "up", "--inventory", str(tmp_path / "none")]
    done = subprocess.run(up, cwd=places.PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].endswith(detect.detect().sentence())


def test_what_a_killed_build_leaves_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "CACHE", tmp_path)
    for name in ("build-debian13-x1/rootfs/etc", "build-debian12-x2", "packages"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "build-debian12-x2" / "root.tar").write_bytes(b"half")
    image.remove_rest()
    assert [path.name for path in tmp_path.iterdir()] == ["packages"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [(["cgroup.controllers"], "unified"), (["unified/cgroup.controllers"], "hybrid"), ([], "legacy")],
)
def test_cgroups(tmp_path: Path, files: list[str], expected: str) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    status = tmp_path / "status"
    status.write_text("Name:\tx\nCapEff:\t0000000001000000\n")
    found = detect.detect(cgroup_root=tmp_path, status=status, tun=tmp_path / "none")
    assert (found.cgroups, found.can_raise_limits, found.tun) == (expected, True, False)
    assert "modprobe tun" in str(found.problem())


TARGETS = """\
Packages|http://mirror.example/debian/|bookworm|Debian|Debian
Packages|http://mirror.example/debian/|bookworm-updates|Debian|Debian
Translations|http://other.example/debian/|bookworm|Debian|Debian
Packages|https://third.example/apt/|stable|Third party|Third party
Packages|http://security.example/debian-security/|bookworm-security|Debian|Debian-Security
"""


def test_mirrors_are_those_of_apt() -> None:
    found = parse_targets(TARGETS)
    assert found == Mirrors("http://mirror.example/debian", "http://security.example/debian-security")
    assert [line.split("] ")[1] for line in found.lines("trixie")] == [
        "http://mirror.example/debian trixie main",
        "http://mirror.example/debian trixie-updates main",
        "http://security.example/debian-security trixie-security main",
    ]


def test_mirrors_before_the_first_apt_update() -> None:
    text = f"Packages|http://m.example/debian/|trixie|{FORMAT_UNKNOWN}\nPackages|http://s.example/|trixie-security|{FORMAT_UNKNOWN}"
    assert parse_targets(text) == Mirrors("http://m.example/debian", "http://s.example")


@pytest.mark.parametrize(
    "text", ["", "Packages|http://u.example/ubuntu/|noble|Ubuntu|Ubuntu\n", "nonsense\n"]
)
def test_no_debian_mirror(text: str) -> None:
    assert parse_targets(text) is None


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    parse_targets(text)
    parse_options(text)
    parse_proxy(text)


def test_a_machine_that_is_not_debian_needs_to_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARTABLE_LAB_MIRROR", "http://m.example/debian/")
    assert apt_sources.mirrors() == Mirrors("http://m.example/debian", None)


def test_options_and_proxy_of_apt() -> None:
    dump = 'APT "";\nAcquire::Check-Valid-Until "false";\nAcquire::http::Proxy "http://proxy.example:3128";\n'
    assert parse_options(dump) == ['Acquire::Check-Valid-Until "false";']
    assert parse_proxy(dump) == "http://proxy.example:3128"
    assert parse_proxy('Acquire::http::Proxy "DIRECT";') is None


def test_mount_points_with_blanks() -> None:
    line = r"42 27 0:39 / /run/a\040b rw,relatime shared:1 - tmpfs tmpfs rw" + "\n"
    assert mounts.mounted(line) == [Path("/run/a b")]


@pytest.mark.parametrize(
    ("arguments", "own", "words"),
    [
        (["up", "-i", "x"], ["up", "-i", "x"], []),
        (["run", "ls", "-l"], ["run"], ["ls", "-l"]),
        (["run", "--", "ls", "--", "-l"], ["run"], ["ls", "--", "-l"]),
        (["probe", "pupils", "--", "ip", "a"], ["probe", "pupils"], ["ip", "a"]),
        (["podman", "--version"], ["podman"], ["--version"]),
        (["shell", "UC250001"], ["shell", "UC250001"], []),
        ([], [], []),
    ],
)
def test_the_command_to_run_is_passed_on_untouched(
    arguments: list[str], own: list[str], words: list[str]
) -> None:
    assert _split(arguments) == (own, words)


def test_a_failed_command_is_named_with_its_last_words() -> None:
    with pytest.raises(
        shell.LabError, match=r"`sh -c 'echo first >&2; echo last >&2; exit 3'` failed \(3\): last$"
    ):
        shell.run(["sh", "-c", "echo first >&2; echo last >&2; exit 3"])


def test_a_slow_command_is_stopped() -> None:
    with pytest.raises(shell.LabError, match="still running"):
        shell.run(["tail", "-f", "/dev/null"], timeout=0.2)


def test_a_command_dies_with_the_lab(tmp_path: Path) -> None:
    """A killed ``up`` leaves nothing at work behind its back."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code = f"from tests.lab.shell import run; run(['sh', '-c', 'exec 3>{pipe}; echo x >&3; exec tail -f /dev/null'])"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT)
    with pipe.open("rb") as reading:
        assert reading.readline() == b"x\n"
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        assert reading.read() == b"", "the end of file comes when the last writer is gone"


def test_recorded_process(tmp_path: Path) -> None:
    record = tmp_path / "record"
    processes.start(["tail", "-f", "/dev/null"], record=record, log=tmp_path / "log")
    assert shell.wait_until(lambda: processes.recorded(record) is not None, 10)
    process = processes.recorded(record)
    assert process is not None
    processes.stop(record)
    assert not process.alive()
    assert not record.exists()
    processes.stop(record)


def test_another_process_of_the_same_number_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "record"
    record.write_text(f'{{"pid": {os.getpid()}, "started": 1}}')
    assert processes.recorded(record) is None
    processes.stop(record)
    assert not record.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_half_written_record(tmp_path: Path, content: str) -> None:
    record = tmp_path / "record"
    record.write_text(content)
    assert processes.recorded(record) is None


def test_locks(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not locks.in_use(path)
    with locks.shared(path), locks.shared(path):
        assert locks.in_use(path)
        with (
            pytest.raises(shell.LabError, match="Another lab"),
            locks.exclusive(path, "lab", 0.1),
        ):
            pass
    assert not locks.in_use(path)


def test_reaper_leaves_known_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On plain folders in place of cgroups: those have no files that rmdir minds."""
    killed: list[Path] = []
    monkeypatch.setattr(Path, "write_text", lambda self, _: killed.append(self))
    monkeypatch.setattr(reaper, "_await_empty", lambda _: None)
    for name in ("libpod-known/init.scope", "libpod-lost/init.scope/a"):
        (tmp_path / "group" / name).mkdir(parents=True)
    assert reaper.reap(tmp_path / "group", {"known"}) == ["libpod-lost"]
    assert killed == [tmp_path / "group/libpod-lost/cgroup.kill"]
    assert [path.name for path in (tmp_path / "group").iterdir()] == ["libpod-known"]
    assert reaper.reap(tmp_path / "group", set()) == ["libpod-known"]
    assert not (tmp_path / "group").exists()
    assert reaper.reap(tmp_path / "group", set()) == []


def test_table() -> None:
    assert table([["A", "LONG"], ["xyz", "1"]]) == "A    LONG\nxyz  1"
