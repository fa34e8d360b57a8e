"""Thirty tasks on real SSH targets: the batch, the same tasks by plain tuned Ansible, and pyinfra doing the same work.

    .venv/bin/python scripts/bench/batch.py [--targets 1 10 50] [--rounds 3] [--first-at-most 10] [--ansible DIRECTORY]

Wants root, sshd, and pyinfra: it is installed into an environment of its own, in the temporary folder. The three take
turns in each round; the table has medians, and the ratio of wall time to pyinfra's in the same run. Seconds depend on
the machine, which the controller and its targets share; the ratio travels.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from measuring import PROJECT, Usage, install_pyinfra, measure_on, print_rows
from ssh_targets import Targets

HERE = Path(__file__).resolve().parent
PROGRAMS = Path(sys.executable).parent
ROOT = "/var/tmp/cartable-bench"  # on the targets, which are this machine
Tool = tuple[list[str | Path], dict[str, str]]  # its command and environment


def prepare(folder: Path, targets: Targets, programs: Path = PROGRAMS) -> dict[str, Tool]:
    """Write the inventories; the commands of the three, each with its environment (``programs``: Ansible's)."""
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
        "gathering = explicit\nretry_files_enabled = false\ninternal_poll_interval = 0.03\n"
        "callbacks_enabled = cartable.fleet.batch\n"
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
        programs / "ansible-playbook",
        "-i",
        "hosts.ini",
        "play.yml",
    ]
    (folder / "cache").mkdir(mode=0o700, exist_ok=True)
    settings = {"ANSIBLE_CONFIG": str(folder / "ansible.cfg"), "XDG_CACHE_HOME": str(folder / "cache")}
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
    parser.add_argument(
        "--first-at-most",
        type=int,
        default=50,
        help="for more targets, measure only runs in which nothing changes",
    )
    parser.add_argument("--without", action="append", default=[], help="leave out one of the three")
    parser.add_argument(
        "--ansible",
        type=Path,
        default=PROGRAMS,
        metavar="DIRECTORY",
        help="where ansible-playbook is, to measure with the Python and the ansible-core of another environment",
    )
    arguments = parser.parse_args()
    columns = ["targets", "run", "tool", "wall, s", "wall / pyinfra", "controller CPU, s a target"]
    columns += ["target CPU, s a target", "controller memory, MiB"]
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    with tempfile.TemporaryDirectory(prefix="cartable-bench-") as temporary:
        folder = Path(temporary)
        if "pyinfra" not in arguments.without:
            install_pyinfra(folder / "pyinfra")
        for count in arguments.targets:
            with Targets(folder / f"targets-{count}", count) as targets:
                tools = {
                    name: tool
                    for name, tool in prepare(folder, targets, arguments.ansible.absolute()).items()
                    if name not in arguments.without
                }
                bench(folder, targets, tools, arguments.rounds, first=count <= arguments.first_at_most)
    shutil.rmtree(ROOT, ignore_errors=True)


def bench(folder: Path, targets: Targets, tools: Mapping[str, Tool], rounds: int, *, first: bool) -> None:
    """Print the rows for one number of targets: a first run of each tool, then rounds in which nothing changes."""
    forget(folder)
    runs: dict[str, dict[str, list[Usage]]] = {"first": {}, "no-op": {name: [] for name in tools}}
    for name in tools if first else []:
        forget(folder)
        runs["first"][name] = [measure_on(targets, *tools[name], folder, folder / "cp")]
    # Each first run forgets what the one before has kept, and so does this: all start the rounds with everything there.
    measure_on(targets, *(tools.get("batch") or next(iter(tools.values()))), folder, folder / "cp")
    for _ in range(rounds):
        for name, tool in tools.items():
            runs["no-op"][name].append(measure_on(targets, *tool, folder, folder / "cp"))
    print_rows(len(targets.ports), "pyinfra", runs)


def forget(folder: Path) -> None:
    """Let the next run be the first one."""
    for kept in (ROOT, Path.home() / ".ansible" / "cartable-batch", folder / "cache"):
        shutil.rmtree(kept, ignore_errors=True)


if __name__ == "__main__":
    main()
