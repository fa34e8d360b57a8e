"""Connection to simulated Debian machines: answers modules by name, keeps a state each, takes time, fails as told.

A module that is not modelled is an error, as on every simulator of this project. ``$SIMULATED_FLEET`` is a folder:
``fleet.json`` says which machine has which fault and how fast time goes, ``<asset>.json`` is a machine.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: simulated_fleet
short_description: Simulated machines
description: For tests and benchmarks only.
author: Cartable contributors (@cartable)
options: {}
"""

MODULE = re.compile(
    rb"module_fqn=['\"](?:ansible\.modules\.|ansible_collections\.cartable\.fleet\.plugins\.modules\.)(\w+)"
)
UPGRADE = {
    "name": "openssl",
    "installed": "3.5.4-1",
    "available": "3.5.4-2",
    "origin": "Debian",
    "arch": "amd64",
    "security": True,
}
LEFT: dict[str, list[str]] = {"held": [], "refused": [], "phased": [], "kept_back": [], "not_security": []}
SECONDS = {
    "ping": 0.2,
    "upgrade": 600.0,
    "check": 4.0,
    "restart": 60.0,
}  # of a real machine, before the scale


class Connection(ConnectionBase):
    """One simulated machine."""

    transport = "simulated_fleet"
    has_pipelining = True

    def _connect(self) -> Connection:
        return self

    def close(self) -> None:
        """Nothing is open."""

    def put_file(self, in_path: str, out_path: str) -> None:
        """Files go nowhere; the modules that would use them are answered."""
        self._machine()

    def fetch_file(self, in_path: str, out_path: str) -> None:
        raise AnsibleConnectionFailure("nothing can be fetched from a simulated machine")

    def exec_command(
        self, cmd: str, in_data: bytes | None = None, sudoable: bool = True
    ) -> tuple[int, bytes, bytes]:
        machine = self._machine()
        if in_data is None:
            return self._of_shell(machine, cmd)
        match = MODULE.search(in_data)
        name = match[1].decode() if match else "?"
        check = b'_ansible_check_mode": true' in in_data.replace(b"\\", b"")
        answer = getattr(self, f"_{name}", None)
        if answer is None:
            return 1, b"", f"the simulator does not model the module {name}".encode()
        return 0, json.dumps(answer(machine, check, in_data)).encode(), b""

    # -- the machine ----

    @property
    def _folder(self) -> Path:
        return Path(os.environ["SIMULATED_FLEET"])

    @property
    def _fleet(self) -> dict[str, Any]:
        return json.loads((self._folder / "fleet.json").read_text())

    @property
    def _tag(self) -> str:
        return str(self._fleet["tags"][self._play_context.remote_addr])

    def _machine(self) -> dict[str, Any]:
        path = self._folder / f"{self._tag}.json"
        machine = (
            json.loads(path.read_text()) if path.exists() else {"boot_id": str(uuid.uuid4()), "upgrades": 0}
        )
        fault, _, times = self._fault.partition(":")
        if fault == "asleep":  # wakes after it was called so many times
            machine["calls"] = machine.get("calls", 0) + 1
            self._keep(machine)
            if machine["calls"] <= int(times):
                raise AnsibleConnectionFailure(f"{self._tag} does not answer")
        if self._fault in ("off", *(["lost"] if machine.get("lost") else [])):
            raise AnsibleConnectionFailure(f"{self._tag} does not answer")
        return machine

    def _keep(self, machine: dict[str, Any]) -> None:
        path = self._folder / f"{self._tag}.json"
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(machine))
        temporary.rename(path)

    @property
    def _fault(self) -> str:
        return str(self._fleet["faults"].get(self._tag, ""))

    def _spend(self, what: str) -> None:
        time.sleep(SECONDS[what] * self._fleet.get("scale", 0))

    def _of_shell(self, machine: dict[str, Any], cmd: str) -> tuple[int, bytes, bytes]:
        """What Ansible asks of a shell: folders for files, the boot's identifier, a restart."""
        if "boot_id" in cmd:
            return 0, machine["boot_id"].encode(), b""
        if "shutdown" in cmd:
            if self._fault == "reboots_forever":
                machine["lost"] = True
            else:
                machine.update(boot_id=str(uuid.uuid4()), reboot=[])
            self._keep(machine)
            self._spend("restart")
            return 0, b"", b""
        if "mkdir" in cmd:
            found = re.search(r"ansible-tmp-[\d.-]+", cmd)
            return 0, f"ansible-tmp={found[0]}=/tmp/{found[0]}\n".encode() if found else b"", b""
        return 0, b"", b""

    # -- modules ----

    def _ping(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        self._spend("ping")
        return {"ping": "pong"}

    def _apt_upgrade(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        upgraded = [] if machine["upgrades"] else [UPGRADE]
        result = {
            "changed": bool(upgraded), "upgraded": upgraded, "left": LEFT, "repaired": False, "conffiles": [],
            "no_way_back": [], "boot_id": machine["boot_id"], "outdated_programs": [],
        }  # fmt: skip
        fault = self._fault
        if fault == "disk_full" or (fault == "broken_package" and not check):
            code = {"disk_full": "disk_full", "broken_package": "package_script"}[fault]
            return {**result, "failed": True, "code": code, "msg": f"{code}: as the simulation wants it"}
        self._spend("check" if check else "upgrade")
        if b'"kept"' in data.replace(b"\\", b""):
            return {**result, "changed": False, "reboot": machine.get("reboot", [])}
        if not check and upgraded:
            machine.update(upgrades=machine["upgrades"] + 1, reboot=["kernel"])
            self._keep(machine)
            if fault == "window_ends":
                self._end_windows()
        return {**result, "reboot": machine.get("reboot", [])}

    def _end_windows(self) -> None:
        """Have every window of the run's plan end now, as time does when an upgrade takes longer than ever before."""
        for path in self._folder.parent.glob("data/*/holiday/*/plan.json"):
            plan = json.loads(path.read_text())
            for site in plan["sites"]:
                site["end"] = datetime.now(UTC).isoformat()
            path.write_text(json.dumps(plan))

    def _asset_health(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        shares = [] if self._fault == "share_lost" and machine["upgrades"] else ["classe"]
        health = {"failed_units": [], "listening": [22], "shares": shares, "gateways": [], "printers": []}
        return {"changed": False, "health": health, "firmware": None}

    def _slurp(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        return {
            "changed": False,
            "encoding": "base64",
            "content": base64.b64encode(machine["boot_id"].encode()).decode(),
        }

    def _setup(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        return {
            "ansible_facts": {
                "ansible_distribution": "Debian",
                "ansible_distribution_version": "13",
                "ansible_os_family": "Debian",
            }
        }

    def _find(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        return {"changed": False, "files": [{"path": "/usr/sbin/shutdown"}]}

    def _stat(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        return {"changed": False, "stat": {"exists": False}}

    def _copy(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        return {"changed": False}

    def _file(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        return {"changed": False}

    def _asset_facts(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        installed = UPGRADE["available"] if machine["upgrades"] else UPGRADE["installed"]
        content = {
            "operatingsystem": {
                "name": "Debian",
                "version": "13",
                "full_name": "Debian GNU/Linux 13 (trixie)",
            },
            "softwares": [{"name": UPGRADE["name"], "version": installed, "from": "deb"}],
        }
        inventory = {"deviceid": self._tag, "content": content}
        records: dict[str, Any] = {
            "accounts": {},
            "services": {},
            "ports": {"known": False, "ports": []},
            "updates": {},
            "volatile": {"uptime_seconds": 1},
        }
        return {"changed": False, "inventory": inventory, **records}

    def _software_findings(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        return {"changed": False, "findings": []}

    def _certificates_seen(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        return {"changed": False, "certificates": []}

    def _asset_configuration(self, machine: dict[str, Any], check: bool, data: bytes) -> dict[str, Any]:
        return {"changed": False, "configuration": []}
