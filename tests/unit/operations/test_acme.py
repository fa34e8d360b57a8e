"""Certificates by ACME, of pebble: ordered, renewed while a client goes on calling, and what the authority refuses."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from reversibility import cli
from reversibility.operations.certificates.acme_order import is_due
from reversibility.records import session
from reversibility.records.atomic import write_atomically
from reversibility.records.state import State
from reversibility.records.vault import KdfCost, Vault
from tests.project import PROJECT
from tests.unit.operations.acme_authority import AcmeAuthority, acme_authority

SITE, TAG, NAME, LIFE = "trois_platanes", "NA250001", "nuage.ecole.example", 3600
WORDS = "six words that nobody else knows"

pytestmark = pytest.mark.judge("pebble", "pebble-challtestsrv", "openssl")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcmeAuthority]:
    with acme_authority(tmp_path_factory.mktemp("acme"), sys.executable, LIFE) as running:
        yield running


@pytest.fixture
def market(authority: AcmeAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demonstration's market, whose NAS wants a certificate and has made its request."""
    folder, data = tmp_path / "demo", tmp_path / "var" / "demo"
    shutil.copytree(PROJECT / "inventories" / "demo", folder)
    settings = {"directory": authority.directory, "program": authority.program, "trust": str(authority.trust)}
    wanted = [{"name": "web", "purpose": "server", "authority": "acme", "names": [NAME]}]
    variables = folder / "host_vars" / f"{TAG}.yml"
    known = yaml.safe_load(variables.read_text()) if variables.exists() else {}
    variables.parent.mkdir(exist_ok=True)
    variables.write_text(
        yaml.safe_dump({**known, "certificates_wanted": wanted, "certificates_acme": settings})
    )
    data.mkdir(parents=True)
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("CARTABLE_VAULT_PASSPHRASE_COMMAND", f"echo {WORDS}")
    session.close_vaults()
    Vault.create(data / "vault.kdbx", WORDS, cost=KdfCost(memory_mib=19, passes=2, lanes=1))
    return folder


def ask(market: Path, name: str = NAME) -> Path:
    """Make the key and the request of the NAS, as provision.yml does; the key's file."""
    key = market.parent / "web.key"
    subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
         f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", market.parent / "web.csr"],
        check=True, capture_output=True,
    )  # fmt: skip
    state = State.create(market.parent / "var" / "demo" / "state")
    state.write(SITE, TAG, "requests/web.csr", (market.parent / "web.csr").read_bytes())
    return key


def delivered(market: Path) -> str:
    return (
        State(market.parent / "var" / "demo" / "state").read_bytes(SITE, TAG, "delivered/web.pem") or b""
    ).decode()


def order(market: Path, *more: str) -> int:
    return cli.main(["certificates", "acme", "-i", str(market), *more])


@contextmanager
def tls_server(certificate: Path, key: Path) -> Iterator[int]:
    """A server that reads its certificate for each connection, as one that was told to reload does."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            try:
                with context.wrap_socket(connection, server_side=True) as shown:
                    shown.recv(1)
            except OSError:
                pass  # the client has said why

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


class Client:
    """Calls a server over and over, and notes which certificates it was shown and what failed."""

    def __init__(self, port: int, root: str) -> None:
        self.port, self.seen, self.failed, self.calls = port, set[int](), list[str](), 0
        self.context = ssl.create_default_context(cadata=root)
        self.end = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self.end.is_set():
            self.calls += 1
            try:
                with (
                    socket.create_connection(("127.0.0.1", self.port), 5) as plain,
                    self.context.wrap_socket(plain, server_hostname=NAME) as tls,
                ):
                    self.seen.add(x509.load_der_x509_certificate(tls.getpeercert(True) or b"").serial_number)
                    tls.send(b"x")
            except OSError as error:
                self.failed.append(repr(error))

    def __enter__(self) -> Client:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end.set()
        self.thread.join()


def test_a_client_that_goes_on_calling_sees_each_renewal_and_no_failed_handshake(
    authority: AcmeAuthority, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, shown = ask(market), tmp_path / "web.crt"
    assert order(market) == 0
    write_atomically(shown, delivered(market).encode())
    now = datetime.now(UTC)
    assert [is_due(delivered(market), now + timedelta(seconds=LIFE * part)) for part in (0, 0.6, 0.7)] == [
        False,
        False,
        True,
    ]
    assert order(market) == 0
    assert delivered(market) == shown.read_text(), "not due: not ordered again"
    serials = [x509.load_pem_x509_certificate(shown.read_bytes()).serial_number]
    with tls_server(shown, key) as port, Client(port, authority.root) as client:
        for _ in range(2):
            assert order(market, "--force") == 0
            write_atomically(shown, delivered(market).encode())  # as the role's copy does
            serials.append(x509.load_pem_x509_certificate(shown.read_bytes()).serial_number)
            calls = client.calls
            deadline = datetime.now() + timedelta(seconds=10)
            while client.calls < calls + 3 and datetime.now() < deadline:
                client.end.wait(0.01)
    assert client.failed == []
    assert client.seen == set(serials) and len(client.seen) == 3
    told = authority.told.read_text().splitlines()
    assert told.count(f"set _acme-challenge.{NAME}") == told.count(f"remove _acme-challenge.{NAME}") >= 1
    account = session.current_vault(market.parent / "var" / "demo" / "vault.kdbx").secret(
        "cartable", "acme-account", "private_key"
    )
    assert account and account not in capsys.readouterr().out


def test_what_the_authority_refuses_is_told_and_the_records_are_removed(
    authority: AcmeAuthority, market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program sets another value, as one that speaks to the wrong zone does."""
    ask(market)
    program = authority.told.with_name("wrong.py")
    program.write_text(
        Path(authority.program[1]).read_text().replace('told["value"] = value', 'told["value"] = "x"')
    )
    variables = market / "host_vars" / f"{TAG}.yml"
    variables.write_text(variables.read_text().replace(authority.program[1], str(program)))
    assert order(market) == 1
    told = capsys.readouterr().out
    assert NAME in told and "Correct value not found for DNS challenge" in told
    assert delivered(market) == ""
    assert authority.told.read_text().splitlines()[-1] == f"remove _acme-challenge.{NAME}"


def test_a_program_that_fails_and_settings_that_are_missing_are_told(
    authority: AcmeAuthority, market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variables = market / "host_vars" / f"{TAG}.yml"
    whole = variables.read_text()
    assert order(market) == 1
    assert "has made no request" in capsys.readouterr().out
    ask(market)
    variables.write_text(whole.replace(authority.program[1], "/nowhere.py"))
    assert order(market) == 1
    assert "ended with 2" in capsys.readouterr().out
    variables.write_text(re.sub(r"(?m)^certificates_acme:\n(?:  .*\n)+", "", whole))
    assert order(market) == 1
    assert "certificates_acme" in capsys.readouterr().out
