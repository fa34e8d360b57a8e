"""Packed modules are kept from one run to the next, and only as long as all is as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible import constants as C
from ansible.executor import module_common
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter import (
    module_cache,
    modules,
)

OWN = "ansible.modules.ping-ZIP_DEFLATED-none"


class Run:
    """Ansible's temporary folder of a run."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.packed = folder / "ansiballz_cache"
        self.packed.mkdir(parents=True)
        monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(folder))

    def pack(self, name: str) -> None:
        metadata = module_common.ModuleMetadataV1(serialization_profile="legacy")
        archive = b"UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="  # an empty one
        packed = module_common._CachedModule(zip_data=archive, metadata=metadata, source_mapping={})
        packed.dump(str(self.packed / name))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache; what modules are packed from is settled, and ours to change."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "basic.py").write_text("old")
    os.utime(source / "basic.py", (0, 0))
    monkeypatch.setattr(module_cache, "SOURCES", (source,))
    monkeypatch.setattr(module_cache, "SETTLED", -1.0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir(mode=0o700)
    return tmp_path / "cache" / "cartable" / "modules"


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.glob("*/*"))


def test_what_one_run_has_packed_the_next_one_finds(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Run(tmp_path / "first", monkeypatch)
    for name in (
        OWN,
        "ansible.legacy.own-ZIP_DEFLATED-none",
        "ansible_collections.x.y.plugins.modules.z-none",
    ):
        first.pack(name)
    module_cache.store()
    assert kept(cache) == [OWN], "Ansible's own and this collection's only"
    second = Run(tmp_path / "second", monkeypatch)
    module_cache.fetch()
    assert [path.name for path in second.packed.iterdir()] == [OWN]
    assert module_common._CachedModule.load(str(second.packed / OWN)).zip_data
    module_cache.store()
    assert kept(cache) == [OWN]


@pytest.mark.parametrize("change", ["content", "new file"])
def test_after_a_change_nothing_is_found(
    cache: Path, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Run(tmp_path / "first", monkeypatch).pack(OWN)
    module_cache.store()
    (tmp_path / "source" / ("basic.py" if change == "content" else "more.py")).write_text("new")
    second = Run(tmp_path / "second", monkeypatch)
    module_cache.fetch()
    assert not list(second.packed.iterdir())


def test_what_has_just_changed_is_not_kept(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module_cache, "SETTLED", 3600.0)
    Run(tmp_path / "first", monkeypatch).pack(OWN)
    module_cache.store()
    assert not kept(cache)


def test_nothing_is_kept_where_a_folder_overrides_module_utils(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = module_cache.module_utils_loader
    monkeypatch.setattr(loader, "_get_paths", lambda subdirs: [str(tmp_path / "source")])
    Run(tmp_path / "first", monkeypatch).pack(OWN)
    module_cache.store()
    assert not kept(cache)


@pytest.mark.parametrize("level", range(3))
def test_a_folder_that_others_may_write_is_not_used(
    cache: Path, tmp_path: Path, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Run(tmp_path / "first", monkeypatch).pack(OWN)
    module_cache.store()
    [folder] = cache.iterdir()
    [folder, cache, cache.parent][level].chmod(0o777)
    second = Run(tmp_path / "second", monkeypatch)
    with pytest.raises(PermissionError):
        module_cache.fetch()
    assert not list(second.packed.iterdir())


def test_few_states_are_kept(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(module_cache.MOST_KEPT + 2):
        (tmp_path / "source" / "basic.py").write_text(str(number))
        Run(tmp_path / str(number), monkeypatch).pack(OWN)
        module_cache.store()
    assert len(list(cache.iterdir())) == module_cache.MOST_KEPT


def test_the_files_of_an_archive_are_unpacked_once() -> None:
    archive = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="
    assert modules.files_of(archive) is modules.files_of(archive.encode())
