"""How the controller gets in: the operator's key, the hosts' keys, and the wait until SSH answers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.lab.shell import run

OPERATOR_KEY = "operator_ed25519"
_WAITER = Path(__file__).with_name("waiter.py")


def operator_key(folder: Path) -> str:
    """The operator's public key; the pair is made in ``folder`` the first time (private key: 0600)."""
    private = folder / OPERATOR_KEY
    if not private.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made beside and moved, public half first: a killed run leaves either no key or a whole pair.
        new = folder / f"{OPERATOR_KEY}.new"
        for rest in (new, new.with_suffix(".new.pub")):
            rest.unlink(missing_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "cartable operator", "-f", str(new)])
        new.with_suffix(".new.pub").replace(private.with_suffix(".pub"))
        new.replace(private)
    return run(["ssh-keygen", "-y", "-f", str(private)]).stdout.strip()


def write_known_hosts(path: Path, keys: Mapping[str, str]) -> None:
    """Write the file that ssh checks the hosts against: ``keys`` maps an address to the host's public key.

    Lines about other addresses stay: they are of devices that the lab does not make.
    """
    note_known_hosts(path, (f"{address} {key}\n" for address, key in sorted(keys.items())))


def note_known_hosts(path: Path, lines: Iterable[str]) -> None:
    """Put ``lines`` into a file of host keys, in place of those that it has of the same addresses."""
    new_lines = {line.split()[0]: line for line in lines}
    before = path.read_text().splitlines(keepends=True) if path.exists() else []
    kept = [line for line in before if line.strip() and line.split()[0] not in new_lines]
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text("".join([*new_lines.values(), *kept]))
    new.replace(path)


def await_ssh(
    prefix: Sequence[str], addresses: Sequence[str], patience: float = 40, attempt: float = 1.0
) -> list[str]:
    """Wait until every address answers with SSH's greeting, asked from where ``prefix`` leads.

    Returns those that did not within ``patience`` seconds. ``attempt`` is how long a greeting may take: a slow machine
    that is asked again and again meanwhile gets slower still.
    """
    command = [*prefix, sys.executable, "-I", str(_WAITER), str(patience), str(attempt), *addresses]
    return run(command, timeout=patience + 20).stdout.split()
