"""Every file of a bundle is changed, removed and joined by another: all that verify refuse, and name the file."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reversibility.bundle.signature import sign
from tests.unit.bundle.conftest import make_bag
from tests.unit.bundle.judges import OUTSIDE_BAGIT, by_bagit, by_command, by_file, every_file


def test_an_untouched_bag_is_accepted_by_all(sealed: Path, keys: Path) -> None:
    assert by_command(sealed, keys / "town.allowed") == set()
    assert by_file(sealed, keys / "town.allowed") == set()
    assert by_bagit(sealed)


def test_every_bit_counts(bag: Path) -> None:
    """In each file: a bit of the first and the last byte, and of some between; all eight bits are taken in turn."""
    rng = random.Random(20260301)
    turn = 0
    for name in every_file(bag):
        path = bag / name
        content = path.read_bytes()
        if not content:
            continue
        for position in {0, len(content) - 1, len(content) // 2, rng.randrange(len(content))}:
            turn += 1
            changed = bytearray(content)
            changed[position] ^= 1 << turn % 8
            path.write_bytes(changed)
            where = f"{name}, byte {position}, bit {turn % 8}"
            refused = by_command(bag)
            assert name in refused, where
            assert by_file(bag) == refused, where
            assert by_bagit(bag) is (name in OUTSIDE_BAGIT), where
        path.write_bytes(content)
    assert turn > 60
    assert by_command(bag) == set()


@pytest.mark.parametrize("name", ["tagmanifest-sha256.txt.sig", "tagmanifest-sha512.txt.sig"])
def test_every_single_bit_of_a_signature_counts(bag: Path, name: str) -> None:
    """No manifest lists the signatures, and OpenSSH passes over some of their bytes: we must not."""
    path = bag / name
    content = path.read_bytes()
    for position in range(0, len(content), 3):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        assert name in by_command(bag), position
    path.write_bytes(content + b"\n")
    assert by_command(bag) == by_file(bag) == {name}


def test_a_changed_byte_names_that_file_alone(bag: Path) -> None:
    name = "data/11-documents/gros.bin"
    content = bytearray((bag / name).read_bytes())
    content[70_000] ^= 4
    (bag / name).write_bytes(content)
    assert by_command(bag) == by_file(bag) == {name}


def test_a_removed_file_is_named(sealed: Path, tmp_path: Path) -> None:
    for name in every_file(sealed):
        bag = Path(shutil.copytree(sealed, tmp_path / "bag"))
        (bag / name).unlink()
        refused = by_command(bag)
        assert name in refused
        assert by_file(bag) == refused
        # bagit needs the manifests to know of a file: without a tag manifest it has nothing to say of tag files
        blind = OUTSIDE_BAGIT | {"tagmanifest-sha256.txt", "tagmanifest-sha512.txt"}
        assert by_bagit(bag) is (name in blind), name
        shutil.rmtree(bag)


def test_an_added_file_is_named_in_every_folder(bag: Path) -> None:
    folders = [bag, *(path for path in bag.rglob("*") if path.is_dir())]
    for folder in folders:
        for added in ("intrus.txt", "tagmanifest-md5.txt", ".cache"):
            path = folder / added
            path.write_bytes(b"intrus")
            name = path.relative_to(bag).as_posix()
            assert by_command(bag) == by_file(bag) == {name}
            # an added tag file is outside what BagIt looks at; below data/ it is not
            if folder != bag:
                assert not by_bagit(bag), name
            path.unlink()
    assert by_bagit(bag)


@pytest.mark.parametrize("folder", [".", "data", "data/11-documents"])
def test_an_empty_folder_is_named(bag: Path, folder: str) -> None:
    (bag / folder / "nouveau").mkdir()
    name = "nouveau" if folder == "." else f"{folder}/nouveau"
    assert by_command(bag) == by_file(bag) == {name}


def _to_outside(path: Path, _: Path) -> None:
    path.symlink_to("/etc/hostname")


def _to_the_same_content(path: Path, aside: Path) -> None:
    path.symlink_to(aside)


def _dangling(path: Path, _: Path) -> None:
    path.symlink_to("nowhere")


def _to_a_folder(path: Path, aside: Path) -> None:
    path.symlink_to(aside.parent)


def _pipe(path: Path, _: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("bit", [0o4000, 0o2000])
def test_a_file_that_would_run_with_others_rights_is_refused(bag: Path, bit: int) -> None:
    path = bag / "data/completude.json"
    path.chmod(path.stat().st_mode | bit)
    assert "data/completude.json" in by_command(bag)


@pytest.mark.parametrize("make", [_to_outside, _to_the_same_content, _dangling, _to_a_folder, _pipe])
@pytest.mark.parametrize("name", ["data/completude.json", "bagit.txt", "verifier.py", "data/ajout"])
def test_links_and_special_files_are_refused(
    bag: Path, tmp_path: Path, make: Callable[[Path, Path], None], name: str
) -> None:
    aside = tmp_path / "aside" / "copy"
    aside.parent.mkdir()
    if (bag / name).exists():
        (bag / name).rename(aside)
    make(bag / name, aside)
    refused = by_command(bag)
    assert name in refused
    assert by_file(bag) == refused


def test_accents_decomposed_by_another_system_are_the_same_file(bag: Path) -> None:
    composed = bag / "data/11-documents/Procès-verbal signé.txt"
    composed.rename(composed.with_name(unicodedata.normalize("NFD", composed.name)))
    assert by_command(bag) == by_file(bag) == set()
    assert by_bagit(bag)


def test_both_forms_of_an_accent_side_by_side_are_an_addition(bag: Path) -> None:
    composed = bag / "data/11-documents/Procès-verbal signé.txt"
    other = composed.with_name(unicodedata.normalize("NFD", composed.name))
    other.write_text("faux")
    assert by_command(bag) == by_file(bag) == {other.relative_to(bag).as_posix()}


def test_another_case_is_another_file(bag: Path) -> None:
    (bag / "data/completude.json").rename(bag / "data/Completude.json")
    assert by_command(bag) == by_file(bag) == {"data/completude.json", "data/Completude.json"}


def test_fetch_txt_is_an_added_file(bag: Path) -> None:
    """BagIt would let it say where files are to be had; a bundle is whole or refused."""
    (bag / "fetch.txt").write_text("https://town.example/x 6 data/completude.json\n")
    assert by_command(bag) == by_file(bag) == {"fetch.txt"}


def _resign(bag: Path, keys: Path) -> None:
    for name in ("tagmanifest-sha256.txt", "tagmanifest-sha512.txt"):
        (bag / f"{name}.sig").write_bytes(sign(bag / name, keys / "stranger"))


BLIND = {  # what the start page and the operator's guide say of bagit.py
    "a changed signature": lambda bag, _: (bag / "tagmanifest-sha256.txt.sig").write_bytes(b"changed"),
    "a removed signature": lambda bag, _: (bag / "tagmanifest-sha256.txt.sig").unlink(),
    "a foreign signature": _resign,
    "what was added beside data": lambda bag, _: (bag / "intrus.txt").write_bytes(b"intrus"),
    "a removed tagmanifest": lambda bag, _: (bag / "tagmanifest-sha256.txt").unlink(),
    "an empty folder": lambda bag, _: (bag / "data/nouveau").mkdir(),
}


@pytest.mark.parametrize("harm", BLIND.values(), ids=BLIND)
def test_what_bagit_does_not_see_the_others_do(
    bag: Path, keys: Path, harm: Callable[[Path, Path], object]
) -> None:
    harm(bag, keys)
    assert by_bagit(bag)
    refused = by_command(bag, keys / "town.allowed")
    assert refused and by_file(bag, keys / "town.allowed") == refused


MANIFEST_LINES = {
    "outside": "{digest}  data/../../etc/passwd",
    "absolute": "{digest}  /etc/passwd",
    "backslash": "{digest}  data\\..\\x",
    "dot": "{digest}  data/./completude.json",
    "double slash": "{digest}  data//completude.json",
    "percent": "{digest}  data/%2e%2e/x",
    "tag file": "{digest}  bagit.txt",
    "twice": "{digest}  data/completude.json",
    "one space": "{digest} data/completude.json",
    "upper case digest": "{DIGEST}  data/x",
    "short digest": "abc  data/x",
    "nothing": "",
    "carriage return": "{digest}  data/x\r",
    "reserved": "{digest}  data/NUL.txt",
    "same name": "{digest}  data/COMPLETUDE.json",
    "no such file": "{digest}  data/x",
}


@pytest.mark.parametrize("line", MANIFEST_LINES.values(), ids=MANIFEST_LINES)
@pytest.mark.parametrize("name", ["manifest-sha256.txt", "manifest-sha512.txt", "tagmanifest-sha512.txt"])
def test_odd_lines_of_a_manifest_are_refused_alike(bag: Path, name: str, line: str) -> None:
    digest = "0" * (64 if "256" in name else 128)
    with (bag / name).open("a", newline="") as manifest:
        manifest.write(line.format(digest=digest, DIGEST="A" * len(digest)) + "\n")
    refused = by_command(bag)
    assert {name, f"{name}.sig"} & refused
    assert by_file(bag) == refused


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_both_verifiers_agree_on_any_manifest(bag: Path, data: st.DataObject) -> None:
    name = data.draw(
        st.sampled_from(["manifest-sha256.txt", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt"])
    )
    path = bag / name
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 80)))
    path.write_bytes(content[:start] + data.draw(st.binary(max_size=80)) + content[end:])
    try:
        changed = path.read_bytes() != content
        refused = by_command(bag)
        assert bool(refused) is changed
        assert by_file(bag) == refused
    finally:
        path.write_bytes(content)


def test_a_bag_sealed_by_somebody_else_is_refused_by_who_knows_the_signer(tmp_path: Path, keys: Path) -> None:
    """Everything in it agrees, its own list of signers too: only what came by another way tells."""
    forged = make_bag(tmp_path / "forged", keys / "stranger")
    signatures = {"tagmanifest-sha256.txt.sig", "tagmanifest-sha512.txt.sig"}
    assert by_command(forged) == by_file(forged) == set()
    assert by_command(forged, keys / "town.allowed") == by_file(forged, keys / "town.allowed") == signatures


def test_a_signature_of_another_key_is_refused_by_the_bag_itself(
    bag: Path, tmp_path: Path, keys: Path
) -> None:
    forged = make_bag(tmp_path / "forged", keys / "stranger")
    name = "tagmanifest-sha512.txt.sig"
    shutil.copyfile(forged / name, bag / name)
    assert by_command(bag) == by_file(bag) == {name, "tagmanifest-sha512.txt"}


def test_a_signature_for_another_purpose_is_refused(bag: Path, keys: Path) -> None:
    name = "tagmanifest-sha256.txt"
    (bag / f"{name}.sig").unlink()
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", str(keys / "town"), str(bag / name)]
    subprocess.run(command, check=True, capture_output=True)
    assert by_command(bag) == by_file(bag) == {name, f"{name}.sig"}


@pytest.mark.parametrize("kind", ["manifest", "tagmanifest"])
@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_manifest_whose_last_line_has_no_end_is_said_to_be_cut(
    bag: Path, keys: Path, kind: str, algorithm: str
) -> None:
    """Signed as it is, so that nothing but the missing end speaks against it."""
    name = f"{kind}-{algorithm}.txt"
    path = bag / name
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    if not name.startswith("tag"):
        _list_again(bag, name)
    for manifest in ("tagmanifest-sha256.txt", "tagmanifest-sha512.txt"):
        (bag / f"{manifest}.sig").write_bytes(sign(bag / manifest, keys / "town"))
    assert by_command(bag) == by_file(bag) == {name}


def _list_again(bag: Path, name: str) -> None:
    """Put the digests of a manifest, as it is now, into the tag manifests."""
    for algorithm in ("sha256", "sha512"):
        path = bag / f"tagmanifest-{algorithm}.txt"
        digest = hashlib.new(algorithm, (bag / name).read_bytes()).hexdigest()
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [f"{digest}  {name}" if line.endswith(f"  {name}") else line for line in lines]
        path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
