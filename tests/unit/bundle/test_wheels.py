"""The packages in a bundle: those that are pinned, and proven to install where there is no network."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from reversibility.bundle.leak_scan import refuse_leaks
from reversibility.bundle.wheels import BUILD, fetch_wheels, lacking, published
from reversibility.contract.formats import open_format
from reversibility.contract.offline_install import offline_problem
from reversibility.errors import CartableError
from tests.project import PROJECT


def make_wheel(folder: Path, name: str, version: str, needs: str = "") -> Path:
    """A package with one module, as pip takes it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "there = True\n")
        required = f"Requires-Dist: {needs}\n" if needs else ""
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(
            f"{about}/RECORD", f"{name}.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n"
        )
    return path


def test_the_wheels_of_the_pinned_versions_are_fetched_and_replace_older_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, folder = tmp_path / "index", tmp_path / "packages"
    for name, version in (("essai", "1.0"), ("essai", "2.0"), ("setuptools", "80.0")):
        make_wheel(index, name, version)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    make_wheel(folder, "essai", "0.9")
    assert fetch_wheels(folder, {"essai": "1.0"}) == 2
    assert sorted(path.name.partition("-py3")[0] for path in folder.iterdir()) == [
        "essai-1.0",
        "setuptools-80.0",
    ]
    with pytest.raises(CartableError, match="absent"):
        fetch_wheels(folder, {"absent": "1.0"})
    assert lacking(folder, {"essai": "1.0"}) == [], "one that failed has left the folder as it was"
    assert lacking(folder, {"essai": "2.0", "Absent_One": "1"}) == ["Absent_One==1", "essai==2.0"]


def test_what_makes_the_project_a_package_is_what_the_project_asks_for() -> None:
    assert f'requires = ["{BUILD}"]' in (PROJECT / "pyproject.toml").read_text(encoding="utf-8")


def test_packages_install_from_the_folder_alone_or_it_is_told_why_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, requirements = tmp_path / "paquets", tmp_path / "requirements.txt"
    make_wheel(folder, "essai", "1.0", needs="besoin>=1")
    requirements.write_text("# comment\nessai==1.0\n")
    elsewhere = tmp_path / "elsewhere"
    make_wheel(elsewhere, "besoin", "1.5")
    monkeypatch.setenv("PIP_FIND_LINKS", str(elsewhere))  # what this machine has is not what the bundle has
    assert "besoin" in (offline_problem(folder, requirements) or "")
    shutil.copy(elsewhere / "besoin-1.5-py3-none-any.whl", folder)
    assert offline_problem(folder, requirements) is None


def test_what_anybody_gets_from_the_index_is_no_leak(tmp_path: Path) -> None:
    """Ansible's collections have private keys as examples; a file that only has the suffix is searched."""
    wheels = tmp_path / "paquets"
    key = "-----BEGIN PRIVATE KEY-----\n" + "A" * 200 + "\n-----END PRIVATE KEY-----\n"
    for name, version in (("essai", "1.0"), ("setuptools", "80.0"), ("essai", "0.9"), ("autre", "1.0")):
        with zipfile.ZipFile(make_wheel(wheels, name, version), "a") as archive:
            archive.writestr("example.pem", key)
    with pytest.raises(CartableError) as refused:
        refuse_leaks(tmp_path, [], published(wheels, {"Essai": "1.0"}))
    assert "autre-1.0" in str(refused.value) and "essai-0.9" in str(refused.value)
    assert "essai-1.0" not in str(refused.value) and "setuptools" not in str(refused.value)


def test_a_wheel_is_opened(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "essai", "1.0")
    assert open_format(str(path)) is None
    path.write_bytes(path.read_bytes()[:60])
    assert open_format(str(path)) == "n’est pas un paquet Python lisible"
