"""A hundred kills: ``kill -9`` of the controller and its children at random moments; each time all must verify.

    .venv/bin/python scripts/bench/kills.py [--kills 100] [--seed N]

Wants root. Prints the seed, a line a kill and a total; exit status 1 when anything was lost.
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
        schedule = kills.schedule(arguments.kills, generator, kills.durations(school))
        for number, kill in enumerate(schedule, start=1):
            kills.disturb(school, generator)
            found = kills.kill_once(school, kill)
            pending = sum(bool(entry.pending) for entry in school.vault().entries())
            if not kills.run(school, kill.playbook, check=False):
                found.append("the next run FAILED")
            found += kills.problems(school)
            lost += bool(found)
            met = f" ({pending} passwords were being changed)" if pending else ""
            print(
                f"{number:3} {kill}: {'; '.join(found) or f'all verifies{met}, next run completed'}",
                flush=True,
            )
    print(f"{arguments.kills} kills, {lost} with a loss")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
