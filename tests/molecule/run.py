"""Every role's Molecule scenario, one after another: ``python tests/molecule/run.py [ROLE…]``.

Ends with one line a role and a summary. Its exit status is 0 only when every scenario passed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def scenarios() -> dict[str, Path]:
    """Role name → role folder, for every role that has a scenario."""
    found = sorted(PROJECT.glob("roles/*/molecule/default/molecule.yml"))
    return {path.parents[2].name: path.parents[2] for path in found}


def run(folder: Path) -> tuple[bool, float]:
    """Run one scenario; whether it passed, and its seconds."""
    # The programs beside this Python (molecule, ansible-playbook, pytest) come first, whichever way it was started.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    started = time.monotonic()
    environment = {**os.environ, "PATH": path}
    # The records of a run that was killed would be taken for those of this one.
    subprocess.run(["molecule", "reset"], cwd=folder, env=environment, check=True)
    done = subprocess.run(
        [PROJECT / "scripts" / "lab", "podman-env", "env", f"--chdir={folder}", "molecule", "test"],
        env=environment,
        check=False,
    )
    return done.returncode == 0, time.monotonic() - started


def main(arguments: list[str]) -> int:
    known = scenarios()
    unknown = sorted(set(arguments) - set(known))
    if unknown:
        print(f"error: no scenario for {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    subprocess.run([PROJECT / "scripts" / "lab", "image"], check=True)
    results = {role: run(known[role]) for role in arguments or known}
    print()
    for role, (passed, seconds) in results.items():
        print(f"{'passed' if passed else 'FAILED'}  {role}  {seconds:.0f} s")
    failed = [role for role, (passed, _) in results.items() if not passed]
    print(f"Molecule: {len(results) - len(failed)} of {len(results)} scenarios passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
