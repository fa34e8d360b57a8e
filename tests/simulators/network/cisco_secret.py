"""Cisco's password formats: type 9 (scrypt), type 8 (PBKDF2) and type 7 (reversible)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
CISCO = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TO_CISCO = str.maketrans(STANDARD, CISCO)
KEY7 = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"


def scrypt9(password: str, salt: str = "") -> str:
    """``$9$salt$hash``, as IOS writes it."""
    salt = salt or "".join(secrets.choice(CISCO) for _ in range(14))
    digest = hashlib.scrypt(password.encode(), salt=salt.encode(), n=16384, r=1, p=1, dklen=32)
    return f"$9${salt}${_text(digest)}"


def pbkdf8(password: str, salt: str = "") -> str:
    """``$8$salt$hash``."""
    salt = salt or "".join(secrets.choice(CISCO) for _ in range(14))
    return f"$8${salt}${_text(hashlib.pbkdf2_hmac('sha256', password.encode(), salt.encode(), 20000, 32))}"


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode().rstrip("=").translate(TO_CISCO)


def hide7(password: str) -> str:
    """Type 7, always from the same offset so that an unchanged configuration shows the same text."""
    return "08" + "".join(
        f"{byte ^ KEY7[(8 + i) % len(KEY7)]:02X}" for i, byte in enumerate(password.encode())
    )


def show7(text: str) -> str:
    """The password of a type 7 text."""
    offset, data = int(text[:2]), bytes.fromhex(text[2:])
    return bytes(byte ^ KEY7[(offset + i) % len(KEY7)] for i, byte in enumerate(data)).decode(
        "utf-8", "replace"
    )


def is_password(kind: str, stored: str, password: str) -> bool:
    """Whether a password is the one that is stored. Type 5 is never true: nothing here computes it."""
    if kind in ("8", "9"):
        try:
            salt = stored.split("$")[2]
        except IndexError:
            return False
        return hmac.compare_digest((scrypt9 if kind == "9" else pbkdf8)(password, salt), stored)
    return password == (show7(stored) if kind == "7" else stored) if kind in ("0", "7") else False


def opens(kept: str, password: str) -> bool:
    """Whether a password is the one of ``9 $9$…``, ``7 …`` or a clear text."""
    kind, _, value = kept.partition(" ")
    return is_password(kind, value, password) if value and kind.isdecimal() else kept == password
