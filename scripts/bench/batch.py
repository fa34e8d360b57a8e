"""Thirty tasks on real SSH targets: the batch, the same tasks by plain tuned Ansible, and pyinfra doing the same work.

    .venv/bin/python scripts/bench/batch.py [--targets 1 10 50] [--rounds 3]

Wants root, sshd, and pyinfra: it is installed into an environment of its own, in the temporary folder. The three take
turns in each round; the table has medians, and the ratio of wall time to pyinfra's in the same run. Seconds depend on
the machine, which the controller and its targets share; the ratio travels.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(PROJECT), str(HERE)]

from bundle import proportional_size  # noqa: E402
from ssh_targets import Targets  # noqa: E402

from tests.e2e.kills import descendants  # noqa: E402

PYINFRA = "pyinfra==3.10"
ROOT = "/var/tmp/cartable-bench"  # on the targets, which are this machine


@dataclass
class Sample:
    """One run: seconds of wall time, of the controller's and of all targets' CPU, MiB of the controller's memory."""

    wall: float
    controller: float
    target: float
    memory: float


def measure(
    run: Callable[[], list[str | Path]], environment: dict[str, str], targets: Targets, folder: Path
) -> Sample:
    """Run a command on all targets, and close what it leaves open, so that the sessions' CPU is counted."""
    before, spent = targets.cpu(), resource.getrusage(resource.RUSAGE_CHILDREN)
    peak, done = 0, threading.Event()
    log = (folder / "run.log").open("w+b")
    begun = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in run()], cwd=folder, env=os.environ | environment, stdout=log, stderr=log
    )

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.3):
            peak = max(peak, sum(map(proportional_size, descendants(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = process.wait()
    wall = time.monotonic() - begun
    done.set()
    watcher.join()
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    if status:
        log.seek(0)
        sys.exit(log.read()[-3000:].decode())
    for control in (folder / "cp").glob("*"):
        subprocess.run(["ssh", "-O", "exit", "-S", control, "any"], capture_output=True, check=False)
    while targets.sessions():
        time.sleep(0.05)
    cpu = now.ru_utime + now.ru_stime - spent.ru_utime - spent.ru_stime
    return Sample(wall, cpu, targets.cpu() - before, peak / 1024)


def prepare(folder: Path, targets: Targets) -> dict[str, tuple[list[str | Path], dict[str, str]]]:
    """Write the inventories; the commands of the three, each with its environment."""
    (folder / "cp").mkdir(exist_ok=True)
    ssh = f"-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR -i {targets.key}"
    lines = [
        f"t{port} ansible_host=127.0.0.1 ansible_port={port} bench_root={ROOT}/t{port}"
        for port in targets.ports
    ]
    (folder / "hosts.ini").write_text(
        "\n".join(lines)
        + f'\n[all:vars]\nansible_user=root\nansible_ssh_common_args="{ssh}"\n'
        + "ansible_python_interpreter=/usr/bin/python3\n"
    )
    (folder / "play.yml").write_text(
        "- hosts: all\n  gather_facts: false\n  roles:\n    - role: " + str(HERE / "batch_role") + "\n"
    )
    (folder / "ansible.cfg").write_text(
        f"[defaults]\nforks = 50\nhost_key_checking = false\ncollections_path = {PROJECT / 'collections'}\n"
        "gathering = explicit\nretry_files_enabled = false\n"
        f"[ssh_connection]\npipelining = true\ncontrol_path_dir = {folder / 'cp'}\n"
        "ssh_args = -o ControlMaster=auto -o ControlPersist=60s\n"
    )
    data = [
        (f"t{port}", {"ssh_hostname": "127.0.0.1", "ssh_port": port, "bench_root": f"{ROOT}/t{port}"})
        for port in targets.ports
    ]
    common = {"ssh_user": "root", "ssh_key": str(targets.key), "ssh_strict_host_key_checking": "no"}
    (folder / "inventory.py").write_text(f"targets = ({data!r}, {common!r})\n")
    shutil.copy(HERE / "batch_pyinfra.py", folder / "deploy.py")
    playbook: list[str | Path] = [
        Path(sys.executable).parent / "ansible-playbook",
        "-i",
        "hosts.ini",
        "play.yml",
    ]
    settings = {"ANSIBLE_CONFIG": str(folder / "ansible.cfg")}
    return {
        "pyinfra": ([folder / "pyinfra" / "bin" / "pyinfra", "-y", "inventory.py", "deploy.py"], {}),
        "batch": (playbook, settings),
        "Ansible, tuned": ([*playbook, "-e", '{"cartable_batch": false}'], settings),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--targets", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", action="append", default=[], help="leave out one of the three")
    arguments = parser.parse_args()
    columns = ["targets", "run", "tool", "wall, s", "wall / pyinfra", "controller CPU, s a target"]
    columns += ["target CPU, s a target", "controller memory, MiB"]
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    with tempfile.TemporaryDirectory(prefix="cartable-bench-") as temporary:
        folder = Path(temporary)
        if "pyinfra" not in arguments.without:
            subprocess.run([sys.executable, "-m", "venv", folder / "pyinfra"], check=True)
            subprocess.run(
                [folder / "pyinfra" / "bin" / "pip", "install", "--quiet", "--quiet", PYINFRA], check=True
            )
        for count in arguments.targets:
            with Targets(folder / f"targets-{count}", count) as targets:
                bench(folder, targets, arguments.rounds, arguments.without)
    shutil.rmtree(ROOT, ignore_errors=True)


def bench(folder: Path, targets: Targets, rounds: int, without: list[str]) -> None:
    """Print the rows for one number of targets: a first run of each tool, then rounds in which nothing changes."""
    tools = {name: command for name, command in prepare(folder, targets).items() if name not in without}
    first: dict[str, list[Sample]] = {name: [] for name in tools}
    again: dict[str, list[Sample]] = {name: [] for name in tools}
    for name, (command, environment) in tools.items():
        shutil.rmtree(ROOT, ignore_errors=True)
        first[name].append(measure(lambda command=command: command, environment, targets, folder))
    for _ in range(rounds):
        for name, (command, environment) in tools.items():
            again[name].append(measure(lambda command=command: command, environment, targets, folder))
    for title, samples in (("first", first), ("no-op", again)):
        walls = {name: statistics.median(sample.wall for sample in found) for name, found in samples.items()}
        for name, found in samples.items():
            ratio = f"{walls[name] / walls['pyinfra']:.2f}" if "pyinfra" in walls else "-"
            middle = [
                statistics.median(getattr(s, what) for s in found)
                for what in ("controller", "target", "memory")
            ]
            count = len(targets.ports)
            print(
                f"| {count} | {title} | {name} | {walls[name]:.1f} | {ratio} | {middle[0] / count:.2f} "
                f"| {middle[1] / count:.2f} | {middle[2]:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
