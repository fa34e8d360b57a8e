"""Build and verify generated markets of two sizes: seconds, memory, and the ratio to sha256sum on the same files.

    .venv/bin/python scripts/bench/bundle.py [--assets 120 25000]

Prints a Markdown table. Seconds depend on the machine and are for comparison within one run; the ratio travels.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from tests.e2e.kills import descendants  # noqa: E402

REVERSIBILITY = Path(sys.executable).parent / "reversibility"


def measure(command: Sequence[str | Path], environment: dict[str, str]) -> tuple[float, float]:
    """Run a command; wall seconds, and the most memory that it and its children held at once, in MiB.

    The memory is the sum of their proportional set sizes (what they share counts once), looked at five times a second.
    """
    begun, peak = time.monotonic(), 0
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [str(part) for part in command],
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        while True:
            try:
                process.wait(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                peak = max(peak, sum(map(proportional_size, descendants(process.pid))))
        if process.returncode != 0:
            errors.seek(0)
            sys.exit(f"error: {' '.join(str(part) for part in command)}\n{errors.read()[-2000:].decode()}")
    return time.monotonic() - begun, peak / 1024


def proportional_size(process: int) -> int:
    """Memory of a process in KiB, what it shares divided by who shares it; 0 when it has ended."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(rollup.partition("\nPss:")[2].split()[0])


def bench(assets: int, folder: Path) -> str:
    """One row of the table."""
    project = folder / str(assets)
    generated = Path(__file__).with_name("generate.py")
    subprocess.run(
        [sys.executable, generated, project, "--assets", str(assets)], check=True, stdout=subprocess.DEVNULL
    )
    inventory = project / "inventories" / "generated"
    environment = {"CARTABLE_VAULT_PASSPHRASE_COMMAND": "echo benchmark"}
    build_seconds, build_memory = measure([REVERSIBILITY, "build", "-i", inventory], environment)
    [bundle] = (project / "var" / "generated" / "bundles").glob("cartable-*")
    files = [path for path in bundle.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    # One after the other on files that are all in the page cache, the judge first and last.
    judge = ["sh", "-c", 'find "$1" -type f -print0 | xargs -0 sha256sum', "sh", bundle]
    measure(judge, {})
    first, _ = measure(judge, {})
    key = project / "var" / "generated" / "keys" / "signing_ed25519.pub"
    listed = subprocess.run(
        ["ssh-keygen", "-l", "-f", key], check=True, capture_output=True, text=True
    ).stdout
    verify = [REVERSIBILITY, "verify", bundle, "--fingerprint", listed.split()[1]]
    verify_seconds, verify_memory = measure(verify, {})
    last, _ = measure(judge, {})
    ratio = (first + last) / 2 / verify_seconds
    shutil.rmtree(project)
    return (
        f"| {assets:,} | {len(files):,} | {size / 2**20:,.0f} | {build_seconds:.1f} | {build_memory:,.0f} "
        f"| {verify_seconds:.1f} | {verify_memory:,.0f} | {ratio:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--assets", type=int, nargs="+", default=[120, 25000])
    arguments = parser.parse_args()
    columns = ["assets", "files", "MiB", "build, s", "its memory, MiB"]
    columns += ["verify, s", "its memory, MiB", "speed / sha256sum"]
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    with tempfile.TemporaryDirectory(prefix="cartable-bench-") as temporary:
        for assets in arguments.assets:
            print(bench(assets, Path(temporary)), flush=True)


if __name__ == "__main__":
    main()
