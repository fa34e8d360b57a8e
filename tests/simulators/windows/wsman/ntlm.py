"""NTLM acceptor for one PC: pyspnego's, with that PC's accounts, name and clock."""

from __future__ import annotations

import datetime
import threading
from typing import Any, Protocol, cast

from spnego import _ntlm
from spnego._ntlm_raw.crypto import lmowfv1, ntowfv1
from spnego._ntlm_raw.messages import Authenticate, AvId, Challenge, FileTime, NTClientChallengeV2
from spnego.channel_bindings import GssChannelBindings


class LogonRefusedError(Exception):
    """The account may not log on from the network; the message says why (the client only sees 401)."""


class AccountSource(Protocol):
    """What the acceptor asks a PC."""

    @property
    def name(self) -> str: ...

    def now(self) -> datetime.datetime: ...

    def password_for_network_logon(self, domain: str, user: str) -> str:
        """Password of the account; LogonRefusedError when it may not log on."""


# pyspnego's acceptor reads one credential file for the whole process, named by NTLM_USER_FILE. Each PC has its own
# accounts, which change while it runs, and no password may lie in a file: so its two look-ups ask the PC that the
# current thread serves, and behave as before in every other thread.
_serving = threading.local()
_original_file, _original_credential = _ntlm._get_credential_file, _ntlm._get_credential


def _credential_file() -> str | None:
    return "simulated PC" if getattr(_serving, "pc", None) else _original_file()


def _credential(store: Any, domain: Any = None, username: Any = None) -> Any:
    pc: AccountSource | None = getattr(_serving, "pc", None)
    if pc is None:
        return _original_credential(store, domain, username)
    password = pc.password_for_network_logon(domain or "", username or "")
    return domain, username, lmowfv1(password), ntowfv1(password)


_ntlm._get_credential_file = _credential_file
_ntlm._get_credential = _credential


class NtlmAcceptor(_ntlm.NTLMProxy):
    """Server side of one connection's NTLM exchange and message protection."""

    def __init__(self, pc: AccountSource, certificate_hash: bytes | None) -> None:
        self._pc = pc
        self._certificate_hash = certificate_hash
        _serving.pc = pc
        try:
            super().__init__(usage="accept", protocol="ntlm")
        finally:
            _serving.pc = None

    def accept(self, token: bytes) -> bytes:
        """The answer to a token: empty when the exchange is complete."""
        bindings = None
        if self._temp_challenge is not None and self._certificate_hash and _sends_bindings(token):
            # CbtHardeningLevel Relaxed, the default: checked when the client sends it, not required.
            data = b"tls-server-end-point:" + self._certificate_hash
            bindings = GssChannelBindings(application_data=data)
        _serving.pc = self._pc
        try:
            return self.step(token, channel_bindings=bindings) or b""
        finally:
            _serving.pc = None

    def tried_user(self, token: bytes) -> str:
        """The user name in an AUTHENTICATE message; empty in any other."""
        return (Authenticate.unpack(token).user_name or "") if self._temp_challenge is not None else ""

    def _step_accept_negotiate(self, token: bytes) -> bytes:
        super()._step_accept_negotiate(token)
        challenge = cast(Challenge, self._temp_challenge)
        info = challenge.target_info
        assert info is not None
        for key in (AvId.nb_computer_name, AvId.nb_domain_name, AvId.dns_computer_name):
            info[key] = self._pc.name
        info[AvId.timestamp] = FileTime.from_datetime(self._pc.now())
        self._temp_challenge = Challenge(
            challenge.flags,
            challenge.server_challenge,
            target_name=self._pc.name,
            target_info=info,
            version=challenge.version,
        )
        return self._temp_challenge.pack()


def _sends_bindings(token: bytes) -> bool:
    response = Authenticate.unpack(token).nt_challenge_response or b""
    if len(response) <= 24:
        return False
    bound = NTClientChallengeV2.unpack(response[16:]).av_pairs.get(AvId.channel_bindings)
    return bool(bound) and bound != b"\0" * 16
