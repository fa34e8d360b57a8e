"""The steps of scripts/demo: what an operator does, from a blank school to a bundle that a stranger can verify."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyrage

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))  # the lab and its simulators are of the tests, which are not installed

from reversibility.errors import CartableError  # noqa: E402
from reversibility.market.load import load_market  # noqa: E402
from reversibility.market.paths import MarketPaths  # noqa: E402
from tests.lab.access_points import simulated_access_points  # noqa: E402
from tests.lab.windows import simulated_pcs  # noqa: E402

INVENTORY = PROJECT / "inventories" / "demo"
BIN = Path(sys.executable).parent
RECAP = re.compile(r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)\s")


class StepFailed(Exception):
    """A step ended badly; the message says which and where its log is."""


class Progress:
    """One line a step: what is being done now on a terminal, and the result with the time it took."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.terminal = sys.stdout.isatty()
        self.started = time.monotonic()

    def run(
        self, title: str, command: Sequence[str | Path], *, environment: dict[str, str] | None = None
    ) -> str:
        """Run ``command``, its output in a log file; the output is returned, StepFailed raised on failure."""
        log = self.logs / (re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") + ".log")
        begun = time.monotonic()
        self._now(title, "")
        lines: list[str] = []
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=PROJECT,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
            assert process.stdout is not None
            for line in process.stdout:
                file.write(line)
                file.flush()
                lines.append(line)
                if line.strip():
                    self._now(title, line.strip().removeprefix("TASK ").strip("[]* "))
        if process.wait() != 0:
            self._end(title, "FAILED", begun)
            print("".join(lines[-40:]), file=sys.stderr)
            raise StepFailed(f"{title}: exit status {process.returncode}; its whole output is in {log}.")
        self._end(title, "done", begun)
        return "".join(lines)

    def do(self, title: str, action: Callable[[], str]) -> None:
        """Run a Python step, which returns a word on its result."""
        begun = time.monotonic()
        self._now(title, "")
        self._end(title, action(), begun)

    def _now(self, title: str, detail: str) -> None:
        if self.terminal:
            print(f"\r\033[K▸ {title} … {detail[:80]}", end="", flush=True)

    def _end(self, title: str, result: str, begun: float) -> None:
        clear = "\r\033[K" if self.terminal else ""
        print(f"{clear}▸ {title}: {result} ({time.monotonic() - begun:.0f} s)", flush=True)


def make_keys(paths: MarketPaths) -> str:
    """Make, once, what the people of a real market bring: the vault's passphrase, the signing and the holders' keys."""
    paths.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    holders = paths.keys / "holders"
    holders.mkdir(exist_ok=True, mode=0o700)
    (paths.keys / "people").mkdir(exist_ok=True, mode=0o700)
    contract = load_market(INVENTORY).contract
    made = []

    # Made aside and moved into place, the file that is looked for last: a run that is killed leaves no half of a pair.
    with tempfile.TemporaryDirectory(prefix=".making-", dir=paths.keys) as temporary:
        aside = Path(temporary)
        passphrase = paths.keys / "vault-passphrase"
        if not passphrase.exists():
            private_write(aside / "passphrase", secrets.token_urlsafe(24) + "\n")
            (aside / "passphrase").rename(passphrase)
            made.append(passphrase.name)
        signing = paths.keys / "signing_ed25519"
        if not signing.exists():
            ssh_key(aside / "signing", "signature de démonstration")
            (aside / "signing.pub").rename(signing.with_name(signing.name + ".pub"))
            (aside / "signing").rename(signing)
            made.append(signing.name)
        for person in contract["administrators"]:  # each has the private key beside the public one
            public = paths.data / person["ssh_key_file"]
            if not public.exists():
                ssh_key(aside / "person", person["name"])
                (aside / "person").rename(public.with_suffix(""))
                (aside / "person.pub").rename(public)
                made.append(public.name)
        for declared in (holder for group in contract["holders"].values() for holder in group):
            public = paths.data / declared["recipient_file"]
            if public.exists():
                continue
            if declared["party"] == "contractor":  # one holder with an OpenSSH key, the others with age keys
                ssh_key(aside / "holder", declared["name"])
            else:
                age_key(aside / "holder")
            (aside / "holder").rename(public.with_suffix(".key"))
            (aside / "holder.pub").rename(public)
            made.append(public.name)
    return f"made {', '.join(made)}" if made else "already there"


def ssh_key(path: Path, comment: str) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)], check=True
    )


