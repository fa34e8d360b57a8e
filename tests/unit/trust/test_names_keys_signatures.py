"""File names that a terminal would obey, one key in two spellings, and bytes of a signature that nobody signed."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reversibility.bundle import verifier
from reversibility.bundle.public_keys import canonical
from reversibility.bundle.signature import BEGIN, END, LINE, SignatureError, sign, signer_fingerprint
from reversibility.console import printable


@pytest.mark.parametrize("show", [printable, verifier.imprimable])
@given(st.text(alphabet=st.characters() | st.sampled_from("\x1b\n\r\u202e\x9b\u2028")))
def test_no_name_commands_a_terminal(show, text: str) -> None:  # type: ignore[no-untyped-def]
    assert not set(show(text)) & set("\x1b\n\r\x9b\u202e\u2028")


def test_one_key_in_two_spellings_is_one_key() -> None:
    assert canonical("AGE1QYQSZQG") == canonical("age1qyqszqg")
    assert canonical("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AB==") == canonical(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AA=="
    )


def test_a_signature_with_bytes_in_its_reserved_field_is_refused(tmp_path: Path) -> None:
    key, data, file = tmp_path / "key", tmp_path / "data", tmp_path / "data.sig"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    data.write_bytes(b"x")
    raw = sign(data, key)
    file.write_bytes(raw)
    assert signer_fingerprint(data, file).startswith("SHA256:") and verifier.forme_exacte(str(file))
    body, place = base64.b64decode(b"".join(raw.splitlines()[1:-1])), 10
    for _ in ("public key", "namespace"):
        place += 4 + int.from_bytes(body[place : place + 4])
    text = base64.b64encode(body[:place] + b"\0\0\0\5added" + body[place + 4 :]).decode()
    lines = [text[start : start + LINE] for start in range(0, len(text), LINE)]
    file.write_text("\n".join((BEGIN, *lines, END, "")))
    with pytest.raises(SignatureError, match="not written as OpenSSH"):
        signer_fingerprint(data, file)
    assert not verifier.forme_exacte(str(file))
