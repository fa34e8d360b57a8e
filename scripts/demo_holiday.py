"""The steps of "scripts/demo holiday": a holiday run at the virtual school with real troubles, two kills, and an end.

The school must have been provisioned (scripts/demo).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent)]

from demo_steps import BIN, INVENTORY, PROJECT, Progress, StepFailed, playbook  # noqa: E402

from reversibility.errors import CartableError  # noqa: E402
from reversibility.market.paths import MarketPaths  # noqa: E402
from tests.lab import troubles  # noqa: E402
from tests.lab.windows import simulated_pcs  # noqa: E402

SITE = "trois_platanes"
SEVENTH = "UC250003"  # a simulated Windows PC
LONGEST = 240.0  # seconds until a stage is reached


def command(run: str) -> list[str | Path]:
    options = {
        "holiday_run": run,
        "holiday_fail_share": 100,  # nearly all have their trouble here
        "holiday_first_patience": 3,
        "holiday_patience": 1,
        "patch_reboot_timeout": 15,
    }
    limit = ",".join((*troubles.COMPUTERS, SEVENTH))
    return [*playbook("holiday.yml"), "--limit", limit, "--extra-vars", json.dumps(options)]


def stages(paths: MarketPaths, tag: str, run: str) -> dict[str, dict[str, object]]:
    record = paths.state / SITE / tag / "holiday.json"
    content = json.loads(record.read_bytes()) if record.exists() else {}
    return content["stages"] if content.get("run") == run else {}


def run_and_kill(paths: MarketPaths, run: str, tag: str, stage: str) -> str:
    """Start the run, and kill the controller with all its children while ``tag`` is at ``stage``."""
    with subprocess.Popen(
        [str(part) for part in command(run)], cwd=PROJECT, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            deadline = time.monotonic() + LONGEST
            while stages(paths, tag, run).get(stage, {}).get("result") != "begun":
                if process.poll() is not None or time.monotonic() > deadline:
                    raise StepFailed(f"{tag} has not come to the stage {stage} of the run {run}.")
                time.sleep(0.05)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return f"killed while {tag} was at the stage {stage}"


def run_to_its_end(logs: Path, run: str, status: int) -> str:
    """Start the run, and refuse an end with another exit status than ``status``; what each school has come to."""
    log = logs / f"holiday-{run}-{status}.log"
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            [str(part) for part in command(run)],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            check=False,
        )
    if done.returncode != status:
        raise StepFailed(f"the run ended with {done.returncode} and not {status}; its output is in {log}.")
    status_command = [BIN / "reversibility", "holiday", "status", "-i", INVENTORY]
    return "\n" + subprocess.run(status_command, capture_output=True, text=True, check=False).stdout.rstrip()


def make_troubles() -> str:
    troubles.make()
    return "one PC off, a package that fails, a full disk, one that goes down to restart and stays away"


def mend() -> str:
    troubles.mend()
    return "done"


def times(paths: MarketPaths, run: str) -> str:
    """The seconds that each stage took, by family of machines: least and most."""
    found: dict[str, list[int]] = defaultdict(list)
    for tag in (*troubles.COMPUTERS, SEVENTH):
        for stage, entry in stages(paths, tag, run).items():
            if entry["result"] == "done" and "seconds" in entry:
                found[f"{stage}{' (simulated Windows)' if tag == SEVENTH else ''}"].append(
                    int(str(entry["seconds"]))
                )
    return "\n" + "\n".join(f"    {stage:<32} {min(took)}–{max(took)} s" for stage, took in found.items())


def main(arguments: Sequence[str] = ()) -> int:
    """Run every step; 0 when all passed."""
    paths = MarketPaths.for_inventory(INVENTORY)
    progress = Progress(paths.data / "logs")
    os.environ["CARTABLE_VAULT_PASSPHRASE_COMMAND"] = f"cat '{paths.keys / 'vault-passphrase'}'"
    run = f"essai-{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        if not paths.vault.exists():
            raise StepFailed("the school has not been provisioned; run scripts/demo first.")
        progress.run("Lab up", [PROJECT / "scripts" / "lab", "up"])
        progress.do(
            "Troubles",
            lambda: (
                troubles.make() or "one PC off, a package that fails, a full disk, one that restarts for ever"
            ),
        )
        with simulated_pcs(paths):
            progress.do("First start", lambda: run_and_kill(paths, run, troubles.EDITED, "system"))
            progress.do("Second start", lambda: run_and_kill(paths, run, troubles.EDITED, "observe"))
            progress.do("Third start", lambda: run_to_its_end(progress.logs, run, 2))
            before = {tag: stages(paths, tag, run) for tag in troubles.COMPUTERS}
            progress.do("Somebody mends them", mend)
            progress.do("Fourth start, what was left", lambda: run_to_its_end(progress.logs, run, 0))
        troubles.undo()
        after = stages(paths, troubles.EDITED, run)
        progress.do("Nothing was done twice", lambda: "yes" if after == before[troubles.EDITED] else "NO")
        progress.do("Times by stage", lambda: times(paths, run))
    except (StepFailed, CartableError, subprocess.CalledProcessError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    print(f"\nReport for the school: {paths.data / 'holiday' / run / SITE / 'compte-rendu.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
