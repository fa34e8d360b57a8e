"""Our own roles on the lab's PCs (playbooks/provision.yml): in batches, by plain tuned Ansible, and pyinfra doing less.

    .venv/bin/python scripts/bench/roles.py [--targets 1 10 50] [--rounds 3] [--first-at-most 10]
        [--turns pyinfra batch] [--ansible DIRECTORY]

Wants root, takes down the school that is up, and lets the machine have more inotify instances meanwhile; pyinfra is
installed into an environment of its own, in the temporary folder. For each way a new school is put up and provisioned;
then all take turns on the last one, where nothing changes any more. Prints a Markdown table, and which files of a PC
differ between batches and Ansible after the first run. Seconds depend on the machine, which the controller and all PCs
share; the ratio travels. What pyinfra does is in roles_pyinfra.py.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from left_behind import left_behind, unlike
from measuring import PROJECT, TICKS, Usage, install_pyinfra, measure_on, print_rows

from reversibility.market.paths import MarketPaths
from reversibility.records.vault import Vault
from tests.e2e.kills import descendants
from tests.lab.detect import INOTIFY

LAB = PROJECT / "scripts" / "lab"
BIN = Path(sys.executable).parent
HERE = Path(__file__).resolve().parent
PYINFRA_WAY = "pyinfra"
PASSWORDS = "CARTABLE_BENCH_PASSWORDS"
# Each way's value of cartable_batch; the last way's school is kept.
WAYS = {PYINFRA_WAY: None, "one by one": False, "batch": True}
FIRST_ADDRESS = 20  # of 203.0.113.0/24 (RFC 5737, for documentation): what is before it is the school's own


class Computers:
    """The PCs of the school that is up."""

    def __init__(self, tags: list[str]) -> None:
        said = lab("podman", "inspect", "--format", "{{.State.Pid}}", *map(container, tags), keep=True)
        self._first = [int(line) for line in said.split()]

    def cpu(self) -> float:
        """Seconds of CPU that they have taken since they are up."""
        return sum(sum(map(int, fields[11:15])) for fields in self._processes()) / TICKS

    def sessions(self) -> int:
        """How many SSH sessions are open: each PC has one sshd that listens, and one more process a session."""
        ssh = [fields for fields in self._processes() if fields[0].startswith("sshd")]
        return len(ssh) - len(self._first)

    def _processes(self) -> list[list[str]]:
        """Of each process its name, then the fields that follow it in /proc/PID/stat."""
        found = []
        for process in descendants(*self._first):
            try:
                text = Path(f"/proc/{process}/stat").read_text()
            except OSError:  # it has ended
                continue
            name, _, rest = text.partition("(")[2].rpartition(")")
            found.append([name, *rest.split()[1:]])
        return found


def container(tag: str) -> str:
    """The name of the container that stands for a PC."""
    return f"cartable-lab-{tag.lower()}"


def lab(*arguments: str | Path, keep: bool = False) -> str:
    """Run the lab's command; ends the benchmark when it fails."""
    done = subprocess.run([LAB, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: scripts/lab {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
    return done.stdout if keep else ""


def write_market(folder: Path, count: int) -> list[str]:
    """The demo's market with ``count`` more PCs for pupils; their tags."""
    shutil.copytree(PROJECT / "inventories" / "demo", folder)
    tags = [f"UC26{number:04}" for number in range(1, count + 1)]
    hosts, network, switch = (
        yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        for name in ("hosts.yml", "network.yml", "host_vars/SW250001.yml")
    )
    [subnet] = [one for one in network["subnets"] if one["vlan"] == "pupils"]
    subnet |= {"cidr": "203.0.113.0/24", "gateway": "203.0.113.1"}
    room = hosts["all"]["children"]["site_trois_platanes"]["children"]["room_cm2"]["hosts"]
    for number, host in enumerate(room.values(), start=2):
        host["ansible_host"] = f"203.0.113.{number}"
    pattern = room["UC250002"]["asset"]
    for number, tag in enumerate(tags):
        own = {"serial": f"LAB-{tag}", "mac": f"02:00:5e:01:00:{number:02x}"}
        room[tag] = {"ansible_host": f"203.0.113.{FIRST_ADDRESS + number}", "asset": {**pattern, **own}}
        switch["ports"][f"p_{tag.lower()}"] = {"mode": "access", "vlan": "pupils", "peer": tag}
    written: dict[str, Any] = {
        "hosts.yml": hosts,
        "network.yml": network,
        "host_vars/SW250001.yml": switch,
    }
    for name, content in written.items():
        (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return tags


@contextmanager
def room_for(count: int) -> Iterator[None]:
    """Let the machine run so many PCs, besides the school's own hosts, as long as they are wanted."""
    allowed = INOTIFY.read_text()
    INOTIFY.write_text(str(max(int(allowed), 10 * (count + 20))))
    try:
        yield
    finally:
        try:
            lab("down")
        finally:
            INOTIFY.write_text(allowed)


def put_up(folder: Path, inventory: Path, tags: list[str]) -> Computers:
    """A school of new machines with a new vault; its records are below ``folder``."""
    lab("down")
    os.environ["CARTABLE_DATA_DIR"], os.environ["HOME"] = str(folder / "data"), str(folder)
    shutil.rmtree(folder / "data", ignore_errors=True)
    paths = MarketPaths.for_inventory(inventory)
    paths.keys.mkdir(parents=True)
    passphrase = passphrase_file(paths)
    passphrase.touch(mode=0o600)
    passphrase.write_text(secrets.token_urlsafe(24) + "\n", encoding="ascii")
    os.environ["CARTABLE_VAULT_PASSPHRASE_COMMAND"] = f"cat '{passphrase}'"
    lab("up", "--inventory", inventory)
    subprocess.run([BIN / "reversibility", "vault", "init", "-i", inventory], check=True, capture_output=True)
    return Computers(tags)


def write_values(folder: Path, inventory: Path) -> None:
    """Write what pyinfra is to have on each PC into ``folder``, without a secret."""
    values = folder / "values"
    values.mkdir(exist_ok=True)
    playbook = [HERE / "roles_values.yml", "-e", json.dumps({"values_folder": str(values)})]
    subprocess.run(
        [BIN / "ansible-playbook", "-i", inventory, *playbook], cwd=PROJECT, check=True, capture_output=True
    )
    (folder / "inventory.py").write_text(
        "import json, os, pathlib\n"
        f"passwords = json.loads(os.environ[{PASSWORDS!r}])\n"
        f"found = sorted(pathlib.Path({str(values)!r}).glob('*.json'))\n"
        "targets = [(path.stem, json.loads(path.read_text()) | passwords[path.stem]) for path in found]\n"
    )


def sudo_passwords(inventory: Path, tags: list[str]) -> dict[str, str]:
    """The environment in which pyinfra finds what sudo asks for on each PC now; on a new PC it asks for nothing."""
    paths = MarketPaths.for_inventory(inventory)
    vault = Vault.open(paths.vault, passphrase_file(paths).read_text(encoding="ascii").strip())
    accounts = {tag: vault.find(tag, "cartable") for tag in tags}
    found = {tag: {"_sudo_password": entry.password if entry else ""} for tag, entry in accounts.items()}
    return {PASSWORDS: json.dumps(found)}


def passphrase_file(paths: MarketPaths) -> Path:
    """Where the passphrase of the vault is, as in scripts/demo."""
    return paths.keys / "vault-passphrase"


def bench(
    folder: Path, count: int, rounds: int, ways: Sequence[str], turns: Sequence[str], ansible: Path
) -> None:
    """Print the rows for one number of PCs: of ``ways`` the first run is measured, ``turns`` repeat it."""
    inventory = folder / "lab"
    tags = write_market(inventory, count)
    first: dict[str, list[Usage]] = {}
    again: dict[str, list[Usage]] = {way: [] for way in turns}
    home = folder / "home"
    home.mkdir()
    settings = {"ANSIBLE_FORKS": "50"}

    def provision(way: str) -> Usage:
        if way == PYINFRA_WAY:
            write_values(folder, inventory)
            program = [folder.parent / "pyinfra" / "bin" / "pyinfra", "-y"]
            command = [LAB, "run", *program, folder / "inventory.py", HERE / "roles_pyinfra.py"]
            passwords = sudo_passwords(inventory, tags)
            return measure_on(computers, command, passwords, folder, home / ".ansible" / "cp")
        variables = json.dumps({"cartable_batch": WAYS[way]})
        playbook = [PROJECT / "playbooks" / "provision.yml", "--limit", "UC26*", "--extra-vars", variables]
        command = [LAB, "run", ansible / "ansible-playbook", "-i", inventory, *playbook]
        return measure_on(computers, command, settings, PROJECT, home / ".ansible" / "cp")

    left: list[dict[str, str]] = []
    for way in ways:
        computers = put_up(home, inventory, tags)
        first[way] = [provision(way)]
        if way != PYINFRA_WAY:
            left.append(left_behind(LAB, container(tags[0])))
    provision(PYINFRA_WAY)  # it reads apt's lists once, since it has not seen that the roles have
    for _ in range(rounds):
        for way in turns:
            again[way].append(provision(way))
            print(count, way, again[way][-1], file=sys.stderr, flush=True)
    print_rows(count, PYINFRA_WAY, {"first": first, "no-op": again})
    if len(left) > 1:
        found = list(unlike(*left))
        print(
            f"\nOf {len(left[0])} files of {tags[0]} after a first run of each way, {len(found)} differ.",
            *found,
            sep="\n",
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--targets", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--first-at-most",
        type=int,
        default=10,
        help="measure the first run of each way up to so many PCs, above only the batch's",
    )
    parser.add_argument(
        "--turns",
        nargs="+",
        choices=list(WAYS),
        default=list(WAYS),
        help="which ways take turns where nothing changes any more; pyinfra is what the others are compared with",
    )
    parser.add_argument(
        "--ansible",
        type=Path,
        default=BIN,
        help="where ansible-playbook is, to measure with the Python and the ansible-core of another environment",
    )
    arguments = parser.parse_args()
    columns = ["PCs", "run", "way", "wall, s", "wall / pyinfra", "controller CPU, s a PC"]
    columns += ["PC's CPU, s", "controller memory, MiB"]
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    with tempfile.TemporaryDirectory(prefix="cartable-bench-") as temporary:
        install_pyinfra(Path(temporary) / "pyinfra")
        for count in arguments.targets:
            ways = list(WAYS) if count <= arguments.first_at_most else ["batch"]
            folder = Path(temporary) / str(count)
            folder.mkdir()
            with room_for(count):
                bench(folder, count, arguments.rounds, ways, arguments.turns, arguments.ansible.absolute())


if __name__ == "__main__":
    main()
