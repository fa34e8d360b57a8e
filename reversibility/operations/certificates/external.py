"""Certificates of an external authority (such as Certinomis): the request, and the delivered certificate.

Both are in the asset's records: ``requests/NAME.csr`` and ``delivered/NAME.pem``, the certificate first, then the
certificates between it and the authority's root.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from reversibility.errors import CartableError
from reversibility.operations.certificates.authority import (
    PURPOSES,
    Wanted,
    names_of,
    purposes_of,
    requested_key,
)
from reversibility.records.state import State


@dataclass(frozen=True)
class Answer:
    """Certificate of an external authority (PEM, or empty), and the request it is ``waiting`` for."""

    certificate: str
    waiting: str
    asked_anew: bool


class Orders:
    """The requests and answers of one asset."""

    def __init__(self, state: State, site: str, asset: str) -> None:
        self._state, self._site, self._asset = state, site, asset

    def request(self, name: str) -> str:
        """The recorded request (PEM). Raises CartableError without one."""
        kept = self._read("requests", name, "csr")
        if not kept:
            raise CartableError(
                f"{self._asset} has made no request that is called {name}; declare it in certificates_wanted with "
                "authority: external, and run provision.yml."
            )
        return kept

    def keep_request(self, name: str, request: str) -> bool:
        """Record a request if its key or names differ from the recorded one; returns whether it was recorded."""
        if not self.would_keep(name, request):
            return False
        return self._state.write(self._site, self._asset, f"requests/{name}.csr", request.encode())

    def would_keep(self, name: str, request: str) -> bool:
        """Whether ``keep_request`` would record it."""
        kept = self._read("requests", name, "csr")
        return bool(request) and (not kept or _asked(kept) != _asked(request))

    def deliver(self, name: str, pem: str, now: datetime) -> x509.Certificate:
        """Record the authority's answer; returns the certificate. Raises CartableError if it does not match."""
        request = self.request(name)
        chain = ordered_chain(pem, request)
        _fit(chain[0], _asked(request)[2], now)
        text = "".join(each.public_bytes(Encoding.PEM).decode() for each in chain)
        self._state.write(self._site, self._asset, f"delivered/{name}.pem", text.encode())
        return chain[0]

    def delivered(self, name: str) -> str:
        """What the authority has delivered last (PEM); empty before."""
        return self._read("delivered", name, "pem")

    def answer(
        self, name: str, request: str, wanted: Wanted, *, now: datetime, renew_days: int, check: bool
    ) -> Answer:
        """The certificate to install, and the request to send. ``request`` may be empty in check mode."""
        asked_anew = self.would_keep(name, request) if check else self.keep_request(name, request)
        delivered = self._read("delivered", name, "pem")
        order = f"reversibility certificates request {self._asset} {name}"
        if not delivered:
            return Answer(
                "", f"no certificate was delivered yet; order it with what `{order}` writes", asked_anew
            )
        try:
            chain = (
                ordered_chain(delivered, request)
                if request
                else x509.load_pem_x509_certificates(delivered.encode())
            )
            _fit(chain[0], wanted.names, now)
            if not set(PURPOSES[wanted.purpose]) <= purposes_of(chain[0]):
                raise CartableError(f"The certificate is not for a {wanted.purpose}.")
        except CartableError as error:
            return Answer(
                "", f"what was delivered does not fit: {error} Order it again: `{order}`", asked_anew
            )
        end = chain[0].not_valid_after_utc
        late = end - now < timedelta(days=renew_days)
        return Answer(
            delivered, f"it ends on {end:%Y-%m-%d}; order the next one: `{order}`" if late else "", asked_anew
        )

    def _read(self, folder: str, name: str, ending: str) -> str:
        return (self._state.read_bytes(self._site, self._asset, f"{folder}/{name}.{ending}") or b"").decode()


def ordered_chain(pem: str, request: str) -> list[x509.Certificate]:
    """The certificate for the key of ``request``, then those that issued one another, whatever their order in ``pem``.

    Raises CartableError where none is for that key.
    """
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise CartableError(
            "This is no certificate (PEM); look at the file that the authority gave."
        ) from error
    key = requested_key(request)
    chain = [each for each in found if each.public_key() == key][:1]
    if not chain:
        raise CartableError(
            "None of the certificates is for the key of the request; was another request ordered?"
        )
    rest = [each for each in found if each is not chain[0]]
    while issuer := next((each for each in rest if _issued(each, chain[-1])), None):
        chain.append(issuer)
        rest.remove(issuer)
    return chain


def _fit(certificate: x509.Certificate, names: Iterable[str], now: datetime) -> None:
    if certificate.not_valid_after_utc <= now:
        raise CartableError(f"The certificate ended on {certificate.not_valid_after_utc:%Y-%m-%d}.")
    missing = set(names) - set(names_of(certificate))
    if missing:
        raise CartableError(f"The certificate is not for {', '.join(sorted(missing))}.")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _asked(request: str) -> tuple[bytes, str, tuple[str, ...]]:
    """What a request is about: its key, its common name, its names."""
    csr = x509.load_pem_x509_csr(request.encode())
    try:
        found = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(sorted(str(each.value) for each in found))
    except x509.ExtensionNotFound:
        names = ()
    common = [str(each.value) for each in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    key = requested_key(request).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key, "".join(common), names
