"""A vault with many entries: adding them in one transaction, loading, exporting for a bundle; prints a Markdown table.

    .venv/bin/python scripts/bench/vault.py [--entries 25000]

With the cheapest key derivation that is allowed, whose cost is a line of its own.
"""

from __future__ import annotations

import argparse
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from reversibility.bundle.dual_control import new_key_file
from reversibility.records.vault import KdfCost, Vault

CHEAP = KdfCost(memory_mib=19, passes=2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=25000)
    entries = parser.parse_args().entries
    passphrase = secrets.token_urlsafe(18)
    print(f"| {entries:,} entries | seconds |\n|---|---|")
    with tempfile.TemporaryDirectory(prefix="cartable-bench-") as temporary:
        folder = Path(temporary)
        Vault.create(folder / "real.kdbx", passphrase)
        timed(
            "opening an empty vault, real key derivation",
            lambda: Vault.open(folder / "real.kdbx", passphrase),
        )
        vault = Vault.create(folder / "vault.kdbx", passphrase, cost=CHEAP)
        timed("adding them in one transaction", lambda: add(vault, entries))
        timed("loading", lambda: Vault.open(folder / "vault.kdbx", passphrase).entries())
        copy = folder / "copy.kdbx"
        timed("exporting for a bundle", lambda: vault.export(copy, passphrase, new_key_file(), cost=CHEAP))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory: {peak:.0f} MiB.")


def add(vault: Vault, entries: int) -> None:
    """Add an account for each asset."""
    with vault.transaction() as change:
        for number in range(entries):
            site, asset, secret = f"site{number % 150}", f"UC{number:06}", f"Ab1-{number}"
            change.put_current(site, asset, "cartable", username="cartable", password=secret, policy="user")


def timed(what: str, work: Callable[[], object]) -> None:
    """Print a row with the wall time of ``work``."""
    begun = time.monotonic()
    work()
    print(f"| {what} | {time.monotonic() - begun:.1f} |", flush=True)


if __name__ == "__main__":
    main()
