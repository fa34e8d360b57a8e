"""The folder of the kept modules: never one that another user could have put there, never half a file, never many."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import packed

from tests.unit.batch.packing import LATER, Project


def open_to_others(path: Path) -> None:
    path.chmod(0o777 if path.is_dir() else 0o666)


def open_to_group(path: Path) -> None:
    path.chmod(0o770 if path.is_dir() else 0o660)


def of_another(path: Path) -> None:
    os.chown(path, 12345, -1)


def behind_a_link(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


@pytest.mark.parametrize("change", [open_to_others, open_to_group, of_another, behind_a_link])
@pytest.mark.parametrize("which", ["cache/cartable", "cache/cartable/modules", "file", "cache"])
def test_what_others_can_write_is_not_used(
    project: Project, which: str, change: Callable[[Path], None]
) -> None:
    if change is of_another and os.geteuid():
        pytest.skip("only root can give a file away")
    if change is behind_a_link and which == "cache":
        pytest.skip("a user may well keep the whole cache elsewhere")
    project.keep()
    path = project.kept if which == "file" else project.base / which
    change(path)
    with pytest.raises((packed.NotKept, OSError)):
        packed.bring(project.packing(), project.base / "place")
    assert not (project.base / "place").exists()
    if which != "file":
        before = sorted(project.base.rglob("cache/**/*"))
        with pytest.raises(packed.NotKept):
            project.keep()
        assert sorted(project.base.rglob("cache/**/*")) == before


def test_nothing_is_made_in_the_home_of_another(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    home = project.base / "home"
    home.mkdir()
    of_another(home)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(packed.NotKept):
        project.keep()
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("given", [None, "", "relative/cache"])
def test_the_cache_is_in_the_home(
    project: Project, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.setenv("HOME", str(project.base))
    if given is None:
        monkeypatch.delenv("XDG_CACHE_HOME")
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", given)
    project.keep()
    assert len(list((project.base / ".cache/cartable/modules").iterdir())) == 1
    assert (project.base / ".cache").stat().st_mode & 0o777 == 0o700


def test_no_damaged_file_is_used(project: Project) -> None:
    project.keep()
    good = project.kept.read_bytes()
    spots = {0, 70, good.index(b"\n") + 5, len(good) // 2, len(good) - 1}
    damaged = [good[:spot] + bytes([good[spot] ^ 1]) + good[spot + 1 :] for spot in sorted(spots)]
    for content in [*damaged, good[:-5], good[:64], b"", b"\n\n\n", b"\xff" * 100]:
        project.kept.write_bytes(content)
        with pytest.raises((packed.NotKept, ValueError)):
            packed.bring(project.packing(), project.base / "place")
        assert not (project.base / "place").exists()
    project.kept.write_bytes(good)
    assert project.brought() == b"as Ansible packed it"


def test_the_folder_stays_small(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.keep()
    size = project.kept.stat().st_size
    monkeypatch.setattr(packed, "MOST", 3 * size)
    first = project.kept
    for age, name in enumerate(("a" * 64, "b" * 64, ".new-left"), start=1):
        path = project.write(project.folder / name, bytes(size))
        os.utime(path, (1000 + age, 1000 + age))
    project.keep()
    assert {path.name for path in project.folder.iterdir()} == {first.name, "b" * 64, ".new-left"}


def test_what_is_used_stays_longest(project: Project) -> None:
    project.keep()
    os.utime(project.kept, (1000, 1000))
    project.brought()
    assert project.kept.stat().st_mtime > 1000


def worker(project: Project, ready: multiprocessing.Barrier, said: multiprocessing.SimpleQueue) -> None:
    ready.wait()
    try:
        place = project.base / f"run{os.getpid()}" / "probe"
        brought = packed.bring(project.packing(), place)
        if not brought:
            project.write(place, b"as Ansible packed it")
            packed.keep(project.packing(), place, project.files, LATER)
        said.put((brought, place.read_bytes()))
    except BaseException as wrong:
        said.put((None, repr(wrong)))


def test_fifty_workers_at_once(project: Project) -> None:
    """Each a run of its own; with and without a file in the folder, and always a whole one."""
    many = multiprocessing.get_context("fork")
    for _ in range(2):
        ready, said = many.Barrier(50), many.SimpleQueue()
        workers = [many.Process(target=worker, args=(project, ready, said)) for _ in range(50)]
        for one in workers:
            one.start()
        answers = [said.get() for _ in workers]
        for one in workers:
            one.join()
        assert {content for _, content in answers} == {b"as Ansible packed it"}
    assert all(brought for brought, _ in answers), "the second time all find it"
    assert project.brought() == b"as Ansible packed it"  # and no temporary file beside it


def test_of_the_workers_of_one_run_one_keeps_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.keep()
    found: list[object] = []
    monkeypatch.setattr(packed, "_sources", lambda *_: found.append(1) or {})
    packed.keep(project.packing(), project.place, project.files, project.kept.stat().st_mtime_ns)
    assert found == [], "another worker has kept it since this one began to wait"
    with project.place.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(BlockingIOError):
            project.keep()
    assert found == [], "another worker is at it"
