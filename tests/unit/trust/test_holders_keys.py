"""A holder's key file with two keys, and one key that would open both groups' halves."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.bundle.dual_control import load_holders
from reversibility.bundle.public_keys import BECH32, CHECKSUM, FIELD, key_pair
from reversibility.errors import CartableError
from tests.unit.bundle.conftest import make_key

CONTRACT = {
    "holders": {
        "a": [{"name": "Mairie", "recipient_file": "a.pub"}],
        "b": [{"name": "Repreneur", "recipient_file": "b.pub"}],
    }
}


def age_key() -> str:
    return str(pyrage.x25519.Identity.generate().to_public())


@pytest.fixture
def ssh_key(tmp_path: Path) -> str:
    return make_key(tmp_path / "id").with_suffix(".pub").read_text().rsplit(" ", 1)[0]


def load(folder: Path, a: str, b: str) -> tuple[str | None, str | None]:
    for name, text in (("a", a), ("b", b)):
        (folder / f"{name}.pub").write_text(text, encoding="utf-8")
    holders = load_holders(CONTRACT, folder)
    return holders.a[0].recipient, holders.b[0].recipient


TWO = {
    "two lines": "{age}\n{other}\n",
    "the same twice": "{age}\n{age}\n",
    "of two kinds": "{ssh} town\n{age}\n",
    "with comments between": "# first\n{age}\n\n# second\n{ssh}\n",
    "one line": "{age} {other}\n",
    "one line, form feed": "{age}\f{other}\n",
    "a carriage return": "{age}\r{other}\n",
    "in a comment of an SSH key": "{ssh} {age}\n",
    "two SSH keys on a line": "{ssh} {ssh}\n",
    "in capitals in a comment": "{ssh} x {AGE}\n",
}


@pytest.mark.parametrize("text", TWO.values(), ids=TWO)
def test_a_file_with_two_keys_is_refused_and_none_is_used(tmp_path: Path, ssh_key: str, text: str) -> None:
    first, other = age_key(), age_key()
    written = text.format(age=first, other=other, ssh=ssh_key, AGE=other.upper())
    with pytest.raises(
        CartableError, match=r"a\.pub of the holder Mairie has 2 keys; give one file a holder"
    ):
        load(tmp_path, written, age_key())


def test_a_comment_of_an_ssh_key_is_no_second_key(tmp_path: Path, ssh_key: str) -> None:
    assert load(tmp_path, f"{ssh_key} poste de la mairie, école n° 2\n", age_key())[0] == ssh_key


def in_capitals(key: str) -> str:
    return key.upper()


def with_spaces(key: str) -> str:
    return f"\n  {key}\t\n"


def with_another_comment(key: str) -> str:
    return f"# clé de secours\n{key}\n"


@pytest.mark.parametrize("spell", [str, in_capitals, with_spaces, with_another_comment])
def test_one_age_key_in_both_groups_is_refused(tmp_path: Path, spell: Callable[[str], str]) -> None:
    key = age_key()
    with pytest.raises(CartableError, match="the same key in both groups"):
        load(tmp_path, key, spell(key))


def without_padding(kind: str, blob: str) -> str:
    return f"{kind} {blob.rstrip('=')}"


def with_other_last_bits(kind: str, blob: str) -> str:
    """The last sign before the padding has bits that no byte takes."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = blob.rstrip("=")
    assert bare != blob
    return f"{kind} {bare[:-1]}{alphabet[alphabet.index(bare[-1]) | 1]}{'=' * (len(blob) - len(bare))}"


def with_signs_that_are_passed_over(kind: str, blob: str) -> str:
    return f"{kind} {blob[:20]}-{blob[20:]}"


@pytest.mark.parametrize("spell", [without_padding, with_other_last_bits, with_signs_that_are_passed_over])
def test_one_ssh_key_in_both_groups_is_refused(tmp_path: Path, spell: Callable[[str, str], str]) -> None:
    command = ["ssh-keygen", "-q", "-t", "rsa", "-b", "3072", "-N", "", "-f", str(tmp_path / "rsa")]
    subprocess.run(command, check=True)
    kind, blob, _ = (tmp_path / "rsa.pub").read_text().split(" ", 2)
    with pytest.raises(CartableError, match="the same key in both groups"):
        load(tmp_path, f"{kind} {blob}", spell(kind, blob))


def as_age(ssh: str) -> str:
    """The age key whose private half is that of an Ed25519 SSH key, as ``ssh-to-age`` makes it."""
    y = int.from_bytes(base64.b64decode(ssh.split()[1])[-32:], "little") & (1 << 255) - 1
    return bech32("age", ((1 + y) * pow(1 - y, FIELD - 2, FIELD) % FIELD).to_bytes(32, "little"))


def bech32(prefix: str, data: bytes) -> str:
    """Bech32 (BIP 173), written from its text, to judge the code by."""
    bits = "".join(f"{byte:08b}" for byte in data) + "0" * (-len(data) * 8 % 5)
    values = [int(bits[start : start + 5], 2) for start in range(0, len(bits), 5)]
    checked = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    check = 1
    for value in [*checked, *values, *[0] * CHECKSUM]:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    signs = [*values, *[(check ^ 1) >> 5 * (5 - place) & 31 for place in range(CHECKSUM)]]
    return f"{prefix}1{''.join(BECH32[sign] for sign in signs)}"


def test_an_ssh_key_and_its_age_form_are_one_key_pair(tmp_path: Path, ssh_key: str) -> None:
    pyrage.x25519.Recipient.from_str(as_age(ssh_key))  # a real recipient
    with pytest.raises(CartableError, match="the same key in both groups"):
        load(tmp_path, ssh_key, as_age(ssh_key))


@given(st.integers(0, 5))
def test_two_keys_are_two(_number: int) -> None:
    assert key_pair(age_key()) != key_pair(age_key())
