"""Certificates of an outside authority, which OpenSSL plays: the request, its answer, what does not fit."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reversibility.cli import main
from reversibility.errors import CartableError
from reversibility.market.paths import MarketPaths
from reversibility.operations.certificates.authority import Wanted
from reversibility.operations.certificates.external import Orders
from reversibility.records.state import State
from tests.project import PROJECT

OPENSSL = shutil.which("openssl") or ""
DEMO = PROJECT / "inventories" / "demo"
NOW = datetime.now(UTC)
NAMES = ("intranet.ecole.example", "198.51.100.10")
WANTED = Wanted(NAMES[0], "server", NAMES, 365)


class Outside:
    """An outside authority: a root, and an authority below it that issues."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-days", "900",
                      "-subj", "/CN=Racine", "-keyout", "root.key", "-out", "root.pem")  # fmt: skip
        self.request_for("below", "/CN=Intermédiaire")
        self._sign("below", "root", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=keyCertSign", 800)

    def request_for(self, name: str, subject: str, *names: str) -> str:
        """Make a key and a request."""
        more = ["-addext", "subjectAltName=" + ",".join(names)] if names else []
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8",
                      "-subj", subject, *more, "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        return (self.folder / f"{name}.csr").read_text()

    def issue(self, request: str, names: str = f"DNS:{NAMES[0]},IP:{NAMES[1]}", days: int = 365) -> str:
        """Answer a request."""
        (self.folder / "pc.csr").write_text(request)
        self._sign("pc", "below", f"extendedKeyUsage=serverAuth\nsubjectAltName={names}", days)
        return (self.folder / "pc.pem").read_text()

    def pem(self, name: str) -> str:
        return (self.folder / f"{name}.pem").read_text()

    def _sign(self, name: str, by: str, extensions: str, days: int) -> None:
        (self.folder / "ext").write_text(extensions)
        issuer = ["-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial", "-days", str(days)]
        self._openssl("x509", "-req", "-in", f"{name}.csr", *issuer, "-extfile", "ext", "-out", f"{name}.pem")

    def _openssl(self, *arguments: str) -> None:
        subprocess.run([OPENSSL, *arguments], cwd=self.folder, check=True, capture_output=True)


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    (tmp_path / "outside").mkdir()
    return Outside(tmp_path / "outside")


@pytest.fixture
def orders(tmp_path: Path) -> Orders:
    return Orders(State.create(tmp_path / "state"), "tilleuls", "NA250001")


def test_the_request_is_kept_once_and_the_answer_is_installed_with_its_chain(
    outside: Outside, orders: Orders, tmp_path: Path
) -> None:
    request = outside.request_for("web", f"/CN={NAMES[0]}", f"DNS:{NAMES[0]}", f"IP:{NAMES[1]}")
    first = orders.answer("web", request, WANTED, now=NOW, renew_days=90, check=True)
    assert (first.certificate, first.asked_anew) == ("", True)
    with pytest.raises(CartableError, match="no request"):
        orders.request("web")
    waiting = orders.answer("web", request, WANTED, now=NOW, renew_days=90, check=False)
    assert waiting.asked_anew and "order it" in waiting.waiting
    assert not orders.answer("web", request, WANTED, now=NOW, renew_days=90, check=False).asked_anew

    leaf = outside.issue(orders.request("web"))
    orders.deliver("web", outside.pem("root") + outside.pem("below") + leaf, NOW)
    given = orders.answer("web", request, WANTED, now=NOW, renew_days=90, check=False)
    assert (given.waiting, given.asked_anew) == ("", False)
    chain = tmp_path / "chain.pem"
    chain.write_text(given.certificate)
    command = [
        OPENSSL,
        "verify",
        "-purpose",
        "sslserver",
        "-CAfile",
        outside.folder / "root.pem",
        "-untrusted",
        chain,
        chain,
    ]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0, (
        "the server's certificate is first"
    )
    soon = orders.answer("web", request, WANTED, now=NOW + timedelta(days=300), renew_days=90, check=False)
    assert soon.certificate == given.certificate and "order the next one" in soon.waiting


def test_what_does_not_fit_is_refused_and_what_no_longer_fits_is_not_installed(
    outside: Outside, orders: Orders
) -> None:
    request = outside.request_for("web", f"/CN={NAMES[0]}", f"DNS:{NAMES[0]}", f"IP:{NAMES[1]}")
    orders.keep_request("web", request)
    for pem, said in (
        ("no certificate", "no certificate"),
        (outside.pem("root"), "None of the certificates"),
        (outside.issue(request, "DNS:other.example"), "not for 198.51.100.10, intranet"),
    ):
        with pytest.raises(CartableError, match=said):
            orders.deliver("web", pem, NOW)
    leaf = outside.issue(request)
    with pytest.raises(CartableError, match="ended"):
        orders.deliver("web", leaf, NOW + timedelta(days=400))
    orders.deliver("web", leaf, NOW)
    other = outside.request_for("other", f"/CN={NAMES[0]}", f"DNS:{NAMES[0]}", f"IP:{NAMES[1]}")
    replaced = orders.answer("web", other, WANTED, now=NOW, renew_days=90, check=False)
    assert replaced.certificate == "" and replaced.asked_anew, "another key wants another certificate"
    client = Wanted(NAMES[0], "client", NAMES, 365)
    orders.keep_request("web", request)
    assert (
        "not for a client"
        in orders.answer("web", request, client, now=NOW, renew_days=90, check=False).waiting
    )


def test_the_commands_write_the_request_and_keep_the_answer(
    outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(tmp_path / "data"))
    state = State.create(MarketPaths.for_inventory(DEMO).state)
    words, file = ["-i", str(DEMO), "NA250001", "web"], tmp_path / "web.csr"
    assert main(["certificates", "request", *words, "--out", str(file)]) != 0
    assert "certificates_wanted" in capsys.readouterr().err
    orders = Orders(state, "trois_platanes", "NA250001")
    orders.keep_request("web", outside.request_for("web", f"/CN={NAMES[0]}", f"DNS:{NAMES[0]}"))
    assert main(["certificates", "request", *words, "--out", str(file)]) == 0
    answer = tmp_path / "web.pem"
    answer.write_text(outside.issue(file.read_text()))
    assert main(["certificates", "import", *words, str(answer)]) == 0
    assert state.read_bytes("trois_platanes", "NA250001", "delivered/web.pem")
    capsys.readouterr()
    assert main(["journal", "list", "-i", str(DEMO)]) == 0
    assert "certificates import" in capsys.readouterr().out
