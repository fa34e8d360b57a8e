"""The market's certificate authority, judged by OpenSSL: what it issues verifies, what it revokes does not."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from reversibility.errors import CartableError
from reversibility.operations.certificates import issuing
from reversibility.operations.certificates.authority import Authority, Wanted
from reversibility.operations.certificates.seen import certificate_record
from reversibility.records.state import State
from reversibility.records.vault import KdfCost, Vault

NOW = datetime.now(UTC)
PLACE = ("tilleuls", "NA250001")
SERVER = Wanted("NA250001", "server", ("NA250001", "198.51.100.10"))
OPENSSL = shutil.which("openssl") or ""


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Autorité de certification – essai", NOW)


@pytest.fixture(scope="module")
def request_pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A request that OpenSSL made, for names that nobody may have by asking."""
    key = tmp_path_factory.mktemp("keys") / "pc.key"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key))
    return openssl(
        "req", "-new", "-subj", "/CN=direction", "-addext", "basicConstraints=CA:TRUE", "-key", str(key)
    )


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.create(tmp_path / "state")


def openssl(*arguments: str, check: bool = True) -> str:
    done = subprocess.run([OPENSSL, *arguments], capture_output=True, text=True, check=check)
    return done.stdout + done.stderr


def verify(folder: Path, authority: Authority, certificate: str, purpose: str, crl: str = "") -> str:
    """What ``openssl verify`` says."""
    (folder / "ca.pem").write_bytes(authority.certificate_pem() + crl.encode())
    (folder / "leaf.pem").write_text(certificate)
    check = ["-crl_check"] if crl else []
    files = ["-CAfile", str(folder / "ca.pem"), str(folder / "leaf.pem")]
    return openssl("verify", "-x509_strict", "-purpose", purpose, *check, *files, check=False)


def test_what_is_issued_is_what_was_wanted_and_not_what_was_asked_for(
    tmp_path: Path, authority: Authority, request_pem: str, state: State
) -> None:
    issued = issuing.issue(authority, state, *PLACE, request_pem, SERVER, NOW)
    assert verify(tmp_path, authority, issued, "sslserver").endswith("leaf.pem: OK\n")
    assert "unsuitable" in verify(tmp_path, authority, issued, "sslclient")
    text = openssl("x509", "-noout", "-text", "-in", str(tmp_path / "leaf.pem"))
    assert "CN = NA250001" in text and "direction" not in text and "CA:FALSE" in text
    assert "DNS:NA250001, IP Address:198.51.100.10" in text
    [row] = issuing.register(state, *PLACE)
    assert row["serial"] == f"{x509.load_pem_x509_certificate(issued.encode()).serial_number:x}"


def test_another_authority_and_a_forged_request_are_refused(
    tmp_path: Path, authority: Authority, request_pem: str, state: State
) -> None:
    foreign = Authority.create("Autorité de certification – essai", NOW)
    issued = issuing.issue(foreign, state, *PLACE, request_pem, SERVER, NOW)
    assert "OK" not in verify(tmp_path, authority, issued, "sslserver")
    assert "another authority" in _why(authority, issued, request_pem)
    lines = request_pem.splitlines()
    lines[-3] = lines[-3][:-4] + ("AAAA" if lines[-3][-4:] != "AAAA" else "BBBB")
    for bad in ("\n".join(lines), "nothing", ""):
        with pytest.raises(CartableError):
            issuing.issue(authority, state, *PLACE, bad, SERVER, NOW)


def _why(authority: Authority, current: str, request: str, wanted: Wanted = SERVER, **changes: Any) -> str:
    given: dict[str, Any] = {"now": NOW, "renew_days": 90, **changes}
    return issuing.why_new(authority, current, request, wanted, given.pop("register", []), **given)


def test_a_certificate_is_renewed_for_a_reason_and_otherwise_left_alone(
    authority: Authority, request_pem: str, state: State, tmp_path: Path
) -> None:
    issued = issuing.issue(authority, state, *PLACE, request_pem, SERVER, NOW)
    assert _why(authority, issued, request_pem) == ""
    assert _why(authority, issued, request_pem, now=NOW + timedelta(days=274)) == ""
    assert "ends on" in _why(authority, issued, request_pem, now=NOW + timedelta(days=276))
    assert "ended on" in _why(authority, issued, request_pem, now=NOW + timedelta(days=366))
    assert "names" in _why(authority, issued, request_pem, Wanted("NA250001", "server", ("autre",)))
    assert "purpose" in _why(authority, issued, request_pem, Wanted("NA250001", "peer", SERVER.names))
    assert _why(authority, "", request_pem) and _why(authority, "text", request_pem)
    key = tmp_path / "other.key"
    openssl("genpkey", "-algorithm", "ED25519", "-out", str(key))
    other = openssl("req", "-new", "-subj", "/CN=x", "-key", str(key))
    assert "key" in _why(authority, issued, other)
    issuing.revoke(state, PLACE[1], "key_compromise", NOW)
    assert "revoked" in _why(authority, issued, request_pem, register=issuing.register(state, *PLACE))


@pytest.mark.parametrize("title", ["É" * 40, "Informatique des écoles de la commune " * 3, "x"])
def test_a_name_that_is_too_long_is_cut_where_a_character_ends(title: str) -> None:
    name = Authority.create(f"Autorité – {title}", NOW).certificate.subject.rfc4514_string()
    assert name.startswith("CN=Autorité – ") and len(name.encode()) <= 3 + 64


