"""A hundred kills: ``kill -9`` of the controller and its children at random moments; each time all must verify.

    .venv/bin/python scripts/bench/kills.py [--kills 100] [--seed N]

Wants root. Prints the seed, a line a kill and a total; exit status 1 when anything was lost. A run that had ended
before its moment was not killed: it is told so, and another one is killed in its place.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from reversibility.market.paths import MarketPaths  # noqa: E402
from tests.e2e import kills  # noqa: E402
from tests.e2e.conftest import INVENTORY, School  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    generator = random.Random(arguments.seed)
    print(f"seed {arguments.seed}, {arguments.kills} kills", flush=True)
    lost = 0
    with tempfile.TemporaryDirectory(prefix="cartable-kills-") as temporary:
        paths = MarketPaths("demo", INVENTORY, Path(temporary) / "demo")
        environment = os.environ | {
            "CARTABLE_DATA_DIR": temporary,
            "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat '{paths.keys / 'vault-passphrase'}'",
        }
        school = School(paths, environment)
        subprocess.run([PROJECT / "scripts" / "demo"], env=environment, check=True)
        for number, killed in enumerate(kills.series(school, arguments.kills, generator), start=1):
            lost += bool(killed.problems)
            print(f"{number:3} {killed}", flush=True)
    print(f"{arguments.kills} kills, {lost} with a loss")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
