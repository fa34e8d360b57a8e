"""HTTP(S) listener of one PC's WS-Management service: authentication and message protection."""

from __future__ import annotations

import base64
import re
import socket
import ssl
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from spnego.exceptions import SpnegoError

from . import soap
from .ntlm import LogonRefusedError, NtlmAcceptor

if TYPE_CHECKING:
    from ..pc import PC

BOUNDARY = b"--Encrypted Boundary"
ENCRYPTED = (
    'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
)
SOAP = "application/soap+xml;charset=UTF-8"
PART = re.compile(
    rb"--Encrypted Boundary\r\n"
    rb"\s+Content-Type: application/HTTP-SPNEGO-session-encrypted\r\n"
    rb"\s+OriginalContent: type=application/soap\+xml;charset=UTF-8;Length=(\d+)\r\n"
    rb"--Encrypted Boundary\r\n"
    rb"\s+Content-Type: application/octet-stream\r\n(.*)--Encrypted Boundary--\r\n",
    re.S,
)
MAX_ENVELOPE_KB = 500  # Windows 8 and 2012 and later
TYPE_1 = b"NTLMSSP\0\x01\0\0\0"


class BadRequestError(Exception):
    """A request that HTTP.sys or the service refuses before it is a SOAP message."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


class Listener(ThreadingHTTPServer):
    """The listener of one PC. Its sockets are accepted by the simulator's single loop, then served in a thread."""

    daemon_threads = True
    request_queue_size = 64
    allow_reuse_address = True

    def __init__(self, pc: PC, address: str, port: int, certificate: Path | None) -> None:
        self.pc = pc
        self.tls = certificate is not None
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        super().__init__((address, port), Handler)

    def server_bind(self) -> None:
        # HTTPServer.server_bind asks the resolver for the machine's name, which takes seconds without one.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self._context is not None:  # the handshake itself happens in the connection's thread
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away or refused our certificate is no error of ours."""


class Handler(BaseHTTPRequestHandler):
    """One connection: NTLM authenticates the connection, not the request."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Microsoft-HTTPAPI/2.0", ""
    disable_nagle_algorithm = True
    timeout = 180
    server: Listener

    def setup(self) -> None:
        super().setup()
        self.acceptor: NtlmAcceptor | None = None
        self.user = ""
        self.sealed = False
        self.admitted = False

    def log_message(self, format: str, *args: Any) -> None:
        """No log: the journal has it."""

    def do_POST(self) -> None:
        pc = self.server.pc
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        # A firewall decides about new connections; one that is open goes on until the PC is off.
        refusal = "" if self.admitted and pc.reachable() else pc.refusal(5986 if self.server.tls else 5985)
        if refusal:
            pc.journal.add("refused", why=refusal)
        if refusal or pc.faults.take("dropped_connection"):
            self.close_connection = True
            return
        self.admitted = True
        slow = pc.faults.take("slow")
        if slow:
            time.sleep(slow.seconds)
        self.sealed = False
        if self.path != "/wsman":
            self._reply(404)
            return
        if not self._authenticated():
            return
        try:
            message = self._opened(body)
        except BadRequestError as error:
            pc.journal.add("refused", why=str(error), code=error.code)
            self._reply(error.code)
            return
        if message is None:
            self._reply(200)
            return
        self._answer(message, length)

    def _answer(self, message: bytes, length: int) -> None:
        pc = self.server.pc
        relates_to, language, name = "", "en-US", ""
        try:
            request = soap.Request.parse(message)
            relates_to, language, name = request.message_id, request.language, request.name
            code, answer = 200, pc.shells.answer(request, self.user)
        except ParseError:
            code, answer = 400, b""
        except soap.WsmanFault as fault:
            code, answer = 500, soap.fault_envelope(fault, pc.name, relates_to, language)
            pc.journal.add("fault", action=name, code=fault.code)
        pc.journal.add(
            "request",
            action=name,
            bytes_in=length,
            bytes_out=len(answer),
            protected=self.server.tls or self.sealed,
        )
        self._reply(code, answer)

    def _authenticated(self) -> bool:
        """Whether the connection has a user; else an answer has been sent."""
        pc = self.server.pc
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if not scheme and self.user:
            return True
        if scheme.lower() == "basic" and pc.allow_basic:
            if self._basic(token):
                return True
        elif scheme.lower() in ("negotiate", "ntlm") and pc.allow_negotiate:
            try:
                answer = self._ntlm(token)
            except (LogonRefusedError, SpnegoError, ValueError) as error:
                pc.journal.add("rejected", why=str(error))
            else:
                if answer is None:
                    return True
                self._reply(
                    401, headers=[("WWW-Authenticate", f"{scheme} {base64.b64encode(answer).decode()}")]
                )
                return False
        self.acceptor, self.user = None, ""
        offered = [("WWW-Authenticate", "Negotiate")] if pc.allow_negotiate else []
        if pc.allow_basic:
            offered.append(("WWW-Authenticate", 'Basic realm="WSMAN"'))
        self._reply(401, headers=offered)
        return False

    def _basic(self, token: str) -> bool:
        pc = self.server.pc
        if not self.server.tls and not pc.allow_unencrypted:
            return False
        user, _, password = base64.b64decode(token).decode().partition(":")
        try:
            if pc.password_for_network_logon("", user) == password:
                self.user = user
                return True
            pc.logon_failed(user)
        except LogonRefusedError as error:
            pc.journal.add("rejected", why=str(error))
        return False

    def _ntlm(self, token: str) -> bytes | None:
        """The answer to an NTLM token; None when the user is authenticated."""
        pc = self.server.pc
        raw = base64.b64decode(token)
        if self.acceptor is None or raw.startswith(TYPE_1):
            digest = pc.certificate.digest if self.server.tls else None
            self.acceptor = NtlmAcceptor(pc, digest)
        try:
            if not raw.startswith(TYPE_1) and pc.faults.take("unauthorized"):
                raise LogonRefusedError("fault on demand")
            answer = self.acceptor.accept(raw)
        except SpnegoError:
            pc.logon_failed(self.acceptor.tried_user(raw))
            raise
        if not self.acceptor.complete:
            return answer
        self.user = (self.acceptor.client_principal or "").rpartition("\\")[2]
        pc.logon_succeeded(self.user)
        return None

    def _opened(self, body: bytes) -> bytes | None:
        """The SOAP message of a request; None for the empty request that only authenticates."""
        content_type = self.headers.get("Content-Type", "")
        if len(body) > self.server.pc.max_envelope_kb * 1024 * 4 // 3:
            raise BadRequestError(413, "larger than MaxEnvelopeSizekb")
        if content_type.startswith("multipart/encrypted"):
            if self.acceptor is None:
                raise BadRequestError(400, "encrypted message without NTLM")
            part = PART.fullmatch(body)
            if part is None:
                raise BadRequestError(400, "malformed multipart/encrypted message")
            size = struct.unpack("<i", part[2][:4])[0]
            try:
                plain = self.acceptor.unwrap_winrm(part[2][4 : 4 + size], part[2][4 + size :])
            except SpnegoError as error:
                raise BadRequestError(400, f"message cannot be decrypted: {error}") from error
            if len(plain) != int(part[1]):
                raise BadRequestError(400, f"Length says {int(part[1])}, the message has {len(plain)} bytes")
            self.sealed = True
            return plain
        if not body:
            return None
        if not content_type.startswith("application/soap+xml"):
            raise BadRequestError(415, f"content type {content_type!r}")
        if not self.server.tls and not self.server.pc.allow_unencrypted:
            raise BadRequestError(500, "unencrypted message, and AllowUnencrypted is false")
        return body

    def _reply(self, code: int, body: bytes = b"", headers: list[tuple[str, str]] | None = None) -> None:
        content_type = SOAP
        if body and self.sealed and self.acceptor is not None:
            sealed = self.acceptor.wrap_winrm(body)
            content_type = ENCRYPTED
            body = (
                BOUNDARY + b"\r\n\tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\tOriginalContent: type="
                b"application/soap+xml;charset=UTF-8;Length=" + str(len(body)).encode() + b"\r\n" + BOUNDARY
                + b"\r\n\tContent-Type: application/octet-stream\r\n" + struct.pack("<i", len(sealed.header))
                + sealed.header + sealed.data + BOUNDARY + b"--\r\n"
            )  # fmt: skip
        self.send_response(code)
        for name, value in headers or ():
            self.send_header(name, value)
        if body:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
