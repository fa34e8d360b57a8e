"""The command ``ubus`` of a simulated OpenWrt device: sessions and uci of rpcd, and the state of the radios.

rpcd's own rules (openwrt/rpcd, uci.c): only changes of the session are applied, and only where it may write; they
are committed before the confirmation; the commit takes the files of the session that was asked last; a second apply
is refused.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from reversibility.platforms import uci
from tests.simulators.network import openwrt_uci

STATE = Path("/run/simulated")
SNAPSHOT = Path("/run/rpcd/snapshot-files")
OK, INVALID_COMMAND, INVALID_ARGUMENT, NOT_FOUND, NO_DATA, DENIED = 0, 1, 2, 4, 5, 6
TEXTS = {
    1: "Invalid command",
    2: "Invalid argument",
    4: "Not found",
    5: "No response",
    6: "Permission denied",
}


def _save(session: str) -> Path:
    return Path(f"/run/rpcd/uci-{session}")


def _session(message: dict[str, Any]) -> dict[str, Any] | None:
    path = STATE / f"session-{message.get('ubus_rpc_session', '')}"
    return json.loads(path.read_text()) if path.exists() else None


def session(method: str, message: dict[str, Any]) -> int:
    """The object ``session``."""
    if method == "create":
        if not isinstance(message.get("timeout", 0), int):
            return INVALID_ARGUMENT
        name = secrets.token_hex(16)
        (STATE / f"session-{name}").write_text(json.dumps({"write": []}))
        print(json.dumps({"ubus_rpc_session": name, "timeout": message.get("timeout", 300)}))
        return OK
    found = _session(message)
    if found is None:
        return NOT_FOUND
    path = STATE / f"session-{message['ubus_rpc_session']}"
    if method == "grant":
        if message.get("scope") != "uci":
            return INVALID_ARGUMENT
        found["write"] += [name for name, right in message["objects"] if right == "write"]
        path.write_text(json.dumps(found))
        return OK
    if method == "get":
        print("{}")
        return OK
    if method == "destroy":
        path.unlink()
        shutil.rmtree(_save(message["ubus_rpc_session"]), ignore_errors=True)
        return OK
    return INVALID_COMMAND


def uci_object(method: str, message: dict[str, Any]) -> int:
    """The object ``uci``."""
    armed = STATE / "armed"
    name = message.get("ubus_rpc_session")
    if method == "changes":
        (STATE / "cursor").write_text(str(_save(name) if name else openwrt_uci.SAVE))
        print("{}")
        return OK
    if method == "apply":
        return _apply(message, armed)
    if method == "confirm":
        if not armed.exists():
            return NO_DATA
        armed.unlink()
        shutil.rmtree(SNAPSHOT)
        return OK
    if method == "rollback":
        if not armed.exists():
            return NO_DATA
        if not name or _session(message) is None:
            return DENIED
        back()
        return OK
    return INVALID_COMMAND


def _apply(message: dict[str, Any], armed: Path) -> int:
    name, timeout = message.get("ubus_rpc_session"), message.get("timeout", 60)
    if armed.exists():
        return DENIED
    if not name or not isinstance(timeout, int):
        return INVALID_ARGUMENT
    rights = (_session(message) or {"write": []})["write"]
    configs = sorted(path.name for path in _save(name).glob("*")) if _save(name).exists() else []
    if not configs:
        return NO_DATA
    if not all("*" in rights or config in rights for config in configs):
        return DENIED
    SNAPSHOT.mkdir(parents=True)
    cursor = Path((STATE / "cursor").read_text()) if (STATE / "cursor").exists() else openwrt_uci.SAVE
    for config in configs:
        shutil.copy(openwrt_uci.CONFIG / config, SNAPSHOT / config)
        openwrt_uci.commit(config, cursor)
        _event(config)
    if message.get("rollback"):
        key = secrets.token_hex(8)
        armed.write_text(key)
        subprocess.Popen(
            [sys.executable, "-m", __spec__.name, "--timer", key, str(timeout)], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ),
        )  # fmt: skip
    else:
        shutil.rmtree(SNAPSHOT)
    return OK


def _event(config: str) -> None:
    with (STATE / "events").open("a") as file:
        file.write(f"{config}\n")


def back() -> None:
    """Put the files back that were there before ``apply``."""
    for path in SNAPSHOT.glob("*"):
        shutil.copy(path, openwrt_uci.CONFIG / path.name)
        _event(path.name)
    shutil.rmtree(SNAPSHOT)
    (STATE / "armed").unlink()


def wireless() -> dict[str, Any]:
    """``network.wireless status``: a radio with a key that its security does not take does not start."""
    sections = uci.read((openwrt_uci.CONFIG / "wireless").read_text())
    networks = {
        s.name for s in uci.read((openwrt_uci.CONFIG / "network").read_text()) if s.type == "interface"
    }
    found = {}
    for radio in (one for one in sections if one.type == "wifi-device"):
        own = [
            s
            for s in sections
            if s.type == "wifi-iface" and s.text("device") == radio.name and not s.on("disabled")
        ]
        off = radio.on("disabled")
        bad = any(s.text("key") and not 8 <= len(s.text("key")) <= 63 for s in own)
        bad = bad or any(s.text("network") not in {"", *networks} for s in own)
        found[radio.name] = {
            "up": not off and not bad,
            "pending": False,
            "disabled": off,
            "retry_setup_failed": bad,
        }
    return found


def main() -> int:
    """``ubus list OBJECT`` and ``ubus call OBJECT METHOD [JSON]``."""
    words = sys.argv[1:]
    if words[:1] == ["--timer"]:
        time.sleep(float(words[2]))
        if (STATE / "armed").exists() and (STATE / "armed").read_text() == words[1]:
            back()
        return OK
    gone = (STATE / "no-rpcd").exists()
    if words[:1] == ["list"] and len(words) == 2:
        return NOT_FOUND if gone or words[1] not in ("session", "uci") else OK
    if words[:1] != ["call"] or len(words) not in (3, 4):
        return INVALID_COMMAND
    message = json.loads(words[3]) if len(words) == 4 else {}
    if words[1] == "network.wireless" and words[2] == "status":
        print(json.dumps(wireless(), indent="\t"))
        return OK
    objects = {"session": session, "uci": uci_object}
    status = NOT_FOUND if gone or words[1] not in objects else objects[words[1]](words[2], message)
    if status:
        print(f"Command failed: {TEXTS[status]}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
