"""What a bundle is made of: names that are the same on every system, tag files, and what is refused at the seal."""

from __future__ import annotations

import os
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reversibility.bundle.digests import Digest, digest, digests, scan
from reversibility.bundle.layout import portable, refusal, same_file, slug
from reversibility.bundle.seal import seal
from reversibility.bundle.signature import fingerprint_of, public_key, sign
from reversibility.errors import CartableError
from tests.unit.bundle.conftest import LABEL, make_bag, make_key


@given(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=40))
@example("\ud800\udc80")
def test_a_portable_name_is_accepted_and_stays_what_it_was(name: str) -> None:
    made = portable(name)
    assert refusal(made) is None, made
    assert portable(made) == made


@given(st.text(alphabet="abcÉé0-_.=", min_size=1, max_size=20))
def test_an_ordinary_name_is_kept(name: str) -> None:
    if refusal(name) is None and name == unicodedata.normalize("NFC", name):
        assert portable(name) == name


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("nom:port?.conf", "nom=3Aport=3F.conf"),
        ("NUL.txt", "=4EUL.txt"),
        ("fin.", "fin=2E"),
        ("..", "=2E=2E"),
        (" devant", "=20devant"),
        ("a%20b$HOME", "a=2520b=24HOME"),
        ("e\u0301cole", "\u00e9cole"),
        (os.fsdecode(b"latin\xe9"), "latin=E9"),
    ],
)
def test_what_other_systems_cannot_store_is_written_out(name: str, made: str) -> None:
    assert portable(name) == made


@pytest.mark.parametrize(
    "path", ["", "/etc", "a/../b", "a//b", "./a", "a\\b", "a/b ", "con", "x/aux.h", "a\nb", "~%"]
)
def test_names_that_are_refused(path: str) -> None:
    assert refusal(path) is not None


def test_two_spellings_of_one_name() -> None:
    assert same_file("École/A.txt") == same_file("e\u0301cole/a.TXT")
    assert slug("Mairie, direction générale") == "mairie-direction-generale" and slug("…") == "sans-nom"


def test_tag_files_say_what_the_bundle_is(sealed: Path, keys: Path) -> None:
    info = dict(line.split(": ", 1) for line in (sealed / "bag-info.txt").read_text().splitlines())
    files = [path for path in (sealed / "data").rglob("*") if path.is_file()]
    assert info["Payload-Oxum"] == f"{sum(path.stat().st_size for path in files)}.{len(files)}"
    assert info["External-Identifier"] == LABEL.identifier and info["Bagging-Date"] == "2026-03-01"
    shown = subprocess.run(
        ["ssh-keygen", "-lf", keys / "town.pub"], check=True, capture_output=True, text=True
    ).stdout
    fingerprint = fingerprint_of(public_key(keys / "town"))
    assert shown.split()[1] == fingerprint == info["Signing-Key-Fingerprint"]
    text = (sealed / "LISEZ-MOI.txt").read_text(encoding="utf-8")
    assert fingerprint in text and "ne peut pas se vérifier lui-même" in text
    assert (sealed / "bagit.txt").read_text() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def test_digests_are_those_of_the_system(sealed: Path) -> None:
    found = scan(sealed).files
    for path, made in digests(sealed, found):
        assert isinstance(made, Digest)
        for algorithm in ("sha256", "sha512"):
            said = subprocess.run(
                [f"{algorithm}sum", "-b", str(sealed / path)], check=True, capture_output=True, text=True
            )
            assert said.stdout.split()[0] == getattr(made, algorithm)
        assert made.size == found[path]


def test_a_file_larger_than_a_piece_and_one_that_is_gone(tmp_path: Path) -> None:
    content = os.urandom((1 << 20) * 2 + 17)
    (tmp_path / "large").write_bytes(content)
    assert digest(tmp_path / "large").size == len(content)
    results = dict(digests(tmp_path, {"large": len(content), "gone": 1 << 20, "absent": 1}))
    assert isinstance(results["gone"], FileNotFoundError) and isinstance(results["absent"], FileNotFoundError)


@pytest.mark.parametrize("harm", ["link", "empty", "pipe", "case", "name", "accents"])
def test_what_a_bundle_cannot_hold_is_refused_by_name(bag: Path, keys: Path, harm: str) -> None:
    data = bag / "data"
    if harm == "link":
        (data / "lien").symlink_to("completude.json")
    elif harm == "empty":
        (data / "lien").mkdir()
    elif harm == "pipe":
        os.mkfifo(data / "lien")
    elif harm == "case":
        (data / "COMPLETUDE.json").write_text("{}")
    elif harm == "name":
        (data / "lien?").write_text("{}")
    else:
        (data / "lie\u0301n").write_text("{}")
    with pytest.raises(
        CartableError, match=r"cannot hold what was put into data/.*(lien|COMPLETUDE|lie\u0301n|\\u0301)"
    ):
        seal(bag, LABEL, keys / "town")


def test_keys_that_cannot_sign_are_refused(tmp_path: Path, keys: Path) -> None:
    data = tmp_path / "data.txt"
    data.write_text("x")
    with pytest.raises(CartableError, match="make one: ssh-keygen"):
        sign(data, tmp_path / "absent")
    (tmp_path / "text").write_text("no key")
    (tmp_path / "text").chmod(0o600)
    with pytest.raises(CartableError, match="cannot sign"):
        sign(data, tmp_path / "text")
    with pytest.raises(CartableError, match="cannot be read"):
        public_key(tmp_path / "text")


def test_a_public_half_of_another_key_is_noticed(tmp_path: Path, keys: Path) -> None:
    make_key(tmp_path / "key")
    shutil.copyfile(keys / "stranger.pub", tmp_path / "key.pub")
    with pytest.raises(CartableError, match=r"not the public half|match private"):
        make_bag(tmp_path / "bag", tmp_path / "key")
    (tmp_path / "key.pub").unlink()
    make_bag(tmp_path / "other", tmp_path / "key")
