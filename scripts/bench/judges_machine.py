"""The containers that scripts/bench/judges.py judges, and whether an operator and a user can still work on them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
MARKET = PROJECT / "tests" / "molecule" / "market"
EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE".hex()


class Judged:
    """A running container, known to podman by its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a shell script in the container."""
        argv = ["podman", "exec", "--interactive", self.name, "sh", "-c", script]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    def copy(self, source: Path, target: str) -> None:
        """Copy a file or folder into the container."""
        subprocess.run(["podman", "cp", source, f"{self.name}:{target}"], check=True, capture_output=True)


class Container(Judged):
    """A container of the lab's image, made by the scenario's own create.yml."""

    def __init__(self, asset: str, folder: Path) -> None:
        super().__init__(f"cartable-molecule-{asset.lower()}")
        self.asset, self.folder = asset, folder
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "CARTABLE_TEST_ASSET": asset,
            "CARTABLE_DATA_DIR": str(folder / "data"),
            "MOLECULE_EPHEMERAL_DIRECTORY": str(folder),
            "MOLECULE_PROJECT_DIRECTORY": str(PROJECT / "roles" / "security"),
            "CARTABLE_VAULT_PASSPHRASE_COMMAND": f"cat {folder}/passphrase",
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
        }

    def play(self, playbook: Path, *more: str) -> str:
        """Run a playbook on the scenario's market; what it says when it fails."""
        done = subprocess.run(
            ["ansible-playbook", "-i", MARKET, playbook, *more],
            env=self.environment,
            capture_output=True,
            text=True,
            cwd=PROJECT,
        )
        if done.returncode:
            sys.exit(f"{playbook.name} failed on {self.asset}:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")
        return done.stdout

    def make(self) -> None:
        """A new machine, as its installation leaves it."""
        subprocess.run(
            ["podman", "rm", "--force", "--ignore", "--volumes", "--time=1", self.name],
            check=True,
            capture_output=True,
        )
        for rest in ("known_hosts", "operator_ed25519", "operator_ed25519.pub"):
            (self.folder / rest).unlink(missing_ok=True)
        self.play(PROJECT / "tests/molecule/create.yml")
        # ClamAV's own signatures come from the internet. Its units want files of the names "main" and "daily".
        self.run(
            "mkdir -p /var/lib/clamav && cd /var/lib/clamav && touch main.inc daily.inc && "
            f"echo 'Cartable.EICAR:0:*:{EICAR}' > essai.ndb"
        )
        self.play(PROJECT / "tests/molecule/prepare.yml")

    def remove(self) -> None:
        """End it."""
        subprocess.run(
            ["podman", "rm", "--force", "--ignore", "--volumes", "--time=1", self.name],
            check=False,
            capture_output=True,
        )


def breakage(container: Container) -> dict[str, bool]:
    """What an operator and a user do, and whether it still works."""
    key = [
        "-i",
        str(container.folder / "operator_ed25519"),
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
    ]
    key += ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    proxy = ["-o", f"ProxyCommand=podman exec -i {container.name} /usr/sbin/sshd -i"]

    def ssh(*words: str) -> bool:
        done = subprocess.run(
            ["ssh", *key, *proxy, "cartable@x", *words], capture_output=True, text=True, timeout=60
        )
        return done.returncode == 0

    def become() -> bool:
        words = [
            "ansible",
            "-i",
            str(MARKET),
            container.asset,
            "-b",
            "-m",
            "ansible.builtin.command",
            "-a",
            "id -u",
        ]
        done = subprocess.run(
            words, env=container.environment, capture_output=True, text=True, cwd=PROJECT, timeout=120
        )
        return "| CHANGED | rc=0 >>\n0" in done.stdout

    def jump() -> bool:
        inner = "ssh " + " ".join(f"'{word}'" for word in (*key, *proxy)) + " -W 127.0.0.1:22 cartable@x"
        words = ["ssh", *key, "-o", f"ProxyCommand={inner}", "cartable@y", "true"]
        return subprocess.run(words, capture_output=True, timeout=60).returncode == 0

    return {
        "login by key": ssh("true"),
        "become through Ansible": become(),
        "ProxyJump": jump(),
        "apt update and install": container.run("apt-get update -qq && apt-get install -y -qq less").returncode == 0,
        "a user's password login": container.run(
            "id essai >/dev/null 2>&1 || useradd -m essai; echo 'essai:wR4k-Zt8s-Np6x' | chpasswd && "
            "echo wR4k-Zt8s-Np6x | runuser -u nobody -- su essai -c true"
        ).returncode == 0,
    }  # fmt: skip
