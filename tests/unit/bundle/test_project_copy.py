"""The project in a bundle: its history, without what belongs to another market, today or at any time before."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from reversibility.bundle.project_copy import copy_project
from tests.unit.bundle.market import git

SECRET_OF_OTHERS = "the address of another town's server"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two markets, of which one was moved away later, with a tag before that."""
    folder = tmp_path / "project"
    for market, text in (("ici", "ours"), ("ailleurs", SECRET_OF_OTHERS), ("ancien", SECRET_OF_OTHERS)):
        path = folder / "inventories" / market / "hosts.yml"
        path.parent.mkdir(parents=True)
        path.write_text(text)
    (folder / "ansible.cfg").write_text("[defaults]\n")
    git(folder, "init", "--quiet", "--initial-branch=principal")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "tag", "v1")
    git(folder, "rm", "--quiet", "-r", "inventories/ancien")
    (folder / "ansible.cfg").write_text("[defaults]\nforks = 3\n")
    git(folder, "commit", "--quiet", "-a", "-m", "second")
    return folder


@pytest.mark.parametrize("detached", [False, True])
def test_only_this_market_is_in_the_history(project: Path, tmp_path: Path, detached: bool) -> None:
    if detached:
        git(project, "checkout", "--quiet", "--detach")
    out = tmp_path / "out"
    out.mkdir()
    assert copy_project(out, project, "ici") == []
    assert [path.name for path in out.iterdir()] == ["depot.bundle"]
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(out / "depot.bundle"), str(clone)], check=True)
    assert (clone / "inventories/ici/hosts.yml").read_text() == "ours" and (clone / "ansible.cfg").is_file()
    objects = ["git", "-C", str(clone), "cat-file", "--batch", "--batch-all-objects"]
    everything = subprocess.run(objects, check=True, capture_output=True).stdout
    assert b"ours" in everything and SECRET_OF_OTHERS.encode() not in everything
    assert git(clone, "tag").split() == ["v1"]
    assert git(clone, "log", "--format=%s").split() == ["second", "first"]


def test_only_this_market_is_in_the_archive(project: Path, tmp_path: Path) -> None:
    (project / ".git").rename(tmp_path / "no-history")
    out = tmp_path / "out"
    out.mkdir()
    [finding] = copy_project(out, project, "ici")
    assert "depot.tar.gz" in finding
    with tarfile.open(out / "depot.tar.gz") as archive:
        names = archive.getnames()
    assert "cartable/inventories/ici/hosts.yml" in names
    assert not [name for name in names if "ailleurs" in name or "ancien" in name]
