"""Match advisories against a fleet: seconds and peak memory, without and with deadlines and every row written.

    .venv/bin/python scripts/bench/advisories.py [--assets 25000] [--advisories 5000] [--packages 1500]

Assets are of eight images, each at one of four stages of upgrades, one in five far behind: some 300 open CVEs an asset.
Advisories concern a third of the packages. Seconds are of CPU. Reading the records is not counted.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import re
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from reversibility.market.model import Asset, Market  # noqa: E402
from reversibility.operations.advisories.deadlines import Deadlines  # noqa: E402
from reversibility.operations.advisories.matching import Matcher  # noqa: E402
from reversibility.operations.advisories.model import Advisories, Fix, Notice  # noqa: E402
from reversibility.operations.advisories.observed import Observed  # noqa: E402

NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
IMAGES, STAGES = 8, (40, 40, 39, 38, 30)


def peak_mib() -> int:
    """The peak of this process's own memory."""
    return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) // 1024  # type: ignore[index]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--assets", type=int, default=25_000)
    parser.add_argument("--advisories", type=int, default=5_000)
    parser.add_argument("--packages", type=int, default=1_500)
    options = parser.parse_args()
    rng = random.Random(1)
    advisories = Advisories()
    for number in range(options.advisories):
        package, cve = rng.randrange(options.packages // 3), f"CVE-2026-{number:05d}"
        advisories.fixes.append(Fix(cve, "trixie", f"package{package}", f"1.{rng.randrange(41)}.0-1+deb13u1"))
        severity = rng.choice(("critical", "important", "minor", None))
        advisories.note(Notice(cve, "bench", "", severity, NOW - dt.timedelta(hours=rng.randrange(200))))
    sets = [
        tuple((f"package{p}", f"1.{stage}.{p % 7}-{image}") for p in range(options.packages))
        for image in range(IMAGES)
        for stage in STAGES
    ]
    fleet = [Observed(f"UC{n:06d}", "site", "trixie", sets[n % len(sets)]) for n in range(options.assets)]

    matcher, started, pairs = Matcher(advisories), time.process_time(), 0
    for asset in fleet:
        pairs += len(matcher.open_on(asset))
    matched = time.process_time() - started
    print(
        f"matched: {matched:.1f} s, peak {peak_mib()} MiB; {options.assets:,} assets, {options.packages:,} packages, "
        f"{options.advisories:,} advisories, {pairs:,} open CVEs"
    )

    market = Market("bench", Path("/bench"), {}, {}, {}, {}, {})
    matcher, deadlines = Matcher(advisories), Deadlines(market, advisories, NOW)
    started = time.process_time()
    with tempfile.TemporaryFile("w", encoding="utf-8") as file:
        for seen in fleet:
            asset = Asset(seen.tag, seen.site, "", "classroom_pc", True, {}, None, {}, "", 0)
            for deadline in deadlines.of(asset, matcher.open_on(seen), None):
                file.write(json.dumps({"asset": seen.tag, **deadline.record()}) + "\n")  # as --json does
        size = file.tell() // 2**20
    print(
        f"with deadlines, rows written ({size:,} MiB): {time.process_time() - started:.1f} s, peak {peak_mib()} MiB"
    )


if __name__ == "__main__":
    main()
