"""Simulated devices of the school, which run on its controller while they are needed.

They show what Cartable sends and records, not what a device does. Each kind is a program that takes the passwords of
the devices that it makes new on standard input, one line of JSON (tag -> password), answers with one line of JSON when
all of them listen, and ends with its standard input.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reversibility.market.model import Asset
from reversibility.market.paths import MarketPaths
from reversibility.records.password_policy import POLICIES
from reversibility.records.vault import Vault
from tests.lab.places import PROJECT
from tests.lab.shell import LabError

LAB = PROJECT / "scripts" / "lab"
PATIENCE = 20  # seconds to end by themselves


def first_passwords(
    paths: MarketPaths, assets: Iterable[Asset], account: str, kept: Mapping[str, Path]
) -> dict[str, str]:
    """The password of each device that has none yet, put into the vault as a person or an installation does (R24).

    ``kept`` is what a device has of its own, by tag: without it the device is new.
    """
    vault = Vault.open(paths.vault, (paths.keys / "vault-passphrase").read_text(encoding="utf-8").strip())
    policy = POLICIES["administrator"]
    made: dict[str, str] = {}
    for asset in assets:
        own = kept[asset.tag]
        entry = vault.find(asset.tag, account)
        if entry is not None and own.exists():
            continue
        if entry is not None and entry.password:
            made[asset.tag] = entry.password  # taken away, it comes back with what the vault knows
            continue
        own.unlink(missing_ok=True)  # of a vault that is gone: nobody knows its password
        made[asset.tag] = policy.generate()
        with vault.transaction() as change:
            change.put_pending(
                asset.site,
                asset.tag,
                account,
                password=made[asset.tag],
                username=account,
                address=str(asset.address),
                policy=policy.name,
                expires=policy.expiry(),
            )
            change.make_current(asset.site, asset.tag, account)
    return made


@contextlib.contextmanager
def simulators(
    module: str,
    arguments: Sequence[str | Path],
    folder: Path,
    assets: Iterable[Asset],
    first: Mapping[str, str],
) -> Iterator[Any]:
    """Run a program of simulators on the controller, at the addresses of its assets; what it answers.

    ``first`` are the passwords of new devices. A program that runs already for ``folder`` is used and left running.
    """
    running = folder / "running.json"
    if (present := _running(running)) is not None:
        yield present
        return
    for asset in assets:
        # Addresses of the controller itself, in its own network namespace: nothing passes the switch or the router.
        address = ["ip", "address", "replace", f"{asset.address}/32", "dev", "lo"]
        subprocess.run([LAB, "run", *address], check=True, stdin=subprocess.DEVNULL)
    log = folder / "log"
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [LAB, "run", sys.executable, "-m", module, "--directory", folder, *arguments],
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
            process.stdin.write(json.dumps(dict(first)) + "\n")
            process.stdin.flush()
        ready = process.stdout.readline()
        if not ready:
            raise LabError(f"the simulated devices of {folder.name} did not start; why is in {log}.")
        answer = json.loads(ready)
        running.write_text(json.dumps({"pid": process.pid, "answer": answer}), encoding="utf-8")
        yield answer
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


def _running(record: Path) -> Any:
    """What a program that still runs has answered; None where there is none."""
    try:
        known = json.loads(record.read_bytes())
        os.kill(known["pid"], 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return known["answer"]
