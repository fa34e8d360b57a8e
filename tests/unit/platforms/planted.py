"""Secrets to plant in configurations, drawn by Hypothesis, and texts that would be slow to redact."""

from __future__ import annotations

import string
import time
from collections.abc import Callable

from hypothesis import strategies as st

_BODY = string.ascii_letters + string.digits
# Never a word of a grammar by chance: two capitals and two digits stand in each.
WORD = st.tuples(
    st.text(alphabet=_BODY, min_size=1, max_size=14),
    st.sampled_from(["Zq7K9x", "9Kq7Zx", "7Kx$Z9q", "Kq9!Zx7"]),
).map("".join)
HASHES = st.sampled_from(
    [
        "$1$mERr$hx5rVt7rPNoS4wqbXKX7m0",
        "$9$nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7pqCxkKM",
        "$5$rounds=2000$Zq7K9xabc$abcdefghijklmnop",
        "094F471A1A0A",
        "0x3c0c5d5139941831378b36418799e1cc",
        "AQBapb0Zq7K9xLQqCXqBDIDQCnBwYQ==",
    ]
)
SECRETS = st.one_of(WORD, HASHES)
PHRASES = st.lists(WORD, min_size=2, max_size=4).map(" ".join)  # where the grammar takes the rest of the line

MEBIBYTE = 1 << 20
# Processor time for a mebibyte: 0.75 s for the slowest grammar on an idle machine, up to three times that beside other
# tests. A grammar that is not linear in the length takes minutes.
LIMIT = 5.0
SLOW = {
    "one line": "x" * MEBIBYTE,
    "one line of blanks": " " * MEBIBYTE,
    "one password": "username " + "a" * (MEBIBYTE // 2) + " password " + "b" * (MEBIBYTE // 2),
    "quotes": '"' * MEBIBYTE,
    "quoted lines": ('"a ' * 2000 + "\n") * (MEBIBYTE // 6001),
    "passwords": "password " * (MEBIBYTE // 9),
    "banners that never end": "banner motd ^C\n" * (MEBIBYTE // 15),
    "certificates that never end": " certificate 01\n" * (MEBIBYTE // 16),
    "keys that never end": "-----BEGIN RSA PRIVATE KEY-----\n" * (MEBIBYTE // 32),
    "addresses": ("http://" + "a:b@" * 1500 + "\n") * (MEBIBYTE // 6008),
    "short lines": "a\n" * (MEBIBYTE // 2),
    "empty lines": "\n" * MEBIBYTE,
    "escapes": "\x1b[" * (MEBIBYTE // 2),
    "pagers": "--More" * (MEBIBYTE // 6),
    "real lines": (
        "interface Gi1/0/1\n description Salle 3\n snmp-server host 198.51.100.3 version 2c abc\n" * 12_000
    ),
}


def plant(form: str, secret: str) -> str:
    """A form with the secret: for ``@``, and with an at sign after it for ``@@``; ``|`` ends a line."""
    return form.replace("@@", "\0").replace("@", secret).replace("\0", secret + "@").replace("|", "\n") + "\n"


def seconds(redact: Callable[[str], str | None], text: str) -> float:
    """The processor time that it takes."""
    start = time.process_time()
    redact(text)
    return time.process_time() - start
