"""A simulated fleet: its market, its faults, and runs of playbooks on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from reversibility.market.load import load_market

PROJECT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"  # of age's own documentation


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
        """Give machines their faults: off, disk_full, broken_package, reboots_forever."""
        (self.machines / "fleet.json").write_text(
            json.dumps({"faults": faults, "scale": scale, "tags": self.tags})
        )

    def machine(self, tag: str) -> dict[str, Any]:
        """What a machine has been through."""
        path = self.machines / f"{tag}.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def command(self, playbook: str, **variables: Any) -> list[str]:
        """The command of a run."""
        given = {
            "ansible_connection": "simulated_fleet",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_become_password": "simulated",
            "software_entries": [],
            "patch_reboot_timeout": 3,
            "holiday_first_patience": 1,
            "holiday_patience": 1,
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
