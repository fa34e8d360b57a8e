"""Build and verify generated markets of two sizes: seconds, memory, and the ratio to sha256sum on the same files.

    .venv/bin/python scripts/bench/bundle.py [--assets 120 25000]

Prints a Markdown table; of verify, the medians of three rounds. Seconds depend on the machine and are for comparison
within one run; the ratio travels.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from measuring import measure, middle

ROUNDS = 3  # of sha256sum and verify, one after the other
REVERSIBILITY = Path(sys.executable).parent / "reversibility"


def bench(assets: int, folder: Path) -> str:
    """One row of the table."""
    project = folder / str(assets)
    generated = Path(__file__).with_name("generate.py")
    subprocess.run(
        [sys.executable, generated, project, "--assets", str(assets)], check=True, stdout=subprocess.DEVNULL
    )
    inventory = project / "inventories" / "generated"
    environment = {"CARTABLE_VAULT_PASSPHRASE_COMMAND": "echo benchmark"}
    build = measure([REVERSIBILITY, "build", "-i", inventory], environment)
    [bundle] = (project / "var" / "generated" / "bundles").glob("cartable-*")
    files = [path for path in bundle.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    judge = ["sh", "-c", 'find "$1" -type f -print0 | xargs -0 sha256sum', "sh", bundle]
    key = project / "var" / "generated" / "keys" / "signing_ed25519.pub"
    listed = subprocess.run(
        ["ssh-keygen", "-l", "-f", key], check=True, capture_output=True, text=True
    ).stdout
    verify = [REVERSIBILITY, "verify", bundle, "--fingerprint", listed.split()[1]]
    measure(judge, {})  # from here on all files are in the page cache
    rounds = [(measure(judge, {}), measure(verify, {})) for _ in range(ROUNDS)]
    verified = middle([usage for _, usage in rounds])
    ratio = median(judged.wall / usage.wall for judged, usage in rounds)
    shutil.rmtree(project)
    return (
        f"| {assets:,} | {len(files):,} | {size / 2**20:,.0f} | {build.wall:.1f} | {build.memory:,.0f} "
        f"| {verified.wall:.1f} | {verified.memory:,.0f} | {ratio:.2f} |"
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
