"""SSH signatures (``ssh-keygen -Y``, OpenSSH 8.1 and later) over the tag manifests of a bundle."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from reversibility.bundle.layout import NAMESPACE
from reversibility.errors import CartableError

BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
LINE = 70  # characters of base64 a line, as OpenSSH writes them
_FINGERPRINT = re.compile(r"\b(SHA256:[A-Za-z0-9+/]{43})(?![A-Za-z0-9+/=])")


class SignatureError(CartableError):
    """A signature does not hold; the message says why, without naming the file."""


class MismatchError(SignatureError):
    """The signature or the signed file was changed."""


def sign(data: Path, key: Path) -> bytes:
    """Sign the file ``data`` with the private key ``key``; returns the armoured signature.

    A key with a passphrase makes ssh-keygen ask for it on the terminal. Raises CartableError without a
    usable key.
    """
    check_key(key)
    done = _ssh_keygen(["-Y", "sign", "-n", NAMESPACE, "-f", str(key)], data)
    if done.returncode != 0 or not done.stdout:
        raise CartableError(
            f"{key} cannot sign ({_reason(done)}); check that it is an OpenSSH private key of yours."
        )
    return _armour(_body(done.stdout))


def check_key(key: Path) -> None:
    """Refuse a signing key that is not there, with the command that makes one."""
    if not key.is_file():
        raise CartableError(
            f"There is no signing key {key}; make one: ssh-keygen -t ed25519 -C 'bundle signing' -f '{key}'."
        )


def public_key(key: Path) -> str:
    """The public half of ``key``, as ``ssh-ed25519 AAAA…`` without its comment."""
    check_key(key)
    beside = key.with_name(key.name + ".pub")
    if beside.is_file():
        text = beside.read_text(encoding="utf-8")
    else:
        done = _ssh_keygen(["-y", "-f", str(key)])
        if done.returncode != 0:
            raise CartableError(
                f"{key} cannot be read ({_reason(done)}); check that it is an OpenSSH private key."
            )
        text = done.stdout.decode()
    fields = text.split()
    if len(fields) < 2:
        raise CartableError(
            f"{beside} is not an OpenSSH public key; write it again with: ssh-keygen -y -f '{key}'."
        )
    return " ".join(fields[:2])


def public_half(key: Path) -> str:
    """The public half, with its comment, as it is read from ``key`` itself. Asks nobody for a passphrase.

    Raises CartableError when it cannot be read, or only with a passphrase.
    """
    done = _ssh_keygen(["-y", "-P", "", "-f", str(key)])
    if done.returncode != 0:
        raise CartableError(
            f"{key} cannot be read ({_reason(done)}); it has to be an OpenSSH private key without a passphrase, and "
            "readable by its owner only."
        )
    return done.stdout.decode().strip()


def fingerprint_of(public: str) -> str:
    """The fingerprint of a public key (``ssh-ed25519 AAAA…``) as ``ssh-keygen -l`` shows it."""
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def allowed_signers_line(principal: str, public: str) -> str:
    """One line of an allowed_signers file (ssh-keygen(1)) that admits ``public`` for bundles only."""
    return f'{principal} namespaces="{NAMESPACE}" {public}\n'


def signer_fingerprint(data: Path | bytes, signature: Path) -> str:
    """Check ``signature`` over ``data`` (a file, or the bytes that were read of it) whoever made it.

    Returns the key's fingerprint ``SHA256:…``.

    Raises SignatureError when it does not hold, also for bytes that OpenSSH would pass over: the signature
    is in no manifest, so each of its bits must matter.
    """
    raw = signature.read_bytes()
    body = _body(raw)
    if _armour(body) != raw or _reserved(body):
        raise SignatureError("is not written as OpenSSH writes a signature")
    done = _ssh_keygen(["-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(signature)], data)
    found = _FINGERPRINT.search(done.stdout.decode("utf-8", "replace"))
    if done.returncode != 0 or not found:
        raise MismatchError(f"does not hold ({_reason(done)})")
    return found[1]


def principal(data: Path | bytes, signature: Path, allowed_signers: Path) -> str:
    """Who signed, by the names of ``allowed_signers``. Raises SignatureError when nobody of that file did."""
    done = _ssh_keygen(["-Y", "find-principals", "-s", str(signature), "-f", str(allowed_signers)])
    names = done.stdout.decode("utf-8", "replace").splitlines()
    if done.returncode != 0 or not names:
        raise SignatureError(f"is of a key that {allowed_signers} does not list")
    done = _ssh_keygen(
        ["-Y", "verify", "-n", NAMESPACE, "-f", str(allowed_signers), "-I", names[0], "-s", str(signature)],
        data,
    )
    if done.returncode != 0:
        raise SignatureError(f"is not accepted by {allowed_signers} ({_reason(done)})")
    return names[0]


def _body(raw: bytes) -> bytes:
    """The content between the armour's two lines."""
    lines = raw.decode("ascii", "replace").splitlines()
    if len(lines) < 3 or lines[0] != BEGIN or lines[-1] != END:
        raise SignatureError("is not an SSH signature")
    try:
        return base64.b64decode("".join(lines[1:-1]), validate=True)
    except ValueError as error:
        raise SignatureError("is not an SSH signature") from error


def _reserved(body: bytes) -> bytes:
    """The field ``reserved`` of a signature (PROTOCOL.sshsig), which is not signed and which OpenSSH ignores.

    Raises SignatureError when the fields before it are not there.
    """
    position = len(b"SSHSIG") + 4  # magic and version
    fields = []
    for _ in ("public key", "namespace", "reserved"):
        length = int.from_bytes(body[position : position + 4])
        fields.append(body[position + 4 : position + 4 + length])
        if len(fields[-1]) != length or position + 4 > len(body):
            raise SignatureError("is not an SSH signature")
        position += 4 + length
    return fields[-1]


def _armour(body: bytes) -> bytes:
    text = base64.b64encode(body).decode()
    lines = [text[start : start + LINE] for start in range(0, len(text), LINE)]
    return "\n".join((BEGIN, *lines, END, "")).encode()


def _ssh_keygen(
    arguments: Sequence[str], data: Path | bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = ["ssh-keygen", *arguments]
    try:
        if isinstance(data, bytes):
            return subprocess.run(command, input=data, capture_output=True, check=False)
        with (data or Path(os.devnull)).open("rb") as stdin:
            return subprocess.run(command, stdin=stdin, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise CartableError("ssh-keygen was not found; install OpenSSH's client (openssh-client).") from error


def _reason(done: subprocess.CompletedProcess[bytes]) -> str:
    text = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
    return " ".join(text.split()) or f"ssh-keygen ended with {done.returncode}"
