"""Plan, run and resume a holiday run on a simulated fleet; print wall time, CPU and memory of the controller.

    .venv/bin/python scripts/bench/holiday.py [--assets 1000] [--scale 0.001]

The machines answer as tests/simulators/fleet has them, a thousandth of real durations by default; three in a hundred
are off. What is measured is the controller: Ansible's tasks, the state, the letters and the reports.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT), str(Path(__file__).parent)]

from generate import write_wanted  # noqa: E402
from measuring import measure  # noqa: E402

from reversibility.market.load import load_market  # noqa: E402
from tests.simulators.fleet.fleet import Fleet  # noqa: E402

DAYS = "[monday, tuesday, wednesday, thursday, friday, saturday, sunday]"
CALENDAR = f'class_hours: {{}}\nwindows: {{weekly: [{{days: {DAYS}, from: "00:00", until: "24:00"}}]}}\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assets", type=int, default=1000)
    parser.add_argument("--forks", type=int, default=20)
    parser.add_argument("--scale", type=float, default=0.001)
    parser.add_argument("--plan-only", action="store_true", help="plan and announce, and no more")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        market = Path(temporary) / "inventories" / "fleet"
        market.mkdir(parents=True)
        write_wanted(market, options.assets, max(1, options.assets // 50))
        shutil.copy(PROJECT / "inventories" / "demo" / "keyed_groups.yml", market)
        (market / "calendar.yml").write_text(CALENDAR)
        managed = [tag for tag, asset in load_market(market).assets.items() if asset.managed]
        off = dict.fromkeys(managed[::33], "off")
        fleet = Fleet(Path(temporary), market, off, options.scale)
        environment = {**fleet.environment, "ANSIBLE_FORKS": str(options.forks)}
        print(f"{len(managed)} managed assets, {len(off)} of them off, {options.forks} forks")
        steps = [
            ("plan and announce", {"holiday_announce": True}),
            ("whole run", {"holiday_wave": "100%"}),
            ("second start, nothing left but what is off", {"holiday_wave": "100%"}),
        ]
        for title, given in steps[:1] if options.plan_only else steps:
            used = measure(
                fleet.command("holiday.yml", holiday_run="bench", holiday_patience=1, **given),
                environment,
                PROJECT,
            )
            print(f"{title}: {used.wall:.0f} s, {used.cpu:.0f} s of CPU, {used.memory:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
