"""Every role's Molecule scenario, two at a time: ``python tests/molecule/run.py [ROLE…]``.

One line a role as it ends, after what a failed one has said, and a summary. Exit status 0 only when all passed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LONGEST = frozenset({"baseline", "shares"})  # first, so that no processor waits for them at the end


def scenarios() -> dict[str, Path]:
    """Role name → role folder, for every role that has a scenario."""
    found = sorted(PROJECT.glob("roles/*/molecule/default/molecule.yml"))
    return {path.parents[2].name: path.parents[2] for path in found}


def run(folder: Path, log: Path) -> tuple[bool, float]:
    """Run one scenario; whether it passed, and its seconds. What it says goes to ``log``."""
    # The programs beside this Python (molecule, ansible-playbook, pytest) come first, whichever way it was started.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    started = time.monotonic()
    environment = {**os.environ, "PATH": path}
    command = [PROJECT / "scripts" / "lab", "podman-env", "env", f"--chdir={folder}", "molecule", "test"]
    with log.open("w", encoding="utf-8") as said:
        shared = {"env": environment, "stdout": said, "stderr": subprocess.STDOUT}
        # The records of a run that was killed would be taken for those of this one.
        reset = subprocess.run(["molecule", "reset"], cwd=folder, check=False, **shared)
        passed = reset.returncode == 0 and subprocess.run(command, check=False, **shared).returncode == 0
    return passed, time.monotonic() - started


def main(arguments: list[str]) -> int:
    known = scenarios()
    unknown = sorted(set(arguments) - set(known))
    if unknown:
        print(f"error: no scenario for {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    subprocess.run([PROJECT / "scripts" / "lab", "image"], check=True)
    failed = []
    roles = sorted(arguments or known, key=lambda role: role not in LONGEST)
    with tempfile.TemporaryDirectory(prefix="cartable-molecule-") as folder, ThreadPoolExecutor(2) as pool:
        logs = {role: Path(folder) / role for role in roles}
        runs = {pool.submit(run, known[role], logs[role]): role for role in roles}
        for done in as_completed(runs):
            role, (passed, seconds) = runs[done], done.result()
            if not passed:
                failed.append(role)
                print(logs[role].read_text(encoding="utf-8", errors="replace"))
            print(f"{'passed' if passed else 'FAILED'}  {role}  {seconds:.0f} s", flush=True)
    print(f"Molecule: {len(roles) - len(failed)} of {len(roles)} scenarios passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
