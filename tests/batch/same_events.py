"""Tells how two runs of one play differ that were observed one task after the other and in batches.

    python -m tests.batch.same_events OBSERVED_ONE_BY_ONE OBSERVED_BATCH

Exit status 1 when they differ, with what differs; 2 when there is nothing to compare.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.batch.both_ways import WAYS, Seen, differences
from tests.batch.normal import normal

# Of tests/molecule/converge.yml: a batch, or the include that the play makes of it.
CHOICE = "Run the role of the scenario"
NOWHERE = "\0"  # no folder of the target has another name in the other run


def events(observed: Path) -> list[dict[str, Any]]:
    """The events of one run."""
    return [normal(json.loads(line), NOWHERE) for line in observed.read_text(encoding="utf-8").splitlines()]


def is_choice(event: Mapping[str, Any]) -> bool:
    """Whether it tells only which way was taken."""
    return CHOICE in event.get("what", event.get("name", ""))


def main(arguments: list[str]) -> int:
    """Compare the two files."""
    told = {way: events(Path(file)) for way, file in zip(WAYS, arguments, strict=True)}
    kept = {way: [event for event in all_of if not is_choice(event)] for way, all_of in told.items()}
    batches = {way: any(event["event"] == "batch" for event in kept[way]) for way in WAYS}
    chosen = any(
        is_choice(event) for event in told["ordinary"]
    )  # no role without work on the machine has the choice
    if batches["ordinary"] or batches["batch"] != chosen:
        print(f"error: the runs are not one of each way (with batches: {batches})")
        return 2
    found = differences({way: Seen({"all": kept[way]}, {}, "") for way in WAYS})
    lines = [line for lines in found.values() for line in lines]
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
