"""A simulated fleet: its market, its faults, and runs of playbooks on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from reversibility.market.load import load_market

PROJECT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"  # of age's own documentation


def calendar_open_for(site: str, minutes: int) -> dict[str, Any]:
    """A calendar by which ``site`` may be worked on from an hour ago until in ``minutes`` (less than 660).

    Its clock is one by which that is a single day: a window of the calendar begins and ends on the same one.
    """
    now = datetime.now(UTC)
    hours = 12 - now.hour  # so that it is noon there
    zone = f"Etc/GMT{-hours:+d}"  # POSIX: west is positive
    here = now.astimezone(ZoneInfo(zone))
    start, end = (here + timedelta(minutes=m) for m in (-60, minutes))
    day = here.date()
    hours_open = f"{start:%H:%M}-{end:%H:%M}"
    agreed = {
        "sites": [site],
        "from": day,
        "until": day,
        "hours": hours_open,
        "reason": "essai",
        "by": "essai",
    }
    return {
        "windows": {"weekly": [], "school_holidays": False, "public_holidays": False},
        "sites": {site: {"time_zone": zone}},
        "agreements": [agreed],
    }


class Fleet:
    """The demo market with simulated machines behind it; ``data`` holds its records."""

    def __init__(
        self, folder: Path, market: Path, faults: dict[str, str] | None = None, scale: float = 0.0
    ) -> None:
        self.machines, self.data = folder / "machines", folder / "data"
        self.inventory = folder / "inventories" / "fleet"
        self.machines.mkdir(parents=True)
        if market != self.inventory:
            shutil.copytree(market, self.inventory)
        state = self.data / "fleet" / "state"
        state.mkdir(parents=True)
        (state / "age-recipient.txt").write_text(RECIPIENT + "\n")
        self.tags = {
            asset.address: tag for tag, asset in load_market(self.inventory).assets.items() if asset.address
        }
        self.limit: list[str] = []
        self.tell(faults or {}, scale)

    def tell(self, faults: dict[str, str], scale: float = 0.0) -> None:
        """Give machines their faults: off, asleep:<calls>, disk_full, broken_package, reboots_forever, window_ends."""
        (self.machines / "fleet.json").write_text(
            json.dumps({"faults": faults, "scale": scale, "tags": self.tags})
        )

    def open_for(self, minutes: int) -> None:
        """Let the site be worked on from an hour ago until in ``minutes``; 0 closes it."""
        calendar = calendar_open_for("trois_platanes", minutes)
        (self.inventory / "calendar.yml").write_text(yaml.safe_dump(calendar))

    def machine(self, tag: str) -> dict[str, Any]:
        """What a machine has been through."""
        path = self.machines / f"{tag}.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def record(self, tag: str, name: str, content: Any) -> None:
        """Put a record of an asset into the state."""
        folder = self.data / "fleet" / "state" / load_market(self.inventory).assets[tag].site / tag
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content))

    def command(self, playbook: str, **variables: Any) -> list[str]:
        """The command of a run."""
        given = {
            "ansible_connection": "simulated_fleet",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_become_password": "simulated",
            "software_entries": [],
            "patch_reboot_timeout": 10,
            "holiday_first_patience": 1,
            **variables,
        }
        playbook_file = str(PROJECT / "playbooks" / playbook)
        command = [
            str(BIN / "ansible-playbook"),
            "-i",
            str(self.inventory),
            playbook_file,
            "-e",
            json.dumps(given),
        ]
        return command + (["--limit", ",".join(self.limit)] if self.limit else [])

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a run."""
        return {
            **os.environ,
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "ANSIBLE_CONNECTION_PLUGINS": str(Path(__file__).parent / "connection"),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_NOCOLOR": "1",
            "CARTABLE_DATA_DIR": str(self.data),
            "SIMULATED_FLEET": str(self.machines),
        }

    def run(self, playbook: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook to its end."""
        return subprocess.run(
            self.command(playbook, **variables), cwd=PROJECT, env=self.environment, capture_output=True, text=True,
            timeout=600, check=False,
        )  # fmt: skip
