"""Copying files into a bundle: plain files only, under portable names, one at a time."""

from __future__ import annotations

import shutil
from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.digests import scan
from reversibility.bundle.findings import Finding

SMALL = 1 << 20  # bytes


def copy_tree(source: Path, target: Path) -> list[Finding]:
    """Copy the plain files below ``source``, under portable names.

    Returns findings on other kinds of files, and on names that collide on some system.
    """
    found = scan(source)
    names = layout.portable_names(found.files)
    made: set[str] = set()
    for path, size in found.files.items():
        folder = names[path].rpartition("/")[0]
        if folder not in made:
            (target / folder if folder else target).mkdir(parents=True, exist_ok=True)
            made.add(folder)
        _copy(f"{source}/{path}", f"{target}/{names[path]}", size)
    renamed = [
        Finding(
            f"{source / path} is {target.name}/{name} in the bundle: under its own name it would be one with another "
            "file on some system, or too long.",
            f"{source.name}/{path} est remis sous le nom {target.name}/{name}\u00a0: sous le sien, il se confondrait "
            "avec un autre fichier sur certains systèmes, ou serait trop long.",
        )
        for path, name in names.items()
        if layout.is_marked(name)
    ]
    return renamed + [
        Finding(
            f"{source / path} is a {what} and was left out of the bundle.",
            f"{source.name}/{path} n’est pas un fichier ordinaire et n’est pas remis.",
        )
        for path, what in found.irregular.items()
    ]


def _copy(source: str, target: str, size: int) -> None:
    """Copy one file; for a small one reading and writing it is three times as fast as shutil."""
    if size > SMALL:
        shutil.copyfile(source, target, follow_symlinks=False)
        return
    with open(source, "rb", buffering=0) as original, open(target, "xb", buffering=0) as copy:  # noqa: PTH123
        copy.write(original.readall())
