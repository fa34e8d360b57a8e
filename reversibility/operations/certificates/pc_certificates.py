"""Certificates that Windows PCs show, noted in ``known_certificates``: as ssh-keyscan does for SSH host keys."""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from reversibility.market.known_certificates import Endpoint, normalized, read
from reversibility.records.atomic import write_atomically

PATIENCE = 5.0  # seconds for the connection, and for the handshake
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """What a PC answered: its certificate (DER), or why there is none."""

    endpoint: Endpoint
    certificate: bytes = b""
    problem: str = ""

    @property
    def fingerprint(self) -> str:
        """SHA-256, in lower-case hexadecimal digits."""
        return hashlib.sha256(self.certificate).hexdigest()

    @property
    def thumbprint(self) -> str:
        """SHA-1 in capitals, as Windows shows it in ``Cert:\\LocalMachine\\My``: to compare, not to rely on."""
        return hashlib.sha1(self.certificate, usedforsecurity=False).hexdigest().upper()

    @property
    def subject(self) -> str:
        """The subject's name; it is what the PC says, no proof."""
        return x509.load_der_x509_certificate(self.certificate).subject.rfc4514_string()


def shown_by(endpoints: Iterable[Endpoint]) -> list[Shown]:
    """Ask every endpoint for its certificate, some at a time; the answers in the same order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(_shown, endpoints))


def _shown(endpoint: Endpoint) -> Shown:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is asked for, not trusted
    try:
        with (
            socket.create_connection((endpoint.host, endpoint.port), PATIENCE) as connection,
            context.wrap_socket(connection) as session,
        ):
            return Shown(endpoint, session.getpeercert(binary_form=True) or b"", "")
    except OSError as error:  # ssl.SSLError is one
        return Shown(endpoint, problem=str(error))


def note(path: Path, endpoint: Endpoint, *fingerprints: str) -> None:
    """Let these be the certificates of ``endpoint``, in place of its former ones.

    Raises CartableError when the file cannot be read or written.
    """
    known = read(path)
    known[str(endpoint)] = {normalized(fingerprint) for fingerprint in fingerprints}
    lines = [f"{name} {one}" for name, some in sorted(known.items()) for one in sorted(some)]
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode())
