"""No secret is anywhere that it should not be, after a full run of the demo."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reversibility.bundle.build import SIGNING_KEY
from reversibility.bundle.open import halves, load_identity
from tests.e2e.conftest import BIN, INVENTORY, PROJECT, TAGS, DemoRun, School
from tests.e2e.secrets_hunt import Hunt, encodings
from tests.lab import access_points
from tests.lab.access import OPERATOR_KEY
from tests.lab.places import CACHE
from tests.lab.windows import folder_of

# Of a host: everything where programs leave things, and elsewhere what was written since the demo began. Where a host
# has to know passwords (/etc/shadow, /var/lib/samba/private), it has hashes of them, in which nothing is found.
LEFT_THINGS = "tmp var/tmp var/log root home run dev/shm"
KEPT_THINGS = "etc srv opt var/lib var/cache"
NOT_COLLECTED = {
    "etc/default/canary": "planted, where observe finds it",
    "etc/default/wifi": "likewise",
    "etc/freeradius/3.0/cartable/secrets": "where the RADIUS server has the secrets that it shares with devices",
    "var/lib/apt/lists": "published by the mirrors, and much",
    "var/cache/apt": "likewise",
}


def collect(since: float) -> str:
    """The command that packs a host's files into an archive."""
    pruned = " -o ".join(f"-path {path}" for path in NOT_COLLECTED)
    return (
        f"cd /; {{ find {LEFT_THINGS} -type f -print0 || true; "
        f"find {KEPT_THINGS} \\( {pruned} \\) -prune -o -type f -newerct @{since} -print0 || true; }} 2>/dev/null "
        "| tar --create --sparse --ignore-failed-read --null --files-from=- 2>/dev/null | gzip -1 | base64 -w0"
    )


@pytest.fixture(scope="module")
def secrets(school: School, demo: DemoRun) -> dict[str, str]:
    """The planted secrets, and every secret that the demo itself made, also what was changed since."""
    vault = school.vault()
    made = {f"vault: {entry.asset}/{entry.account}": entry.password for entry in vault.entries()}
    made["vault: age identity"] = vault.age_identity()
    known = {*made.values(), *school.canaries.values()}
    for number, former in enumerate(sorted(vault.secrets() - known), 1):
        made[f"vault: former or waiting secret {number}"] = former
    made["vault: passphrase"] = (school.paths.keys / "vault-passphrase").read_text(encoding="utf-8").strip()
    passphrase, key_file = halves(
        school.newest_bundle(),
        [
            identity
            for key in sorted(school.paths.keys.glob("holders/*.key"))
            for identity in load_identity(key)
        ],
    )
    made["bundle: passphrase of its vault"] = passphrase
    for number, line in enumerate(re.findall(r"^ +([0-9A-F ]{35,})$", key_file.decode(), re.MULTILINE), 1):
        made[f"bundle: key file, line {number}"] = line
        made[f"bundle: key file, line {number} without spaces"] = line.replace(" ", "")
    for key in (
        *sorted(school.paths.keys.glob("holders/*.key")),
        school.paths.keys / SIGNING_KEY,
        school.paths.keys / OPERATOR_KEY,
    ):
        made[f"private key {key.name}"] = key_line(key)
    return {**made, **school.canaries}


def key_line(path: Path) -> str:
    """A line of a private key that no other key has: an age identity, or the end of an OpenSSH key."""
    return [
        line for line in path.read_text(encoding="ascii").splitlines() if not line.startswith(("#", "---"))
    ][-2:][0]


def test_the_vault_did_get_the_secrets_that_are_hunted(school: School, secrets: dict[str, str]) -> None:
    assert {f"vault: {tag}/cartable" for tag in TAGS} <= secrets.keys()
    # test_1_demo has changed the passwords of a PC: those that the demo worked with are in the history.
    assert school.vault().secrets() <= set(secrets.values())
    assert {
        "bundle: key file, line 1",
        "private key signing_ed25519",
        "private key operator_ed25519",
    } <= secrets.keys()
    assert sum(name.startswith("private key ") for name in secrets) == 6
    assert all(len(value) >= 8 for value in secrets.values())


def test_the_inventory_did_hold_its_secret(school: School, secrets: dict[str, str]) -> None:
    show = ["-m", "ansible.builtin.debug", "-a", "var=canary_snmp_community"]
    read = school.run(BIN / "ansible", "-i", INVENTORY, "RT250001", *show).stdout
    assert secrets["encrypted variable in the inventory"] in read


