"""The commands that OUVRIR.txt and lisez-moi.html print, typed to the letter where their reader would type them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reversibility.records.state import State
from tests.unit.bundle.market import Case, make_case
from tests.unit.bundle.reader import EQUIPMENT, PROJECT, SECRETS, Expected, Reader, make_reader
from tests.unit.contract import handover

pytestmark = pytest.mark.playbook

OPENING: Expected = [
    ("age -d -i MA-CLE moitie-a/", SECRETS, r"^([A-Z2-9]{4}-){6}[A-Z2-9]{4}"),
    ("age -d -i MA-CLE -o ../../../cle.keyx moitie-b/", SECRETS, ""),
    (
        "keepassxc-cli ls -R -k ../../../cle.keyx vault.kdbx",
        None,
        "",
    ),  # asks for the passphrase; test_dual_control.py types it
    ("reversibility open DOSSIER ", "", "under the new passphrase"),
    ("age -d -i IDENTITE config.age | tar ", EQUIPMENT, "etc/hostname"),
    ("reversibility open DOSSIER ", "", "SSH key is in operator_ed25519"),
    ("chmod 600 operator_ed25519", "", ""),
]
# What Ansible makes of the variables with which it logs in to a machine.
LOGIN = "{{ [ansible_ssh_private_key_file, ansible_ssh_common_args] + accounts_operator_keys }}"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("market"))


@pytest.fixture(scope="module")
def reader(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    built = case.build()
    return make_reader(
        tmp_path_factory.mktemp("reader"),
        built.path,
        case.market,
        case.paths.data,
        fingerprint=built.seal.fingerprint,
        age_identity=case.vault.age_identity(),
        passphrase_command=f"echo '{handover.PASSPHRASE}'",
        # The market of these tests is no whole project, and the clone has no collection.
        environment={"ANSIBLE_COLLECTIONS_PATH": str(handover.PROJECT / "collections")},
    )


@pytest.mark.judge("age")
def test_every_command_of_the_opening_sheet(case: Case, reader: Reader) -> None:
    printed = re.findall(r"^ {7}(\S.*)$", reader.page("06-secrets/OUVRIR.txt"), re.MULTILINE)
    reader.follow(printed, OPENING)
    (reader.folder / "cle.keyx").unlink()  # as it says in the end
    assert is_the_key(reader.folder / "operator_ed25519", case.paths.operator_key)
    for name in ("vault.kdbx", "operator_ed25519", "operator_ed25519.pub"):
        (reader.folder / name).unlink()


@pytest.mark.judge("age")
def test_every_command_of_the_start_page(case: Case, reader: Reader) -> None:
    printed = reader.follow_start_page()
    reader.type(printed[-2].replace("--until audit", "--until open"), PROJECT)
    project, records = reader.project, reader.project / "var/demo"
    assert (project / "inventories/demo/hosts.yml").is_file()
    assert (records / "state/trois_platanes/UC250001/inventory.json").is_file()
    assert State(records / "state").verify() == []
    assert (records / "vault.kdbx").is_file()
    key = records / "keys/operator_ed25519"
    assert is_the_key(key, case.paths.operator_key) and key.parent.stat().st_mode & 0o777 == 0o700
    assert (records / "known_hosts").read_bytes() == case.paths.known_hosts.read_bytes()
    # As far as this goes without a machine: Ansible has the market, the vault, and all that it logs in with.
    assert "@managed:" in reader.type("ansible-inventory -i inventories/demo --graph", PROJECT)
    said = reader.type(
        f"ansible -i inventories/demo UC250001 -m ansible.builtin.debug -a 'msg={LOGIN}'", PROJECT
    )
    for needed in (key, records / "known_hosts", public(case.paths.operator_key)):
        assert str(needed) in " ".join(said.split()), said


def is_the_key(found: Path, wanted: Path) -> bool:
    """Whether both halves of a key are there, the private one for its owner only, as ssh asks for."""
    return (
        found.read_bytes() == wanted.read_bytes()
        and found.stat().st_mode & 0o777 == 0o600
        and public(found) == public(wanted)
    )


def public(key: Path) -> str:
    """The public half beside a key."""
    return key.with_suffix(".pub").read_text(encoding="ascii").strip()
