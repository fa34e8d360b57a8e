"""What the real apt-get says of package sources that fail, and the cause that an upgrade names."""

from __future__ import annotations

import hashlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from plugins.module_utils.apt_upgrade import Apt, UpgradeFailed

pytestmark = pytest.mark.judge("apt-get", "gpg")

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=400)


class Source:
    """An empty flat archive with a signing key of its own, and an apt-get that knows nothing else."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.archive = root, root / "archive"
        self.home = root / "gnupg"
        self.home.mkdir(mode=0o700)
        for folder in (
            "etc/trusted.gpg.d",
            "etc/apt.conf.d",
            "state/lists/partial",
            "cache/archives/partial",
            "archive",
        ):
            (root / folder).mkdir(parents=True)
        (root / "status").touch()
        (self.archive / "Packages").touch()
        self.address = f"file:{self.archive}"
        settings = {"Dir::Etc": root / "etc", "Dir::State": root / "state", "Dir::State::status": root / "status",
                    "Dir::Cache": root / "cache", "APT::Sandbox::User": "root", "Acquire::Retries": "0"}  # fmt: skip
        (root / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
        monkeypatch.setenv("APT_CONFIG", str(root / "apt.conf"))

    def gpg(self, *arguments: str, at: datetime = NOW) -> bytes:
        """Run gpg at a moment; what it prints."""
        moment = f"{at:%Y%m%dT%H%M%S}"
        command = [
            "gpg",
            "--homedir",
            self.home,
            "--batch",
            "--quiet",
            "--faked-system-time",
            moment,
            "--passphrase",
            "",
        ]
        done = subprocess.run([*command, *arguments], check=True, capture_output=True)
        return done.stdout

    def key(self, name: str, at: datetime = NOW, expires: str = "never") -> None:
        """Make a signing key."""
        self.gpg("--quick-generate-key", f"{name} <{name}@ecole.example>", "ed25519", "sign", expires, at=at)

    def trust(self, name: str) -> None:
        """Let apt-get trust a key."""
        (self.root / "etc" / "trusted.gpg.d" / f"{name}.gpg").write_bytes(self.gpg("--export", name))

    def sign(self, name: str, codename: str = "trixie", at: datetime = NOW, days: float = 7) -> None:
        """Publish the archive: its index, signed, valid for so many days."""
        packages = (self.archive / "Packages").read_bytes()
        moment = "%a, %d %b %Y %H:%M:%S UTC"
        release = (
            f"Origin: Essai\nSuite: stable\nCodename: {codename}\nDate: {at:{moment}}\n"
            f"Valid-Until: {at + timedelta(days=days):{moment}}\nArchitectures: all\n"
            f"SHA256:\n {hashlib.sha256(packages).hexdigest()} {len(packages)} Packages\n"
        )
        (self.archive / "Release").write_text(release)
        signed = self.gpg(
            "--local-user", name, "--clearsign", "--output", "-", str(self.archive / "Release"), at=at
        )
        (self.archive / "InRelease").write_bytes(signed)

    def refresh(self) -> str:
        """Fetch the lists as an upgrade does; the cause where that fails."""
        (self.root / "etc" / "sources.list").write_text(f"deb {self.address} ./\n")
        apt = Apt(lock_timeout=5)
        apt.lists_lock = str(self.root / "state" / "lists" / "lock")
        try:
            apt.refresh()
        except UpgradeFailed as error:
            return error.code
        return ""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    made = Source(tmp_path, monkeypatch)
    yield made
    subprocess.run(["gpgconf", "--homedir", made.home, "--kill", "all"], check=False)


@pytest.fixture
def portal() -> Iterator[str]:
    """The address of a portal that answers every request with its page of welcome."""

    class Portal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = b"<!DOCTYPE html><html><body>Bienvenue</body></html>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Portal)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def good(source: Source) -> None:
    source.key("bonne")
    source.trust("bonne")
    source.sign("bonne")
    assert source.refresh() == ""


def expired_key(source: Source) -> None:
    source.key("ancienne", at=LONG_AGO, expires="30d")
    source.trust("ancienne")
    source.sign("ancienne", at=LONG_AGO + timedelta(days=1), days=1000)


def unknown_key(source: Source) -> None:
    good(source)
    source.key("autre")
    source.sign("autre")


def unsigned(source: Source) -> None:
    source.key("bonne")
    source.sign("bonne")
    (source.archive / "InRelease").unlink()


def stale(source: Source) -> None:
    source.key("bonne", at=LONG_AGO)
    source.trust("bonne")
    source.sign("bonne", at=LONG_AGO)


def from_the_future(source: Source) -> None:
    good(source)
    source.sign("bonne", at=NOW + timedelta(days=2))


def other_codename(source: Source) -> None:
    good(source)
    source.sign("bonne", codename="forky")


def suite_gone(source: Source) -> None:
    good(source)
    for name in ("InRelease", "Release"):
        (source.archive / name).unlink()


def unreachable(source: Source) -> None:
    source.address = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (expired_key, "key_expired"),
        (unknown_key, "key_missing"),
        (unsigned, "key_missing"),
        (stale, "release_expired"),
        (from_the_future, "release_expired"),
        (other_codename, "release_changed"),
        (suite_gone, "release_gone"),
        (unreachable, "no_network"),
    ],
)
def test_the_cause_of_a_source_that_fails(
    source: Source, fault: Callable[[Source], None], cause: str
) -> None:
    fault(source)
    assert source.refresh() == cause


def test_a_portal_in_front_of_the_source(source: Source, portal: str) -> None:
    source.address = portal
    assert source.refresh() == "proxy_answers_html"