SHARED = (*map(Path, ("/tmp", "/var/tmp", "/dev/shm", "/var/log")), CACHE, PROJECT)
"""Where others write as well: other programs, and the tests, which run Ansible in the project's own tree."""


def places(school: School, demo: DemoRun) -> Iterator[Path]:
    """The folders on the controller that are the run's own."""
    yield school.paths.data
    yield demo.home
    yield demo.temporary
    yield Path("/run/cartable-lab")


def test_no_secret_is_in_a_file_of_the_controller(
    school: School, demo: DemoRun, secrets: dict[str, str]
) -> None:
    hunt = Hunt(secrets)
    vaults = [
        *school.paths.data.glob("vault.kdbx*"),
        *school.paths.bundles.glob("*/data/06-secrets/vault.kdbx"),
    ]
    # A simulated device knows its passwords and keys, as a real one does; what a PC received, its journal, is searched.
    known_to_pcs = list(folder_of(school.paths).glob("*.json"))
    known_to_access_points = list(access_points.folder_of(school.paths).glob("*/etc"))
    assert known_to_pcs and known_to_access_points
    own = list(places(school, demo))
    for place in own:
        hunt.search_tree(
            place, leave_out=[*vaults, *known_to_pcs, *known_to_access_points, school.paths.keys]
        )
    assert hunt.searched > 100
    # What was written there since, by whatever program. The project's Git history has a test of its own.
    leave_out = [*own, PROJECT / ".git", *PROJECT.glob(".venv*")]
    for place in SHARED:
        hunt.search_tree(place, leave_out=leave_out, since=demo.started)
    assert hunt.found == []


def test_no_secret_is_in_a_git_bundle_of_the_hand_over(
    school: School, demo: DemoRun, secrets: dict[str, str], tmp_path: Path
) -> None:
    hunt = Hunt(secrets)
    packs = [
        path
        for path in school.newest_bundle().rglob("*")
        if path.is_file() and path.read_bytes()[:16].startswith(b"# v2 git bundle")
    ]
    assert packs, "the bundle carries no Git repository"
    for number, pack in enumerate(packs):
        subprocess.run(["git", "clone", "--quiet", "--bare", pack, tmp_path / str(number)], check=True)
        hunt.search_git(tmp_path / str(number))
    assert hunt.found == []


def test_no_secret_was_in_a_process_list(demo: DemoRun, secrets: dict[str, str]) -> None:
    hunt = Hunt(secrets)
    for sample in demo.processes.samples:
        hunt.search(f"process {sample[:60].split(bytes(1))[0]!r}", sample)
    assert demo.processes.rounds > 100
    programs = b" ".join(demo.processes.samples)
    assert all(name in programs for name in (b"ansible-playbook", b"ssh", b"CARTABLE_DATA_DIR="))
    assert hunt.found == []


def test_no_secret_is_in_the_log_or_the_files_of_a_host(
    school: School, demo: DemoRun, secrets: dict[str, str]
) -> None:
    hunt = Hunt(secrets)
    for tag in TAGS:
        hunt.search(
            f"journal of {tag}",
            school.on_host(tag, "journalctl --no-pager --output=json 2>/dev/null || true").encode(),
        )
        files = base64.b64decode(school.on_host(tag, collect(demo.started)))
        names = set()
        with tarfile.open(fileobj=io.BytesIO(files)) as archive:
            for member in archive:
                names.add(member.name)
                if file := archive.extractfile(member) if member.isreg() else None:
                    hunt.search(f"{member.name} of {tag}", file.read())
        assert "etc/sudoers" in names, "what the demo has written is not in the archive"
        assert not names & NOT_COLLECTED.keys()
        hunt.search(f"names of files of {tag}", "\n".join(names).encode())
    assert hunt.found == []


def test_no_secret_is_in_the_projects_own_git_history(secrets: dict[str, str]) -> None:
    hunt = Hunt(secrets)
    hunt.search_git(PROJECT)
    assert hunt.found == []


def test_the_hunt_would_have_found_them(
    school: School, demo: DemoRun, secrets: dict[str, str], tmp_path: Path
) -> None:
    value = next(iter(secrets.values()))
    for number, form in enumerate(sorted(encodings(value))):
        (tmp_path / str(number)).write_bytes(b"x" + form + b"x")
    hunt = Hunt(secrets)
    hunt.search_tree(tmp_path)
    assert len(hunt.found) >= len(encodings(value))
