"""The NT hash, against published vectors and the standard library where it has MD4."""

from __future__ import annotations

import pytest
from spnego._ntlm_raw.crypto import ntowfv1

from plugins.plugin_utils.nt_hash import md4, nt_hash


@pytest.mark.parametrize(
    ("message", "digest"),
    [  # RFC 1320, A.5
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"message digest", "d9130a8164549fe818874806e1c7014b"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4_is_that_of_the_rfc(message: bytes, digest: str) -> None:
    assert md4(message).hex() == digest


@pytest.mark.parametrize("password", ["password", "Éc0le-n°7", "x" * 27, "x" * 28, "y" * 64, ""])
def test_the_hash_is_that_of_another_implementation(password: str) -> None:
    assert nt_hash(password) == ntowfv1(password).hex().upper()
