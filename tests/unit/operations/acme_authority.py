"""Pebble, the ACME authority that its makers test with, and the name server that it asks: both on loopback."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

SET_RECORD = """\
import json, sys, urllib.request
action, name, value = sys.argv[1:]
told = {"host": name + "."}
if action == "set":
    told["value"] = value
with open(FOLDER + "/told", "a") as stream:
    print(action, name, file=stream)
path = "/set-txt" if action == "set" else "/clear-txt"
urllib.request.urlopen(MANAGEMENT + path, json.dumps(told).encode()).read()
"""


@dataclass(frozen=True)
class AcmeAuthority:
    """A running pebble. ``program`` sets the records of its name server; ``told`` is what it was called with."""

    directory: str
    trust: Path
    root: str
    program: list[str]
    told: Path


def _ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def acme_authority(folder: Path, python: str, seconds: int) -> Iterator[AcmeAuthority]:
    """Run them in ``folder``; certificates are valid for so many seconds."""
    acme, management, dns, records, unused = _ports(5)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", "pebble.key", "-out", "pebble.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    settings = {
        "listenAddress": f"127.0.0.1:{acme}", "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": "pebble.pem", "privateKey": "pebble.key", "httpPort": unused, "tlsPort": unused,
        "ocspResponderURL": "", "externalAccountBindingRequired": False, "certificateValidityPeriod": seconds,
    }  # fmt: skip
    (folder / "pebble.json").write_text(json.dumps({"pebble": settings}))
    program = folder / "dns.py"
    program.write_text(
        f"FOLDER, MANAGEMENT = {str(folder)!r}, 'http://127.0.0.1:{records}'\n{SET_RECORD}", encoding="utf-8"
    )
    (folder / "told").touch()
    names = ["pebble-challtestsrv", "-dns01", f"127.0.0.1:{dns}", "-management", f"127.0.0.1:{records}",
             "-http01", "", "-https01", "", "-tlsalpn01", ""]  # fmt: skip
    with (folder / "log").open("w") as log, ExitStack() as stack:
        for words in (names, ["pebble", "-config", "pebble.json", "-dnsserver", f"127.0.0.1:{dns}"]):
            environment = {
                "PATH": "/usr/bin:/bin",
                "PEBBLE_VA_NOSLEEP": "1",
                "PEBBLE_AUTHZREUSE": "50",
                "PEBBLE_WFE_NONCEREJECT": "30",
            }
            run = subprocess.Popen(
                [shutil.which(words[0]) or words[0], *words[1:]],
                cwd=folder,
                stdout=log,
                stderr=log,
                env=environment,
            )
            stack.callback(run.wait)
            stack.callback(run.terminate)
        root = _answer(f"https://127.0.0.1:{management}/roots/0", folder / "pebble.pem")
        _answer(f"https://127.0.0.1:{acme}/dir", folder / "pebble.pem")
        yield AcmeAuthority(
            f"https://127.0.0.1:{acme}/dir",
            folder / "pebble.pem",
            root,
            [python, str(program)],
            folder / "told",
        )


def _answer(address: str, trust: Path) -> str:
    deadline = time.monotonic() + 20
    while True:
        try:
            context = ssl.create_default_context(cafile=str(trust))
            with urllib.request.urlopen(address, context=context, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