def test_the_last_certificates_of_an_authority_are_not_renewed_at_each_run(
    authority: Authority, request_pem: str, state: State
) -> None:
    late = authority.certificate.not_valid_after_utc - timedelta(days=30)
    issued = issuing.issue(authority, state, *PLACE, request_pem, SERVER, late)
    assert _why(authority, issued, request_pem, now=late) == ""


def test_a_revoked_certificate_is_refused_by_the_list_which_is_signed_once(
    tmp_path: Path, authority: Authority, request_pem: str, state: State
) -> None:
    kept, lost = (issuing.issue(authority, state, *PLACE, request_pem, SERVER, NOW) for _ in range(2))
    before = issuing.revocations(authority, state, NOW)
    assert "OK" in verify(tmp_path, authority, lost, "sslserver", before)
    serial = f"{x509.load_pem_x509_certificate(lost.encode()).serial_number:x}"
    assert len(issuing.revoke(state, PLACE[1], "key_compromise", NOW, serial=serial)) == 1
    assert issuing.revoke(state, PLACE[1], "key_compromise", NOW, serial=serial) == [], "it was already"
    after = issuing.revocations(authority, state, NOW)
    assert "certificate revoked" in verify(tmp_path, authority, lost, "sslserver", after)
    assert "OK" in verify(tmp_path, authority, kept, "sslserver", after)
    assert issuing.revocations(authority, state, NOW + timedelta(days=100)) == after, (
        "a second run changes nothing"
    )
    assert issuing.revocations(authority, state, NOW + timedelta(days=200)) != after, "long before it ends"
    for asset, given in (("UC990009", None), (PLACE[1], "abc")):
        with pytest.raises(CartableError, match="issued no certificate"):
            issuing.revoke(state, asset, "superseded", NOW, serial=given)


def test_the_authority_is_made_once_and_lives_in_the_vault(tmp_path: Path, state: State) -> None:
    path = tmp_path / "vault.kdbx"
    vault = Vault.create(path, "six words that nobody knows", cost=KdfCost(memory_mib=19, passes=2, lanes=1))
    assert issuing.known_authority(vault) is None
    made = issuing.made_authority(vault, state, "essai", NOW)
    again = issuing.made_authority(Vault.open(path, "six words that nobody knows"), state, "essai", NOW)
    assert again.certificate == made.certificate
    assert made.key_pem() in vault.secrets(), "so that no record and no bundle may hold it in the clear"
    assert "PRIVATE" not in repr(made)
    assert not [name for name in tmp_path.rglob("*.pem") if b"PRIVATE" in name.read_bytes()]
    assert not vault.entries(), "it is no account of an asset"


def test_a_renewal_interrupts_nobody(
    tmp_path: Path, authority: Authority, request_pem: str, state: State
) -> None:
    """A TLS server reads a renewed file again at each connection, while a client connects in a loop."""
    key = tmp_path / "server.key"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key))
    request = openssl("req", "-new", "-subj", "/CN=x", "-key", str(key))
    wanted = Wanted("localhost", "server", ("localhost",))
    place = tmp_path / "server.crt"
    place.write_text(issuing.issue(authority, state, *PLACE, request, wanted, NOW))
    client = ssl.create_default_context(cadata=authority.certificate_pem().decode())
    serials: set[str] = set()
    stop = threading.Event()

    def renew() -> None:
        while not stop.is_set():
            fresh = tmp_path / "fresh"
            fresh.write_text(issuing.issue(authority, state, *PLACE, request, wanted, NOW))
            fresh.rename(place)

    thread = threading.Thread(target=renew)
    thread.start()
    try:
        while len(serials) < 5:
            serials.add(_handshake(client, place, key))
    finally:
        stop.set()
        thread.join()


def _handshake(client: ssl.SSLContext, certificate: Path, key: Path) -> str:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    ends = [(ssl.MemoryBIO(), ssl.MemoryBIO())]
    inward, outward = ends[0]
    ours = client.wrap_bio(outward, inward, server_hostname="localhost")
    theirs = server.wrap_bio(inward, outward, server_side=True)
    for _ in range(8):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    shown = ours.getpeercert()
    assert shown is not None
    return str(shown["serialNumber"])


def test_the_record_has_one_row_for_a_certificate_in_two_places(
    authority: Authority, request_pem: str, state: State
) -> None:
    issued = issuing.issue(authority, state, *PLACE, request_pem, SERVER, NOW)
    places = [
        {"place": "tcp/443", "pem": issued, "private_key": False},
        {"place": "/etc/ssl/cartable/web.crt", "pem": issued, "private_key": True},
        {"place": "/etc/ssl/cartable/authority.pem", "pem": authority.certificate_pem().decode()},
        {"place": "/etc/broken.pem", "pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
    ]
    rows = certificate_record(places)["certificates"]
    broken, server, root = rows
    assert broken["problem"] == "unreadable" and broken["places"] == ["/etc/broken.pem"]
    assert server["places"] == ["/etc/ssl/cartable/web.crt", "tcp/443"] and server["private_key"]
    assert server["uses"] == ["server"] and server["names"] == ["198.51.100.10", "NA250001"]
    assert root["authority"] and root["self_signed"] and not root["private_key"]
    assert certificate_record(reversed(places))["certificates"] == rows, (
        "the order of reading makes no difference"
    )
