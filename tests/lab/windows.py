"""The simulated Windows PCs of the school, which run on its controller while they are needed.

They show what Cartable sends and records, not what Windows does (docs/windows.md).
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.records.password_policy import POLICIES
from reversibility.records.vault import Vault
from tests.lab.places import PROJECT
from tests.lab.shell import LabError
from tests.simulators.windows.market import USER, windows_assets

LAB = PROJECT / "scripts" / "lab"
LANGUAGES = {"UC250004": "en-US"}
PATIENCE = 20  # seconds to end by themselves


def folder_of(paths: MarketPaths) -> Path:
    """Where the simulated PCs have their state files, with passwords, and their journals."""
    return paths.data / "simulated-pcs"


def first_passwords(paths: MarketPaths) -> dict[str, str]:
    """The password of each PC that has none yet, put into the vault as an installation leaves it there (R24)."""
    vault = Vault.open(paths.vault, (paths.keys / "vault-passphrase").read_text(encoding="utf-8").strip())
    policy = POLICIES["administrator"]
    made: dict[str, str] = {}
    for tag, asset in windows_assets(load_market(paths.inventory)).items():
        state = folder_of(paths) / f"{tag}.json"
        entry = vault.find(tag, USER)
        if entry is not None and state.exists():
            continue
        if entry is not None and entry.password:
            made[tag] = entry.password  # the PC was taken away, and comes back with what the vault knows
            continue
        state.unlink(missing_ok=True)  # of a vault that is gone: nobody knows its password
        made[tag] = policy.generate()
        with vault.transaction() as change:
            change.put_pending(
                asset.site,
                tag,
                USER,
                password=made[tag],
                username=USER,
                address=str(asset.address),
                policy=policy.name,
                expires=policy.expiry(),
            )
            change.make_current(asset.site, tag, USER)
    return made


@contextlib.contextmanager
def simulated_pcs(paths: MarketPaths) -> Iterator[list[str]]:
    """Run the simulated PCs on the controller, at the addresses of the inventory; their tags.

    Those that run already, for the same records, are used and left running.
    """
    folder = folder_of(paths)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    running = folder / "running.json"
    if (present := _running(running)) is not None:
        yield present
        return
    for asset in windows_assets(load_market(paths.inventory)).values():
        # Addresses of the controller itself, in its own network namespace: nothing passes the switch or the router.
        address: list[str | Path] = [
            LAB,
            "run",
            "ip",
            "address",
            "replace",
            f"{asset.address}/32",
            "dev",
            "lo",
        ]
        subprocess.run(address, check=True, stdin=subprocess.DEVNULL)
    passwords = first_passwords(paths)
    languages = [f"--language={tag}={language}" for tag, language in LANGUAGES.items()]
    command: list[str | Path] = [LAB, "run", sys.executable, "-m", "tests.simulators.windows.market"]
    command += ["--inventory", paths.inventory, "--directory", folder, *languages]
    command += ["--known-certificates", paths.known_certificates]
    log = folder / "log"
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdin is not None and process.stdout is not None
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(passwords) + "\n")
            process.stdin.flush()
        ready = process.stdout.readline()
        if not ready:
            raise LabError(f"the simulated Windows PCs did not start; why is in {log}.")
        tags = json.loads(ready)
        running.write_text(json.dumps({"pid": process.pid, "tags": tags}), encoding="utf-8")
        yield tags
    finally:
        running.unlink(missing_ok=True)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _running(record: Path) -> list[str] | None:
    """The tags of the simulated PCs whose process still runs; None where there is none."""
    try:
        known = json.loads(record.read_bytes())
        os.kill(known["pid"], 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    tags: list[str] = known["tags"]
    return tags