def age_key(path: Path) -> None:
    """Make an age identity and, beside it with the suffix .pub, its recipient."""
    identity = pyrage.x25519.Identity.generate()
    private_write(path, f"{identity}\n")
    path.with_name(path.name + ".pub").write_text(f"{identity.to_public()}\n", encoding="utf-8")


def private_write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def fingerprint(paths: MarketPaths) -> str:
    """The signing key's fingerprint, which the town has on paper."""
    command = ["ssh-keygen", "-l", "-f", str(paths.keys / "signing_ed25519.pub")]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1]


def playbook(name: str) -> list[str | Path]:
    """The command that runs one playbook from the controller, in the administration VLAN."""
    return [
        PROJECT / "scripts" / "lab",
        "run",
        BIN / "ansible-playbook",
        "-i",
        INVENTORY,
        PROJECT / "playbooks" / name,
    ]


def require_no_change(output: str) -> str:
    """Refuse a second provision that changed anything, naming the hosts."""
    recaps = [match for line in output.splitlines() if (match := RECAP.match(line))]
    changed = [f"{match['host']} ({match['changed']})" for match in recaps if match["changed"] != "0"]
    if not recaps:
        raise StepFailed("the second provision printed no recap.")
    if changed:
        raise StepFailed(
            f"the second provision changed something on {', '.join(changed)}; it should change nothing."
        )
    return f"{len(recaps)} hosts, 0 changed"


def main() -> int:
    """Run every step; 0 when all passed."""
    paths = MarketPaths.for_inventory(INVENTORY)
    logs = paths.data / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    progress = Progress(logs)
    os.environ["CARTABLE_VAULT_PASSPHRASE_COMMAND"] = f"cat '{paths.keys / 'vault-passphrase'}'"
    reversibility = BIN / "reversibility"
    try:
        progress.run("Lab up", [PROJECT / "scripts" / "lab", "up"])
        progress.do("Keys of the demo's people", lambda: make_keys(paths))
        if not paths.vault.exists():
            progress.run("Vault init", [reversibility, "vault", "init", "-i", INVENTORY])
        with simulated_pcs(paths) as simulated, simulated_access_points(paths) as access_points:
            progress.do("Simulated Windows PCs", lambda: f"{', '.join(simulated)} answer")
            progress.do("Simulated access point", lambda: f"{', '.join(access_points)} answers")
            progress.run("Provision", playbook("provision.yml"))
            progress.run("Observe", playbook("observe.yml"))
            again = progress.run("Provision again", playbook("provision.yml"))
            progress.do("Second provision", lambda: require_no_change(again))
            progress.run("Hand-over", playbook("handover.yml"))
        bundle = max(path for path in paths.bundles.iterdir() if path.name.startswith("cartable-"))
        verifier: list[str | Path] = [
            sys.executable,
            "-I",
            bundle / "verifier.py",
            "--empreinte",
            fingerprint(paths),
            bundle,
        ]
        progress.run("Verification by the stand-alone file", verifier)
    except (StepFailed, CartableError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    summarize(paths, bundle, simulated, access_points, time.monotonic() - progress.started)
    return 0


def summarize(
    paths: MarketPaths, bundle: Path, simulated: Sequence[str], access_points: Sequence[str], seconds: float
) -> None:
    """Say what came out of it and where to look."""
    completeness = json.loads((bundle / "data" / "completude.json").read_text(encoding="utf-8"))
    totals = completeness["totals"]
    print(
        f"\nCompleteness: {totals['proven']} of {totals['rows']} proven ({100 * totals['rate']:.1f} %); "
        f"{totals['present']} present, {totals['missing']} missing, {totals['waived']} waived.\n"
        f"  start here      {bundle / 'data' / '00-lisez-moi' / 'lisez-moi.html'}\n"
        f"  completeness    {bundle / 'data' / 'completude.html'}\n"
        f"  inventory       {bundle / 'data' / '01-inventaire' / 'inventaire.xlsx'}\n"
        f"  what was seen   git -C {paths.state} log\n"
        f"  vault           {paths.vault}\n"
        f"{' and '.join(simulated)} are SIMULATED Windows PCs: they show what is sent and kept, not what Windows does "
        f"(docs/windows.md).\n{' and '.join(access_points)} is a SIMULATED access point: real SSH, but neither OpenWrt "
        "nor a radio (docs/network.md).\nThey have ended; scripts/lab windows and access-points run them again.\n"
        f"Done in {seconds:.0f} s. The lab is still up: scripts/lab status, scripts/lab down."
    )


if __name__ == "__main__":
    sys.exit(main())
