"""The Windows PCs of a market: provisioned, again, observed and handed over against simulated PCs in one run.

    .venv/bin/python scripts/bench/windows.py [--market jurancon] [--pcs 47] [--folder F --runs observe --part 1/4]

Wants root: it gives itself a network namespace of its own, in which each PC has the address that the inventory
declares. Prints Markdown tables: for each run the tasks, requests and bytes a PC and what the controller took; the same
by role where nothing changes any more; and how many of the PCs' rows in completude.json are proven. The simulators
share the cores with the controller: their CPU is counted apart, wall time is that of both. With --folder the PCs and
the records stay, so that runs can be made one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measuring import PROJECT, TICKS, Usage, measure

from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.records.vault import Vault
from tests.lab.windows import first_passwords, folder_of
from tests.simulators.windows.market import windows_assets
from tests.unit.bundle.conftest import make_key
from tests.unit.bundle.market import make_keys, make_project
from tests.unit.contract.handover import known_hosts_of

HERE = Path(__file__).resolve().parent
OWN_NAMESPACE = "CARTABLE_BENCH_NAMESPACE"
FEED = "https://choco.ecole.example/api"
SOURCES = f"""
software_windows_feed: {FEED}
software_windows_chocolatey_script: https://choco.ecole.example/install.ps1
"""
EMERGENCY = {"preflight_emergency": {"reason": "mesure sur des postes simulés", "reference": "MESURE-1"}}
RUNS = {
    "blank": ("provision, blank", "provision.yml"),
    "again": ("provision, again", "provision.yml"),
    "observe": ("observe", "observe.yml"),
    "handover": ("hand over", ""),
}
HEAD = (
    *(
        "run",
        "tasks a PC",
        "requests a PC",
        "sent to a PC, MB",
        "received, MB",
        "wall, s",
        "controller CPU, s a PC",
    ),
    *("controller, MiB", "simulators' CPU, s a PC"),
)
Counts = Counter[str]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--market", default="jurancon", help="a folder of inventories/")
    parser.add_argument("--pcs", type=int, default=0, help="only so many, of all kinds")
    parser.add_argument("--part", default="1/1", metavar="N/M", help="the Nth of M equal parts of them")
    parser.add_argument("--forks", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="of the records and the PCs, which is kept")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS))
    options = parser.parse_args()
    if OWN_NAMESPACE not in os.environ:
        os.environ[OWN_NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "--net", "--", sys.executable, *sys.argv])
    with tempfile.TemporaryDirectory(prefix="cartable-windows-") as temporary:
        folder = options.folder or Path(temporary)
        paths = make_market(folder, options.market)
        assets = windows_assets(load_market(paths.inventory))
        part, parts = map(int, options.part.split("/"))
        tags = sorted(assets)[part - 1 :: parts]
        tags = tags[:: max(1, len(tags) // options.pcs)][: options.pcs] if options.pcs else tags
        with simulated_pcs(paths, sorted(assets)) as process:
            for name in options.runs:
                run(name, paths, tags, options.forks, process)


def make_market(folder: Path, name: str) -> MarketPaths:
    """The market in a project of its own, with a vault and keys; its PCs install from a feed of the school."""
    project = folder / "project"
    if project.exists():
        return MarketPaths(name, project / "inventories" / name, project / "var" / name)
    paths = make_project(folder, name)
    values = paths.inventory / "group_vars" / "family_windows.yml"
    values.write_text(values.read_text(encoding="utf-8") + SOURCES, encoding="utf-8")
    market = load_market(paths.inventory)
    make_keys(paths, market)
    make_key(paths.operator_key)
    paths.known_hosts.write_text(known_hosts_of(market), encoding="utf-8")
    passphrase = paths.keys / "vault-passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text("only-for-this-benchmark\n", encoding="utf-8")
    Vault.create(paths.vault, "only-for-this-benchmark")
    return paths


@contextmanager
def simulated_pcs(paths: MarketPaths, tags: list[str]) -> Iterator[int]:
    """Run the simulated PCs at their addresses; the process id."""
    assets = windows_assets(load_market(paths.inventory))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for asset in assets.values():
        subprocess.run(["ip", "address", "replace", f"{asset.address}/32", "dev", "lo"], check=True)
    folder = folder_of(paths)
    folder.mkdir(mode=0o700, exist_ok=True)
    passwords = first_passwords(paths)
    command = [sys.executable, "-m", "tests.simulators.windows.market", "--inventory", str(paths.inventory)]
    command += ["--directory", str(folder), *(f"--only={tag}" for tag in tags)]
    with subprocess.Popen(
        command, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(passwords) + "\n")
        process.stdin.flush()
        if json.loads(process.stdout.readline()) != tags:
            sys.exit("error: the simulated PCs did not start; what they said is above.")
        yield process.pid
        process.stdin.close()


def run(name: str, paths: MarketPaths, tags: list[str], forks: int, process: int) -> None:
    """Make one run and print what it took."""
    title, playbook = RUNS[name]
    tasks = folder_of(paths) / "tasks.jsonl"
    tasks.unlink(missing_ok=True)
    journals = [folder_of(paths) / f"{tag}.journal.jsonl" for tag in tags]
    sizes = [journal.stat().st_size if journal.exists() else 0 for journal in journals]
    before = cpu(process)
    used = measure(command(paths, tags, playbook), environment(paths, tasks, forks))
    spent = cpu(process) - before
    entries = [
        entry for journal, size in zip(journals, sizes, strict=True) for entry in entries_after(journal, size)
    ]
    print_row(HEAD)
    print_row(["---"] * len(HEAD))
    print_run(title, counted(entries), used, spent, len(tags))
    if name == "again":
        print_roles(split_by_role(entries, tasks), len(tags))
    if name == "handover":
        print_proven(paths, tags)


def command(paths: MarketPaths, tags: list[str], playbook: str) -> list[str]:
    """The playbook as an operator runs it."""
    programs = Path(sys.executable).parent
    if not playbook:
        # One holder has a passphrase, which is printed once: not by a playbook.
        return [str(programs / "reversibility"), "build", "-i", str(paths.inventory), "--sheets-to", "true"]
    return [
        *(
            str(programs / "ansible-playbook"),
            "-i",
            str(paths.inventory),
            str(PROJECT / "playbooks" / playbook),
        ),
        *("--limit", ",".join(tags), "-e", json.dumps(EMERGENCY)),
    ]


def environment(paths: MarketPaths, tasks: Path, forks: int) -> dict[str, str]:
    return {
        "CARTABLE_DATA_DIR": str(paths.data.parent),
        "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat {paths.keys / 'vault-passphrase'}",
        "CARTABLE_BENCH_TASKS": str(tasks),
        "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
        "ANSIBLE_FORKS": str(forks),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "cartable.fleet.journal,task_starts",
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONPATH": str(PROJECT),
    }


def entries_after(journal: Path, size: int) -> Iterator[dict[str, Any]]:
    """What a PC has received since its journal had that size."""
    if journal.exists():
        with journal.open("rb") as file:
            file.seek(size)
            yield from map(json.loads, file)


def counted(entries: list[dict[str, Any]]) -> Counts:
    """Tasks on the PCs (module runs), requests, bytes."""
    found: Counts = Counter()
    for entry in entries:
        if entry["kind"] == "request":
            found.update(requests=1, bytes_in=entry["bytes_in"], bytes_out=entry["bytes_out"])
        elif entry["kind"] == "module":
            found.update(tasks=1)
    return found


def split_by_role(entries: list[dict[str, Any]], tasks: Path) -> dict[str, Counts]:
    """By the task that was running: hosts go from task to task together."""
    starts = [json.loads(line) for line in tasks.read_text(encoding="utf-8").splitlines()]
    times = [each["time"] for each in starts]
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in entries:
        found[starts[max(0, bisect_right(times, entry["time"]) - 1)]["role"]].append(entry)
    return {role.removeprefix("cartable.fleet."): counted(each) for role, each in found.items()}


def cpu(process: int) -> float:
    """Seconds of CPU of the simulators."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def print_row(cells: Iterable[object]) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def print_run(title: str, got: Counts, used: Usage, simulators: float, pcs: int) -> None:
    sent, received = got["bytes_in"] / pcs / 1e6, got["bytes_out"] / pcs / 1e6
    counts = (
        title,
        round(got["tasks"] / pcs),
        round(got["requests"] / pcs),
        f"{sent:.1f}",
        f"{received:.2f}",
    )
    took = (f"{used.wall:.0f}", f"{used.cpu / pcs:.1f}", f"{used.memory:.0f}", f"{simulators / pcs:.1f}")
    print_row((*counts, *took))


def print_roles(by_role: dict[str, Counts], pcs: int) -> None:
    print("\n| role, nothing to do | tasks a PC | requests a PC | sent to a PC, kB |\n|---|---|---|---|")
    for role, got in by_role.items():
        figures = (
            f"{got['tasks'] / pcs:.1f} | {got['requests'] / pcs:.0f} | {got['bytes_in'] / pcs / 1e3:.0f}"
        )
        print(f"| {role or 'preflight'} | {figures} |")


def print_proven(paths: MarketPaths, tags: list[str]) -> None:
    """The rows of the newest bundle that concern these PCs, by status, and which are not proven."""
    newest = max(paths.bundles.glob("*/data/completude.json"))
    rows = [row for row in json.loads(newest.read_text(encoding="utf-8"))["rows"] if row.get("asset") in tags]
    print(f"\n{len(tags)} PCs, rows in completude.json: {dict(Counter(row['status'] for row in rows))}")
    for (name, status), number in Counter((row["obligation"], row["status"]) for row in rows).items():
        if status != "proven":
            print(f"- {name}: {status} for {number}")


if __name__ == "__main__":
    main()
