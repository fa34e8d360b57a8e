"""Filling ``data/`` with the records: what was seen, done and known. Files are copied one at a time.

Trouble with a record never stops a hand-over, which must be possible at any moment: it becomes a *finding*, a
sentence that is shown to the operator and lies in the bundle.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reversibility.bundle import layout, texts
from reversibility.bundle.digests import scan
from reversibility.errors import CartableError
from reversibility.market.model import Market
from reversibility.records.journal import LOCK_NAME
from reversibility.records.journal_chain import HEAD_NAME
from reversibility.records.journals import Journals
from reversibility.records.locking import file_lock
from reversibility.records.state import JOURNAL, LOCK, State

SMALL = 1 << 20  # bytes
COLLECTED = {  # record of an asset -> the file of the bundle with all of them
    "certificates.json": (layout.CERTIFICATES, "certificats.json"),
    "backups.json": (layout.BACKUPS, "sauvegardes.json"),
}


class ReadableState(State):
    """A state of which a damaged record reads as one that is not there, and is told in ``findings``.

    The file itself goes into the bundle as it is.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.findings: dict[str, None] = {}  # in order, each once

    def read_json(self, site: str, asset: str, name: str) -> Any | None:
        """Read one JSON record; None also when it is damaged."""
        try:
            return super().read_json(site, asset, name)
        except CartableError as error:
            self.findings.setdefault(str(error))
            return None


def copy_tree(source: Path, target: Path) -> list[str]:
    """Copy the plain files below ``source``, under portable names; returns findings on what is no plain file."""
    found = scan(source)
    made: set[str] = set()
    for path, size in found.files.items():
        folder = path.rpartition("/")[0]
        if folder not in made:
            (target / layout.portable_path(folder) if folder else target).mkdir(parents=True, exist_ok=True)
            made.add(folder)
        _copy(f"{source}/{path}", f"{target}/{layout.portable_path(path)}", size)
    return [
        f"{source / path} is a {what} and was left out of the bundle."
        for path, what in found.irregular.items()
    ]


def _copy(source: str, target: str, size: int) -> None:
    """Copy one file; for a small one reading and writing it is three times as fast as shutil."""
    if size > SMALL:
        shutil.copyfile(source, target, follow_symlinks=False)
        return
    with open(source, "rb", buffering=0) as original, open(target, "xb", buffering=0) as copy:  # noqa: PTH123
        copy.write(original.readall())


def copy_records(data: Path, state: State, market: Market) -> list[str]:
    """Copy each asset's folder to 02-equipements, and what configures the network to 03-reseaux as well."""
    findings: list[str] = []
    for site, tag in state.assets():
        source = state.directory / site / tag
        findings += copy_tree(source, data / layout.EQUIPMENT / site / tag)
        asset = market.assets.get(tag)
        if asset is not None and "network" in asset.kind_groups:
            _copy_configuration(source, data / layout.NETWORKS / layout.CONFIGURATIONS / site / tag)
    return findings


def _copy_configuration(source: Path, target: Path) -> None:
    if (source / "config").is_dir():
        copy_tree(source / "config", target / "config")
    if (source / "config.age").is_file():
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / "config.age", target / "config.age")


def copy_history(data: Path, state: State) -> list[str]:
    """Put the state's own Git history into the bundle: what changed since any earlier day."""
    if not state.repository.exists() or not state.repository.has_commits():
        return [f"The state {state.directory} has no history yet; run playbooks/observe.yml first."]
    target = data / layout.JOURNAL / layout.STATE_HISTORY
    try:
        with file_lock(state.directory / LOCK, timeout=600.0) as lock:
            findings = _uncommitted(state, lock)
            # Git's own delta search would take most of the time and memory of a build with 25,000 assets.
            quick = ("-c", "pack.window=0", "-c", "pack.compression=1")
            state.repository.run(
                *quick, "bundle", "create", "--quiet", str(target), "HEAD", "--all", lock=lock
            )
    except CartableError as error:
        target.unlink(missing_ok=True)
        return [str(error)]
    return findings


def _uncommitted(state: State, lock: int) -> list[str]:
    """Tell which records a killed run left without a commit, or one that is going on has not committed yet."""
    # Not the journal, which goes into the bundle as it is and gets a line even from the run that builds it.
    what = ("--untracked-files=all", "--no-renames", "--", ".", f":(exclude){JOURNAL}")
    changed = state.repository.run("status", "--porcelain", "-z", *what, lock=lock).split("\0")[:-1]
    if not changed:
        return []
    names = ", ".join(line[3:] for line in changed[:3]) + (", …" if len(changed) > 3 else "")
    return [
        f"{len(changed)} records in {state.directory} are not committed, so they are in {layout.EQUIPMENT} and not in "
        f"{layout.STATE_HISTORY}: {names}; run playbooks/observe.yml, which commits them."
    ]


def copy_journal(data: Path, journals: Journals) -> list[str]:
    """Copy each controller's chain, as a whole between two lines, and check the copies as ``journal verify`` does.

    What the state's Git history has of them is read first, so that a run in the meantime adds lines only.
    """
    target, findings, heads = data / layout.JOURNAL, [], None
    try:
        committed = journals.committed_heads()
        if committed is not None:
            heads = {layout.portable(name): lines for name, lines in committed.items()}
    except CartableError as error:
        findings.append(str(error))
    for name, chain in journals.chains().items():
        copy = target / layout.portable(name)
        copy.mkdir()
        with file_lock(chain.directory / LOCK_NAME):
            for path in (*chain.files(), chain.directory / HEAD_NAME):
                if path.is_file():
                    shutil.copyfile(path, copy / path.name)
    report = Journals(target).verify(heads)
    verification = {"lines": report.lines, "problems": report.problems, "notes": report.notes}
    _write_json(target / layout.VERIFICATION, verification)
    return findings + [f"The journal does not verify: {problem}" for problem in report.problems]


def collect(data: Path, state: State) -> None:
    """Gather what assets say of certificates and backups into one file each, where any asset says something."""
    for name, (folder, file) in COLLECTED.items():
        found = dict(_records(state, name))
        if found:
            _write_json(data / folder / file, found)


def _records(state: State, name: str) -> Iterator[tuple[str, Any]]:
    for site, tag in state.assets():
        if (state.directory / site / tag / name).is_file():
            yield tag, state.read_json(site, tag, name)


def copy_documents(data: Path, market: Market) -> list[str]:
    """Copy the documents that people wrote, from ``documents/`` in the market's folder."""
    source = market.path / "documents"
    return copy_tree(source, data / layout.DOCUMENTS) if source.is_dir() else []


def note_empty_folders(data: Path) -> None:
    """Say in each folder that holds nothing why it does not: BagIt keeps no empty folders, and readers wonder."""
    for folder in layout.FOLDERS:
        path = data / folder
        path.mkdir(exist_ok=True)
        if folder != layout.START and not any(path.iterdir()):
            (path / layout.EMPTY_NOTE).write_text(texts.empty_folder(folder), encoding="utf-8")


def _write_json(path: Path, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
