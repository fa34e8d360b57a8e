"""HTTPS server of a simulated API: TLS with a certificate of its own, JSON in and out, and a rate limit on demand."""

from __future__ import annotations

import datetime
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from tests.simulators.windows.wsman.certificates import self_signed


class Api(Protocol):
    """What answers. ``calls`` are the calls that came, ``limited`` the headers Retry-After of the next answers 429."""

    calls: list[str]
    limited: list[str | None]
    refused: Any
    """The body of an answer 429."""

    def answered(
        self, method: str, path: str, query: str, headers: Any, body: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, answer and headers."""


class ApiServer:
    """Context that serves an API over HTTPS from a thread of its own."""

    def __init__(self, api: Api, folder: Path, below: str = "", host: str = "127.0.0.1") -> None:
        self.api = api
        certificate = self_signed("localhost", datetime.datetime.now(datetime.UTC))
        self.certificates = folder / "api_certificates.pem"
        self.certificates.write_bytes(certificate.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.write(folder / "api_server.pem"))
        self.server = ThreadingHTTPServer((host, 0), _handler(api, below))
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}{below}"

    def __enter__(self) -> ApiServer:
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join(10)
        self.server.server_close()


def _handler(api: Api, below: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet
        disable_nagle_algorithm = True

        def serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path, _, query = self.path.partition("?")
            path = path.removeprefix(below)
            api.calls.append(f"{self.command} {path}")
            if api.limited:
                wait = api.limited.pop(0)
                self._send(429, api.refused, {"Retry-After": wait} if wait else {})
            else:
                body = json.loads(raw) if raw else None
                self._send(*api.answered(self.command, path, query, self.headers, body))

        do_GET = do_PUT = do_POST = do_DELETE = serve

        def _send(self, status: int, answer: Any, headers: dict[str, str]) -> None:
            raw = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    return Handler
