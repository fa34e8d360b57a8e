"""The sheet of a holder without a key: its passphrase is shown once, and never stored."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

from reversibility.bundle.dual_control import Holders, Sheet
from reversibility.errors import CartableError
from reversibility.records.passphrase import has_terminal

N = "\u00a0"
RULE = "-" * 72
CLEAR = "\033[2J\033[3J\033[H"


def without_key(holders: Holders) -> list[str]:
    """The names of the holders who get a sheet."""
    return [holder.name for holder in (*holders.a, *holders.b) if holder.recipient is None]


def check_way(holders: Holders, command: str | None) -> None:
    """Refuse early a build whose sheets could not be shown: neither a print command nor a terminal."""
    names = without_key(holders)
    if names and command is None and not has_terminal():
        raise CartableError(
            f"The passphrase of {', '.join(names)} is shown once and there is no terminal; run `reversibility "
            "build` on one, or give --sheets-to with a command that prints (such as lp)."
        )


def show(sheets: Iterable[Sheet], bundle: Path, command: str | None) -> None:
    """Give each sheet to ``command`` on its standard input, or show it on the terminal until it was copied.

    Raises CartableError when a sheet was not printed; then there must be no bundle.
    """
    for sheet in sheets:
        if command is None:
            _on_terminal(text(sheet, bundle.name))
            continue
        words = shlex.split(command)
        try:
            done = subprocess.run(words, input=text(sheet, bundle.name).encode("utf-8"), check=False)
        except OSError as error:
            raise CartableError(_lost(sheet, bundle, f"{words[0]}: {error.strerror}")) from error
        if done.returncode != 0:
            raise CartableError(_lost(sheet, bundle, f"{words[0]} ended with {done.returncode}"))


def text(sheet: Sheet, bundle: str) -> str:
    """What is on the sheet, in French."""
    holder = sheet.holder
    return (
        f"{RULE}\nFICHE À METTRE SOUS ENVELOPPE CACHETÉE\n\n"
        f"Dossier de réversibilité{N}: {bundle}\n"
        f"Détenteur{N}: {holder.name} (groupe {holder.group.upper()})\n"
        f"Fichier{N}: data/06-secrets/{holder.file}\n\n"
        f"Phrase de passe{N}:\n\n    {sheet.passphrase}\n\n"
        f"Pour ouvrir{N}: age -d data/06-secrets/{holder.file}\n"
        f"La marche à suivre complète est dans data/06-secrets/OUVRIR.txt.\n"
        f"Cette phrase n’est écrite nulle part ailleurs.\n{RULE}\n"
    )


def _on_terminal(content: str) -> None:
    with (
        Path("/dev/tty").open("w", encoding="utf-8") as terminal,
        Path("/dev/tty").open("rb", buffering=0) as keys,
    ):
        terminal.write(f"{content}\nCopy the sheet by hand, then press Enter: it is not shown again. ")
        terminal.flush()
        keys.readline()
        terminal.write(CLEAR)


def _lost(sheet: Sheet, bundle: Path, reason: str) -> str:
    return (
        f"The sheet of {sheet.holder.name} was not printed ({reason}), so {bundle.name} was not kept; destroy what "
        "was printed of it and build again."
    )
