"""One holder of each group opens the vault; no number of holders of one group does. Judged by age and KeePassXC."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage
import pytest
from pykeepass import PyKeePass
from pykeepass.exceptions import CredentialsError

from reversibility.bundle import dual_control
from reversibility.bundle.dual_control import (
    Holder,
    Holders,
    Sheet,
    load_holders,
    new_key_file,
    new_passphrase,
    write_secrets,
)
from reversibility.bundle.open import halves, load_identity, open_vault, write_vault
from reversibility.errors import CartableError
from reversibility.records.vault import KdfCost, Vault
from tests.unit.bundle.conftest import make_key

CHEAP = KdfCost(memory_mib=19, passes=2, lanes=1)
SECRET = "Mot-de-passe:8Zk=de.UC250001"
CONTRACT = {
    "holders": {
        "a": [
            {"name": "Mairie, services techniques", "party": "town", "recipient_file": "keys/mairie.pub"},
            {"name": "Mairie, direction générale", "party": "town", "recipient_file": "keys/dgs.pub"},
            {"name": "Mairie sans clé", "party": "town", "passphrase": True},
        ],
        "b": [
            {"name": "Entreprise Exemple", "party": "contractor", "recipient_file": "keys/contractor.pub"},
            {"name": "Repreneur", "party": "successor", "recipient_file": "keys/successor.pub"},
        ],
    }
}


@dataclass
class Case:
    """A bundle's folder of secrets, and what its holders have."""

    bundle: Path
    keys: dict[str, Path]  # holder's file name without suffix -> private key
    groups: dict[str, str]
    sheet: Sheet

    @property
    def secrets(self) -> Path:
        return self.bundle / "data" / "06-secrets"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Four holders with keys of three kinds, and one without."""
    root = tmp_path_factory.mktemp("dual")
    folder = root / "keys"
    folder.mkdir()
    for name in ("mairie", "successor"):
        identity = pyrage.x25519.Identity.generate()
        (folder / f"{name}.key").write_text(f"# created: today\n{identity}\n")
        (folder / f"{name}.pub").write_text(f"# public key\n{identity.to_public()}\n")
    make_key(folder / "contractor.key")
    (folder / "contractor.key.pub").rename(folder / "contractor.pub")
    rsa = folder / "dgs.key"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "3072", "-N", "", "-f", str(rsa)], check=True)
    (folder / "dgs.key.pub").rename(folder / "dgs.pub")
    vault = Vault.create(root / "vault.kdbx", "le coffre de tous les jours", cost=CHEAP)
    with vault.transaction() as change:
        change.put_current(
            "ecole", "UC250001", "cartable", username="cartable", password=SECRET, policy="user"
        )
    bundle = root / "bundle"
    secrets = bundle / "data" / "06-secrets"
    secrets.mkdir(parents=True)
    holders = load_holders(CONTRACT, root)
    sheets, copy = write_secrets(secrets, vault, holders, "essai", cost=CHEAP)
    assert len(sheets) == 1 and len(copy.entries()) == len(vault.entries())
    names = {"mairie-services-techniques": "mairie", "mairie-direction-generale": "dgs"}
    names |= {"entreprise-exemple": "contractor", "repreneur": "successor"}
    return Case(
        bundle,
        {slug: folder / f"{name}.key" for slug, name in names.items()},
        {Path(holder.file).stem: holder.group for holder in (*holders.a, *holders.b)},
        sheets[0],
    )


COMBINATIONS = [
    chosen
    for count in range(6)
    for chosen in itertools.combinations(
        [
            "mairie-services-techniques",
            "mairie-direction-generale",
            "mairie-sans-cle",
            "entreprise-exemple",
            "repreneur",
        ],
        count,
    )
]


@pytest.mark.parametrize("chosen", COMBINATIONS, ids="+".join)
def test_every_combination_of_holders(case: Case, chosen: tuple[str, ...]) -> None:
    identities = [
        identity for name in chosen if name in case.keys for identity in load_identity(case.keys[name])
    ]
    sheet = case.sheet.passphrase if "mairie-sans-cle" in chosen else None
    may_open = {case.groups[name] for name in chosen} == {"a", "b"}
    if not may_open:
        with pytest.raises(CartableError, match="None of the keys given opens the"):
            halves(case.bundle, identities, lambda holder: sheet)
        return
    passphrase, key_file = halves(case.bundle, identities, lambda holder: sheet)
    if len(chosen) == 2:  # the slow key derivation once for each pair; more holders have the same two halves
        entry = Vault.open(case.secrets / "vault.kdbx", passphrase, key_file).get(
            "ecole", "UC250001", "cartable"
        )
        assert entry is not None and entry.password == SECRET


@pytest.mark.judge("keepassxc-cli")
def test_neither_half_opens_the_vault_alone(case: Case) -> None:
    identities = [identity for key in case.keys.values() for identity in load_identity(key)]
    passphrase, key_file = halves(case.bundle, identities)
    key_path = case.bundle / "key.keyx"
    key_path.write_bytes(key_file)
    vault = str(case.secrets / "vault.kdbx")
    assert PyKeePass(vault, passphrase, str(key_path)).entries
    for half in ({"password": passphrase}, {"keyfile": str(key_path)}, {"password": key_file.decode()}):
        with pytest.raises(CredentialsError):
            PyKeePass(vault, **half)
    listing = ["keepassxc-cli", "ls", "-q", "-R", vault]
    both = subprocess.run(
        [*listing, "-k", str(key_path)], input=passphrase, capture_output=True, text=True, check=False
    )
    assert both.returncode == 0 and "UC250001/cartable" in both.stdout
    for alone in ([*listing], [*listing, "--no-password", "-k", str(key_path)]):
        refused = subprocess.run(alone, input=passphrase, capture_output=True, text=True, check=False)
        assert refused.returncode != 0 and "UC250001" not in refused.stdout
    key_path.unlink()


@pytest.mark.judge("age", "keepassxc-cli")
def test_the_procedure_on_paper_works_with_age_and_keepassxc(case: Case, tmp_path: Path) -> None:
    """OUVRIR.txt to the letter: age opens both halves, KeePassXC the vault."""
    procedure = (case.secrets / "OUVRIR.txt").read_text(encoding="utf-8")
    commands = re.findall(r"^ +(age -d .*moitie-.*)$", procedure, re.MULTILINE)
    assert commands == [
        "age -d -i MA-CLE moitie-a/MON-FICHIER.age",
        "age -d -i MA-CLE -o ../../../cle.keyx moitie-b/MON-FICHIER.age",
    ]
    folder = Path(shutil.copytree(case.secrets, tmp_path / "bundle/data/06-secrets"))
    for a, b in itertools.product(
        ("mairie-services-techniques", "mairie-direction-generale"), ("entreprise-exemple", "repreneur")
    ):
        outputs = []
        for command, name in zip(commands, (a, b), strict=True):
            words = command.replace("MON-FICHIER", name).split()
            words[words.index("MA-CLE")] = str(case.keys[name])
            outputs.append(
                subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout
            )
        listed = subprocess.run(
            ["keepassxc-cli", "export", "-q", "-f", "csv", "-k", "../../../cle.keyx", "vault.kdbx"],
            cwd=folder, input=outputs[0], capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert SECRET in listed.stdout, listed.stderr
        (tmp_path / "cle.keyx").unlink()


def test_nobody_else_opens_a_half(case: Case) -> None:
    stranger = pyrage.x25519.Identity.generate()
    with pytest.raises(CartableError, match=r"group A.*mairie-direction-generale"):
        halves(case.bundle, [stranger])
    with pytest.raises(CartableError, match="not the passphrase of mairie-sans-cle"):
        halves(case.bundle, [stranger], lambda holder: "AAAA-AAAA")


def test_the_vault_is_written_for_daily_work(case: Case, tmp_path: Path) -> None:
    keys = ("mairie-services-techniques", "repreneur")
    identities = [identity for name in keys for identity in load_identity(case.keys[name])]
    output = tmp_path / "vault.kdbx"
    vault = open_vault(case.bundle, identities)
    write_vault(vault, output, "une nouvelle phrase", cost=CHEAP)
    opened = Vault.open(output, "une nouvelle phrase")
    assert opened.entries() == vault.entries() != []
    assert opened.age_identity() == vault.age_identity()
    assert output.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CartableError, match="never overwritten"):
        write_vault(vault, output, "encore", cost=CHEAP)


def test_no_secret_is_in_the_clear(case: Case) -> None:
    passphrase, key_file = halves(
        case.bundle, [identity for key in case.keys.values() for identity in load_identity(key)]
    )
    key = re.sub(rb"\s", b"", key_file.split(b'">')[1].split(b"<")[0])
    hidden = [
        passphrase.encode(),
        key,
        bytes.fromhex(key.decode()),
        SECRET.encode(),
        case.sheet.passphrase.encode(),
    ]
    for path in case.bundle.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret in content for secret in hidden), path
    assert case.sheet.passphrase not in repr(case.sheet)


def test_secrets_are_fresh_and_long() -> None:
    assert len({new_passphrase() for _ in range(200)}) == 200
    assert re.fullmatch(r"([A-HJ-NP-Z2-9]{4}-){6}[A-HJ-NP-Z2-9]{4}", new_passphrase())
    assert new_key_file() != new_key_file()


def refuse(tmp_path: Path, holders: object, words: str) -> None:
    with pytest.raises(CartableError, match=words):
        load_holders({"holders": holders}, tmp_path)


def test_holders_that_cannot_be_are_refused(tmp_path: Path) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    (tmp_path / "one.pub").write_text(key)
    (tmp_path / "same.pub").write_text(f"  {key}  \n")
    (tmp_path / "broken.pub").write_text("age1broken\n")
    (tmp_path / "ecdsa.pub").write_text("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= x\n")
    one = {"name": "Un", "recipient_file": "one.pub"}
    paper = {"name": "Papier", "passphrase": True}
    refuse(tmp_path, None, "group a of the vault's holders is empty")
    refuse(tmp_path, {"a": [one], "b": []}, "group b of the vault's holders is empty")
    refuse(
        tmp_path,
        {"a": [one], "b": [{"name": "Deux", "recipient_file": "same.pub"}]},
        "same key in both groups",
    )
    refuse(tmp_path, {"a": [{"name": "Un"}], "b": [paper]}, "neither recipient_file nor passphrase")
    refuse(tmp_path, {"a": [{"name": "Un", "recipient_file": "absent.pub"}], "b": [paper]}, "cannot be read")
    for file in ("broken.pub", "ecdsa.pub"):
        refuse(tmp_path, {"a": [{"name": "Un", "recipient_file": file}], "b": [paper]}, "replace it")
    holders = load_holders({"holders": {"a": [one, dict(one)], "b": [paper]}}, tmp_path)
    assert [holder.file for holder in holders.a] == ["moitie-a/un.age", "moitie-a/un-2.age"]
    assert holders.b == (Holder("Papier", "b", "", None, "moitie-b/papier.age"),)
    assert isinstance(holders, Holders)


def test_a_private_key_that_is_none_is_refused(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "phrase", "-f", str(locked)], check=True)
    (tmp_path / "empty").write_text("# nothing\n")
    (tmp_path / "other").write_bytes(b"\xff\x00")
    for name, words in (("locked", "age -d -i"), ("empty", "no age identity"), ("other", "no age identity")):
        with pytest.raises(CartableError, match=words):
            load_identity(tmp_path / name)
    with pytest.raises(CartableError, match="cannot be read"):
        load_identity(tmp_path / "absent")


@pytest.mark.parametrize("difference", [-1, 1])
def test_a_copy_with_another_number_of_entries_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difference: int
) -> None:
    monkeypatch.setattr(dual_control, "_prove", with_entries(dual_control._prove, difference))
    with pytest.raises(CartableError, match="build again"):
        written(tmp_path, {})


def test_a_copy_that_does_not_give_the_operators_key_back_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Vault, "operator_key", lambda _: {"operator_ed25519": b"another"})
    with pytest.raises(CartableError, match="does not give back the SSH key"):
        written(tmp_path, {"operator_ed25519": b"private", "operator_ed25519.pub": b"public"})


def with_entries(prove: Any, difference: int) -> Any:
    return lambda copy, passphrase, key_file, entries, key: prove(
        copy, passphrase, key_file, entries + difference, key
    )


def written(folder: Path, operator_key: dict[str, bytes]) -> None:
    vault = Vault.create(folder / "vault.kdbx", "x", cost=CHEAP)
    with vault.transaction() as change:
        change.put_current("a", "UC250001", "cartable", username="cartable", password=SECRET)
    paper = {"name": "Papier", "passphrase": True}
    holders = load_holders({"holders": {"a": [paper], "b": [paper]}}, folder)
    (folder / "secrets").mkdir()
    write_secrets(folder / "secrets", vault, holders, "essai", operator_key=operator_key, cost=CHEAP)
