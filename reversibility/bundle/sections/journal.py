"""``09-journal``: who did what, each controller's chain, and the state's own history."""

from __future__ import annotations

import shutil
from pathlib import Path

from reversibility.bundle import layout
from reversibility.bundle.collected import write_json
from reversibility.bundle.findings import Finding
from reversibility.bundle.sections.section import Build, Section
from reversibility.errors import CartableError
from reversibility.records.journal import LOCK_NAME
from reversibility.records.journal_chain import HEAD_NAME
from reversibility.records.journals import Journals
from reversibility.records.locking import file_lock
from reversibility.records.log_archive import LogArchive
from reversibility.records.state import JOURNAL, LOCK, State


def write(build: Build, folder: Path) -> list[Finding]:
    """Copy the state's history and the journal's chains; what does not verify is a finding."""
    _copy_logs(folder, build.paths.data)
    return [*_copy_history(folder, build.state), *_copy_journal(folder, build.journals)]


def _copy_logs(folder: Path, data: Path) -> None:
    """Copy the sealed logs that were collected from the schools' servers, with their chains."""
    for archive in LogArchive.all(data):
        shutil.copytree(archive.folder, folder / layout.LOGS / archive.folder.name)


def _copy_history(folder: Path, state: State) -> list[Finding]:
    """Put the state's own Git history into the bundle: what changed since any earlier day."""
    if not state.repository.exists() or not state.repository.has_commits():
        return [
            Finding(
                f"The state {state.directory} has no history yet; run playbooks/observe.yml first.",
                "Les relevés n’ont pas encore d’historique.",
            )
        ]
    target = folder / layout.STATE_HISTORY
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
        return [Finding(str(error), "L’historique Git des relevés ne peut pas être lu et n’est pas remis.")]
    return findings


def _uncommitted(state: State, lock: int) -> list[Finding]:
    """Tell which records a killed run left without a commit, or one that is going on has not committed yet."""
    # Not the journal, which goes into the bundle as it is and gets a line even from the run that builds it.
    what = ("--untracked-files=all", "--no-renames", "--", ".", f":(exclude){JOURNAL}")
    changed = state.repository.run("status", "--porcelain", "-z", *what, lock=lock).split("\0")[:-1]
    if not changed:
        return []
    names = ", ".join(line[3:] for line in changed[:3]) + (", …" if len(changed) > 3 else "")
    return [
        Finding(
            f"{len(changed)} records in {state.directory} are not committed, so they are in {layout.EQUIPMENT} and not "
            f"in {layout.STATE_HISTORY}: {names}; run playbooks/observe.yml, which commits them.",
            f"Relevés présents dans {layout.EQUIPMENT}, mais pas encore dans l’historique {layout.STATE_HISTORY} "
            f"({len(changed)})\u00a0: {names}.",
        )
    ]


def _copy_journal(target: Path, journals: Journals) -> list[Finding]:
    """Copy each controller's chain, as a whole between two lines, and check the copies as ``journal verify`` does.

    What the state's Git history has of them is read first, so that a run in the meantime adds lines only.
    """
    findings: list[Finding] = []
    heads = None
    try:
        committed = journals.committed_heads()
        if committed is not None:
            heads = {layout.portable(name): lines for name, lines in committed.items()}
    except CartableError as error:
        findings.append(
            Finding(str(error), "Le journal ne peut pas être comparé à l’historique Git des relevés.")
        )
    for name, chain in journals.chains().items():
        copy = target / layout.portable(name)
        copy.mkdir()
        with file_lock(chain.directory / LOCK_NAME):
            for path in (*chain.files(), chain.directory / HEAD_NAME):
                if path.is_file():
                    shutil.copyfile(path, copy / path.name)
    report = Journals(target).verify(heads)
    verification = {"lines": report.lines, "problems": report.problems, "notes": report.notes}
    write_json(target / layout.VERIFICATION, verification)
    told = f"Le journal ne se vérifie pas\u00a0: le détail est dans {layout.JOURNAL}/{layout.VERIFICATION}."
    return findings + [
        Finding(f"The journal does not verify: {problem}", told) for problem in report.problems
    ]


SECTION = Section(
    folder=layout.JOURNAL,
    contains=(
        "Qui a fait quoi, quand et avec quel résultat\u00a0: lignes chaînées, l’historique Git des relevés, "
        "et les journaux scellés des équipements."
    ),
    formats=(".jsonl", ".json", ".bundle", ".gz"),
    readers="les parties",
    empty="le journal ne comporte encore aucune ligne",
    write=write,
)
