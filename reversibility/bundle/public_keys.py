"""Public keys of holders: detects two spellings of one key, and two public keys of one private key."""

from __future__ import annotations

import base64
from typing import Any

import pyrage

BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CHECKSUM = 6  # characters
FIELD = 2**255 - 19  # of Curve25519
SIGN = 1 << 255


def canonical(recipient: str) -> str:
    """The one way to write a public key, so that two spellings of one key compare as equal.

    Bech32 may be written in capitals (age), and base64 has several spellings of the same bytes (OpenSSH).
    Raises ValueError for what is no key.
    """
    if not recipient.startswith("ssh-"):
        return recipient.lower() if recipient.isupper() else recipient
    kind, text = recipient.split(" ", 1)
    return f"{kind} {base64.b64encode(base64.b64decode(text + '=' * (-len(text) % 4))).decode('ascii')}"


def parse(recipient: str) -> Any:
    """The recipient for age. Raises pyrage.RecipientError for what is none."""
    if recipient.startswith("ssh-"):
        return pyrage.ssh.Recipient.from_str(recipient)
    return pyrage.x25519.Recipient.from_str(recipient)


def key_pair(recipient: str) -> str:
    """A value that is equal for two recipients if one private key opens both.

    An Ed25519 key serves as an age key as well (``ssh-to-age``): the same point, on the other form of the curve.
    """
    if recipient.startswith("age1"):
        point = 0
        for char in recipient[len("age1") : -CHECKSUM]:
            point = point << 5 | BECH32.index(char)
        return f"x25519 {int.from_bytes((point >> 4).to_bytes(32), 'little') % FIELD}"  # 52 times 5 bits are 4 too many
    if recipient.startswith("ssh-ed25519 "):
        y = int.from_bytes(base64.b64decode(recipient.split()[1])[-32:], "little") % SIGN
        if y % FIELD != 1:
            return f"x25519 {(1 + y) * pow(1 - y, -1, FIELD) % FIELD}"
    return recipient
