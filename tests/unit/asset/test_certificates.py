"""Certificates of a machine: in files, and shown by a TLS service that really runs."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from plugins.module_utils.asset.certificates import certificates
from plugins.module_utils.asset.machine import Machine


class OneService(Machine):
    """A machine on which something listens on one port."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def run(self, *command: str, accept: range | None = None) -> str | None:
        rows = (
            (f"0.0.0.0:{self.port}", "0.0.0.0:*"),
            ("[::1]:1", "[::]:*"),
            (f"127.0.0.1%lo:{self.port}", "*"),
        )
        return "\n".join(f"LISTEN 0      128    {here}    {peer}" for here, peer in rows) + "\n"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with web.crt and web.key."""
    folder = tmp_path_factory.mktemp("web")
    options = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=web",
        "-days",
        "9",
    ]
    files = ["-keyout", str(folder / "web.key"), "-out", str(folder / "web.crt")]
    subprocess.run(["openssl", "req", "-x509", *options, *files], check=True, capture_output=True)
    return folder


def test_files_are_read_in_both_forms_and_lists_of_authorities_are_not(pair: Path, tmp_path: Path) -> None:
    pem = (pair / "web.crt").read_text()
    (tmp_path / "plain.pem").write_text(f"a comment\n{pem}")
    (tmp_path / "both.pem").write_text((pair / "web.key").read_text() + pem + pem)
    (tmp_path / "binary.cer").write_bytes(ssl.PEM_cert_to_DER_cert(pem))
    (tmp_path / "authorities.pem").write_text(pem * 21)
    (tmp_path / "alias.pem").symlink_to(tmp_path / "plain.pem")
    (tmp_path / "only.key").write_text((pair / "web.key").read_text())
    (tmp_path / "empty.crt").touch()
    found = certificates(Machine(), [str(tmp_path), str(pair), str(tmp_path / "none")], [])
    seen = [(Path(row["place"]).name, row["private_key"]) for row in found]
    assert sorted(seen) == [
        ("binary.cer", False),
        ("both.pem", False),
        ("both.pem", True),
        ("plain.pem", False),
        ("web.crt", True),
    ]
    assert {row["pem"].strip() for row in found} == {pem.strip()}
    assert "PRIVATE" not in str(found)


def test_a_service_is_asked_for_its_certificate_where_it_is_one_of_the_ports(pair: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair / "web.crt", pair / "web.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            with listener.accept()[0] as plain, contextlib.suppress(ConnectionError):
                context.wrap_socket(plain, server_side=True).recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        [row] = certificates(OneService(port), [], [1, port])
        thread.join()
        assert certificates(OneService(port), [], [443]) == [], "it is not asked"
    assert row["place"] == f"tcp/{port}" and row["pem"].strip() == (pair / "web.crt").read_text().strip()
