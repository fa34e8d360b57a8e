"""One run of scripts/demo on the virtual school, watched; the tests of this folder look at what it left.

The run has its own data folder, home and temporary folder, so that everything it writes can be searched.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reversibility.commands.vault import publish_recipient
from reversibility.market.paths import MarketPaths
from reversibility.records.password_policy import policy_named
from reversibility.records.vault import KdfCost, Vault
from tests.e2e.secrets_hunt import ProcessSampler
from tests.lab.access_points import simulated_access_points
from tests.lab.windows import simulated_pcs
from tests.project import PROJECT

INVENTORY = PROJECT / "inventories" / "demo"
BIN = Path(sys.executable).parent
LAB = PROJECT / "scripts" / "lab"
TAGS = frozenset({"NA250001", "SW250001", "RT250001", "PD250001", "UC250001", "UC250002", "UC180001"})
"""The containers."""
WINDOWS = frozenset({"UC250003", "UC250004"})
"""The simulated Windows PCs."""
ACCESS_POINT = "AP250001"
"""The simulated access point."""


@dataclass
class School:
    """The virtual school, up, and the environment in which its operator works."""

    paths: MarketPaths
    environment: Mapping[str, str] = field(repr=False)
    canaries: Mapping[str, str] = field(default_factory=dict, repr=False)

    def run(
        self, *command: str | Path, check: bool = True, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the operator's; its output is shown when it fails."""
        arguments = [str(part) for part in command]
        done = subprocess.run(
            arguments,
            cwd=PROJECT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            pytest.fail(
                f"{' '.join(arguments)}: exit status {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
            )
        return done

    def on_host(self, tag: str, script: str, stdin: str | None = None) -> str:
        """Run a shell script as root on a host, by the container engine: works whatever the host's SSH does."""
        return self.run(
            LAB, "podman", "exec", "-i", f"cartable-lab-{tag.lower()}", "/bin/sh", "-euc", script, stdin=stdin
        ).stdout

    def playbook(self, name: str, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a playbook from the controller in the administration VLAN."""
        return self.run(*self.playbook_command(name), *options, check=check)

    @staticmethod
    def playbook_command(name: str) -> list[str | Path]:
        """The command that runs a playbook from the controller."""
        return [LAB, "run", BIN / "ansible-playbook", "-i", INVENTORY, PROJECT / "playbooks" / name]

    def vault(self) -> Vault:
        """The school's vault, opened."""
        return Vault.open(
            self.paths.vault, (self.paths.keys / "vault-passphrase").read_text(encoding="utf-8").strip()
        )

    def newest_bundle(self) -> Path:
        """The bundle that was built last."""
        return max(path for path in self.paths.bundles.iterdir() if path.name.startswith("cartable-"))

    def fingerprint(self) -> str:
        """The signing key's fingerprint, which the town has on paper."""
        return self.run("ssh-keygen", "-l", "-f", self.paths.keys / "signing_ed25519.pub").stdout.split()[1]


@dataclass
class DemoRun:
    """What scripts/demo printed and what was sampled meanwhile; ``started`` is when the first secret was planted."""

    started: float
    output: str
    processes: ProcessSampler
    home: Path
    temporary: Path


@pytest.fixture(scope="session")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """The lab, up, with a data folder of its own."""
    folder = tmp_path_factory.mktemp("school")
    data, home, temporary = folder / "data", folder / "home", folder / "tmp"
    for path in (data, home, temporary):
        path.mkdir()
    environment = os.environ | {
        "CARTABLE_DATA_DIR": str(data),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
    }
    paths = MarketPaths("demo", INVENTORY, data / "demo")
    environment["CARTABLE_VAULT_PASSPHRASE_COMMAND"] = f"cat '{paths.keys / 'vault-passphrase'}'"
    school = School(paths, environment)
    school.run(LAB, "up")
    yield school
    school.run(LAB, "down")


@pytest.fixture(scope="session")
def inventory_canary(school: School, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A secret in the inventory, as Ansible keeps one there: encrypted with ansible-vault."""
    secret, password = secrets.token_urlsafe(18), tmp_path_factory.mktemp("ansible-vault") / "password"
    password.write_text(secrets.token_urlsafe(18), encoding="ascii")
    school.environment = {**school.environment, "ANSIBLE_VAULT_PASSWORD_FILE": str(password)}
    encrypt = [BIN / "ansible-vault", "encrypt_string", "--stdin-name", "canary_snmp_community"]
    folder = INVENTORY / "host_vars" / "RT250001"  # which has no variables of its own
    folder.mkdir(exist_ok=True)  # a run that was killed may have left it
    try:
        encrypted = school.run(*encrypt, stdin=secret).stdout
        (folder / "canary.yml").write_text(
            f"# Left by tests/e2e; remove this folder.\n{encrypted}", encoding="ascii"
        )
        yield secret
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def demo(school: School, inventory_canary: str) -> Iterator[DemoRun]:
    """scripts/demo, run to its end with planted secrets (canaries) while every process is sampled.

    Its simulated devices ended with it; they run again for what the tests do next.
    """
    started = time.time()
    planted = {
        "file on the NAS": secrets.token_urlsafe(18),
        "Wi-Fi key on the director's PC": secrets.token_urlsafe(18),
        "password in the vault": policy_named("administrator").generate(),
        "recovery key in the vault": secrets.token_urlsafe(18),
        "encrypted variable in the inventory": inventory_canary,
    }
    # On devices: in files that observe reads, the way administrators leave secrets in them.
    school.on_host(
        "NA250001",
        "umask 077; printf '# ldap admin password = %s\\n' \"$(cat)\" > /etc/default/canary",
        stdin=planted["file on the NAS"],
    )
    school.on_host(
        "PD250001",
        'umask 077; printf \'psk="%s"\\n\' "$(cat)" > /etc/default/wifi',
        stdin=planted["Wi-Fi key on the director's PC"],
    )
    # In the vault: made before the demo, with the passphrase that the demo will find.
    school.paths.keys.mkdir(parents=True, mode=0o700, exist_ok=True)
    passphrase = secrets.token_urlsafe(24)
    (school.paths.keys / "vault-passphrase").write_text(passphrase + "\n", encoding="utf-8")
    # Cheap to derive: the tests of this folder open it hundreds of times.
    vault = Vault.create(school.paths.vault, passphrase, cost=KdfCost(memory_mib=19, passes=2, lanes=1))
    publish_recipient(vault, school.paths.state)
    with school.vault().transaction() as change:
        change.put_current(
            "trois_platanes",
            "SW250001",
            "snmp",
            username="snmp",
            password=planted["password in the vault"],
            policy="administrator",
        )
        change.put_secret(
            "trois_platanes", "SW250001", "snmp", "recovery key", planted["recovery key in the vault"]
        )
    school.canaries = planted
    with ProcessSampler() as sampler:
        done = school.run(PROJECT / "scripts" / "demo")
    home, temporary = (Path(school.environment[name]) for name in ("HOME", "TMPDIR"))
    with simulated_pcs(school.paths), simulated_access_points(school.paths):
        yield DemoRun(started, done.stdout, sampler, home, temporary)
