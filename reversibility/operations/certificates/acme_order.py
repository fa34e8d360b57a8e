"""Certificates of an authority that issues by ACME (RFC 8555), for the request that an asset has made.

Its key stays on the asset: the order is made here, on the controller. The names are proven by DNS (dns-01), since a
school's server is seldom reachable from the Internet; a program of the market sets the record where its zone is kept.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reversibility.errors import CartableError
from reversibility.records.vault import Vault
from reversibility.records.vault_entry import OWN_ASSET

ACCOUNT, PRIVATE_KEY = "acme-account", "private_key"
ORDER_SECONDS = 300
NONCES = 5

Record = Callable[[str, str, str], None]
"""("set" or "remove", name of the TXT record, value)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``certificates_acme`` of an asset. ``trust``: file with the root of a directory that no public one has signed."""

    directory: str
    program: tuple[str, ...]
    contact: str = ""
    trust: str = ""

    @classmethod
    def of(cls, asset: str, variables: Any) -> Settings:
        """Read them from the variables of an asset. Raises CartableError if they are incomplete."""
        found = variables.get("certificates_acme") or {}
        if not found.get("directory") or not found.get("program"):
            raise CartableError(
                f"{asset} wants a certificate by ACME: write certificates_acme (directory, program) into its "
                "group_vars; docs/certificates.md."
            )
        texts = {name: str(found.get(name) or "") for name in ("directory", "contact", "trust")}
        return cls(program=tuple(str(word) for word in found["program"]), **texts)


def run_program(settings: Settings) -> Record:
    """The market's program that sets and removes TXT records: ``PROGRAM set|remove NAME VALUE``."""

    def record(action: str, name: str, value: str) -> None:
        try:
            done = subprocess.run(
                [*settings.program, action, name, value],
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CartableError(f"{settings.program[0]} does not run: {error}") from error
        if done.returncode:
            raise CartableError(
                f"{settings.program[0]} {action} {name} ended with {done.returncode}: {done.stderr.strip()[-300:]}"
            )

    return record


def is_due(delivered: str, now: datetime) -> bool:
    """Whether to order a certificate: there is none, or less than a third of its validity is left."""
    try:
        found = x509.load_pem_x509_certificates(delivered.encode())[0]
    except (ValueError, IndexError):
        return True
    life = found.not_valid_after_utc - found.not_valid_before_utc
    return found.not_valid_after_utc - now < life / 3


def account_key(vault: Vault) -> str:
    """The market's account key (PEM), made with the first order and kept in the vault."""
    if vault.secret(OWN_ASSET, ACCOUNT, PRIVATE_KEY) is None:
        with vault.transaction() as change:
            if vault.secret(OWN_ASSET, ACCOUNT, PRIVATE_KEY) is None:  # under the lock
                made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
                change.put_secret(OWN_ASSET, OWN_ASSET, ACCOUNT, PRIVATE_KEY, made.decode())
    key = vault.secret(OWN_ASSET, ACCOUNT, PRIVATE_KEY)
    assert key is not None
    return key


def obtain(settings: Settings, key: str, request: str, record: Record) -> str:
    """The certificate with its chain (PEM) for a request (PEM). Raises CartableError, with what the authority said."""
    try:
        import josepy
        import requests
        from acme import challenges, client, errors, messages
    except ImportError as error:
        raise CartableError(
            f"acme is missing ({error}); install the project with its extra: pip install -e .[acme]"
        ) from error

    loaded = serialization.load_pem_private_key(key.encode(), password=None)
    signing = josepy.JWKEC(key=loaded)
    verify: Any = settings.trust or True  # requests takes a file as well
    network = client.ClientNetwork(signing, alg=josepy.ES256, verify_ssl=verify, user_agent="cartable")
    network.post = _patient(network.post, messages.Error)
    try:
        there = client.ClientV2(client.ClientV2.get_directory(settings.directory, network), network)
        _log_in(there, settings, messages, errors)
        order = there.new_order(request.encode())
        with _proven(order, there, signing, record, challenges):
            finished = there.poll_and_finalize(order, datetime.now() + timedelta(seconds=ORDER_SECONDS))
    except (errors.Error, messages.Error, requests.RequestException) as error:
        raise CartableError(f"{settings.directory} issued nothing: {_told(error)}") from error
    return str(finished.fullchain_pem)


def _patient(post: Callable[..., Any], refused: type[Exception]) -> Callable[..., Any]:
    """Post again with a new nonce, as often as a busy authority may want it: the library does so once."""

    def again(*args: Any, **more: Any) -> Any:
        for left in reversed(range(NONCES)):
            try:
                return post(*args, **more)
            except refused as error:
                if getattr(error, "code", "") != "badNonce" or not left:
                    raise
        raise AssertionError

    return again


def _log_in(there: Any, settings: Settings, messages: Any, errors: Any) -> None:
    """Create the account, or find the one of this key."""
    contact = {"contact": (settings.contact,)} if settings.contact else {}
    asked = messages.NewRegistration(terms_of_service_agreed=True, **contact)
    try:
        there.new_account(asked)
    except errors.ConflictError as known:
        there.query_registration(
            messages.RegistrationResource(body=messages.Registration(), uri=known.location)
        )


@contextmanager
def _proven(order: Any, there: Any, key: Any, record: Record, challenges: Any) -> Iterator[None]:
    """Set the TXT records of all names, notify the authority, and remove the records in any case."""
    kept: list[tuple[str, str]] = []
    try:
        answers = []
        for each in order.authorizations:
            if each.body.status.name == "valid":
                continue  # proven a while ago, which the authority still takes
            offered = [one for one in each.body.challenges if isinstance(one.chall, challenges.DNS01)]
            if not offered:
                raise CartableError(
                    f"{each.body.identifier.value} cannot be proven by DNS with this authority."
                )
            response, value = offered[0].response_and_validation(key)
            name = offered[0].chall.validation_domain_name(each.body.identifier.value)
            kept.append((name, value))
            record("set", name, value)
            answers.append((offered[0], response))
        for challenge, response in answers:
            there.answer_challenge(challenge, response)
        yield
    finally:
        for name, value in kept:
            record("remove", name, value)


def _told(error: Exception) -> str:
    failed = getattr(error, "failed_authzrs", None) or ()
    words = [
        f"{each.body.identifier.value}: {one.error.detail}"
        for each in failed
        for one in each.body.challenges
        if one.error is not None
    ]
    return "; ".join(words) or f"{type(error).__name__}: {error}"
