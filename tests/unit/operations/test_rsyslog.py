"""Lines that the real rsyslog sends and takes in, with the templates of the role ``logs``."""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jinja2
import pytest

from plugins.module_utils import log_store
from reversibility.operations.certificates import issuing
from reversibility.operations.certificates.authority import Authority, Wanted
from reversibility.records.state import State
from tests.project import PROJECT

RSYSLOGD = "/usr/sbin/rsyslogd"
PC = "UC250001"
CONTENT = b"".join(b"2026-11-29T08:00:0%d+00:00 auth.info sshd[7]: essai\n" % number for number in range(3))


class Rsyslog:
    """One rsyslogd with its folder."""

    def __init__(self, folder: Path, configuration: str) -> None:
        self.folder = folder
        (folder / "spool").mkdir(parents=True)
        (folder / "conf").write_text(configuration)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        (self.folder / "pid").unlink(missing_ok=True)
        (self.folder / "log").unlink(missing_ok=True)
        with (self.folder / "said").open("ab") as said:
            command = [RSYSLOGD, "-n", "-f", self.folder / "conf", "-i", self.folder / "pid"]
            self.process = subprocess.Popen(command, stdout=said, stderr=said)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


def wait(condition: Callable[[], bool], said: Callable[[], str]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline, said()
        time.sleep(0.05)


@pytest.fixture
def pair() -> Iterator[tuple[Rsyslog, Rsyslog]]:
    """An asset and its server, with certificates of one authority, and the server's of another for a stranger."""
    with tempfile.TemporaryDirectory(prefix="rs-") as short:  # the path of a socket has a limit
        root = Path(short)
        now, state = datetime.now(UTC), State.create(root / "state")
        authority = Authority.create("essai", now)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        for name in (PC, "NA250001"):
            folder = root / "certs" / name
            folder.mkdir(parents=True)
            curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x"]
            files = ["-keyout", folder / "logs.key", "-out", folder / "csr"]
            subprocess.run(["openssl", "req", "-new", *curve, *files], check=True, capture_output=True)
            wanted = Wanted(name, "peer", (name,))
            request = (folder / "csr").read_text()
            (folder / "logs.crt").write_text(
                issuing.issue(authority, state, "essais", name, request, wanted, now)
            )
            (folder / "authority.pem").write_bytes(authority.certificate_pem())

        def template(name: str, asset: str, folder: Path) -> str:
            environment = jinja2.Environment(loader=jinja2.FileSystemLoader(PROJECT / "roles/logs/templates"))
            environment.filters["to_json"] = json.dumps
            rendered = environment.get_template(f"{name}.conf.j2").render(
                inventory_hostname=asset, logs_folder=folder, logs_server="NA250001", logs_address="127.0.0.1",
                logs_port=port, logs_clients=[PC], logs_certificates=root / "certs" / asset,
            )  # fmt: skip
            return f'global(workDirectory="{folder}/spool" maxMessageSize="64k")\n{rendered}'

        asset, server = root / "c", root / "s"
        inputs = f'module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="{asset}/log")\n'
        both = (
            Rsyslog(asset, inputs + template("source", PC, asset)),
            Rsyslog(
                server,
                template("store", "NA250001", server) + '\n*.* action(type="omfile" file="/dev/null")\n',
            ),
        )
        try:
            yield both
        finally:
            for each in both:
                each.kill()


@pytest.mark.judge(RSYSLOGD)
def test_nothing_is_lost_that_the_asset_still_has_when_both_ends_are_killed(
    pair: tuple[Rsyslog, Rsyslog],
) -> None:
    asset, server = pair

    def said() -> str:
        return "\n".join(
            (each.folder / "said").read_text() for each in pair if (each.folder / "said").exists()
        )

    def send(first: int, last: int) -> None:
        path = asset.folder / "log"
        wait(path.exists, said)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.connect(str(path))
            for number in range(first, last + 1):
                out.send(f"<38>Nov 30 08:00:00 essai: ligne {number} é\t'x'".encode())
        wait(lambda: f"ligne {last} " in written(), said)

    def written() -> str:
        return "".join(path.read_text() for path in asset.folder.glob("source/*.log"))

    def stored() -> int:
        return sum(row["lines"] for row in log_store.status(server.folder, {})["assets"].get(PC, {}).values())

    for days in (2, 1):  # the server has been down for so long
        day = f"{datetime.now() - timedelta(days=days):%Y-%m-%d}"
        (asset.folder / "source").mkdir(exist_ok=True)
        (asset.folder / "source" / f"{day}.log").write_bytes(CONTENT)
    earlier = 2 * len(CONTENT.splitlines())
    asset.start()
    send(1, 1500)  # it still is; more than imfile hands over at once
    server.start()
    send(1501, 1520)
    wait(lambda: stored() == 1520 + earlier, said)
    server.kill()
    send(1521, 1540)
    asset.kill()
    asset.start()
    send(1541, 1550)
    server.start()
    wait(
        lambda: "ligne 1550 " in "".join(path.read_text() for path in server.folder.glob("hosts/*/*.log")),
        said,
    )

    sizes = {PC: {path.stem: path.stat().st_size for path in asset.folder.glob("source/*.log")}}
    gaps = {day: row["missing"] for day, row in log_store.status(server.folder, sizes)["assets"][PC].items()}
    for day, ranges in gaps.items():
        content = (asset.folder / "source" / f"{day}.log").read_bytes()
        encoded = [(first, base64.b64encode(content[first:end])) for first, end in ranges]
        log_store.add(server.folder, PC, day, [(first, base64.b64decode(text)) for first, text in encoded])
    after = log_store.status(server.folder, sizes)["assets"][PC]
    assert all(row["missing"] == [] for row in after.values())
    assert sum(row["lines"] for row in after.values()) == len(written().splitlines()) >= 1550 + earlier


@pytest.mark.judge(RSYSLOGD)
def test_a_server_takes_no_lines_from_a_stranger(pair: tuple[Rsyslog, Rsyslog]) -> None:
    asset, server = pair
    certificates = asset.folder.parent / "certs" / PC
    command = ["openssl", "req", "-x509", "-key", certificates / "logs.key", "-subj", f"/CN={PC}"]
    subprocess.run([*command, "-out", certificates / "logs.crt"], check=True, capture_output=True)
    server.start()
    asset.start()
    wait((asset.folder / "log").exists, lambda: "")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.connect(str(asset.folder / "log"))
        out.send(b"<38>Nov 30 08:00:00 essai: bonjour")
    said = (server.folder / "said").read_text
    wait(lambda: "tls" in said().lower() or "certificate" in said().lower(), said)
    assert log_store.status(server.folder, {})["assets"] == {}
