"""Plans of holiday runs on the controller: ``holiday/<run>/plan.json`` of the market's data folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

from reversibility.errors import CartableError
from reversibility.operations.holiday.plan import Plan
from reversibility.records.atomic import write_atomically

FOLDER = "holiday"
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")


def run_folder(data: Path, run: str) -> Path:
    """The folder of one run. Raises CartableError for a name that cannot be a folder's."""
    if not NAME.match(run):
        raise CartableError(f"{run!r} cannot be the name of a run; use letters, digits, - and _.")
    return data / FOLDER / run


def current_plan(data: Path, run: str) -> Plan | None:
    """The plan of ``run``; None when it was never planned."""
    path = run_folder(data, run) / "plan.json"
    try:
        return Plan.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise CartableError(
            f"{path} cannot be read ({error}); remove it, and the run is planned anew."
        ) from error


def keep_plan(data: Path, plan: Plan) -> Path:
    """Write the plan; its folder."""
    folder = run_folder(data, plan.run)
    text = json.dumps(plan.to_json(), ensure_ascii=False, indent=1, sort_keys=True)
    write_atomically(folder / "plan.json", text.encode() + b"\n")
    return folder


def latest_run(data: Path) -> str | None:
    """The name of the run that was planned last; None without any."""
    plans = sorted((data / FOLDER).glob("*/plan.json"), key=lambda path: path.stat().st_mtime)
    return plans[-1].parent.name if plans else None
