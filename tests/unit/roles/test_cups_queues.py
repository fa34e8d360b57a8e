"""Print queues on a real cupsd that the test runs for itself: check, set, again, drift, repair, remove."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from plugins.modules import cups_queues

COPIER = {
    "name": "CO990001",
    "address": "192.0.2.202",
    "location": "Salle des maîtres",
    "comment": "Exemple Copieur d'école",
}
Run = Callable[..., dict[str, Any]]


def ask(*command: str) -> str:
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


@pytest.fixture(scope="module", autouse=True)
def cupsd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A print service of our own, which answers on a socket that nobody else knows."""
    folder = tmp_path_factory.mktemp("cups")
    socket = folder / "socket"
    names = {
        "ServerRoot": "etc",
        "CacheDir": "cache",
        "StateDir": "state",
        "RequestRoot": "spool",
        "TempDir": "spool/tmp",
    }
    for name in names.values():
        (folder / name).mkdir(parents=True, exist_ok=True)
    logs = {f"{name}Log": "stderr" for name in ("Access", "Error", "Page")}
    files = {key: str(folder / name) for key, name in names.items()} | logs | {"SystemGroup": "root"}
    (folder / "etc" / "cups-files.conf").write_text(
        "".join(f"{key} {value}\n" for key, value in files.items())
    )
    policy = "<Policy default>\n<Limit All>\nOrder deny,allow\n</Limit>\n</Policy>\n"
    (folder / "etc" / "cupsd.conf").write_text(f"Listen {socket}\nBrowsing Off\nWebInterface No\n{policy}")
    command = [
        "cupsd",
        "-f",
        "-c",
        str(folder / "etc" / "cupsd.conf"),
        "-s",
        str(folder / "etc" / "cups-files.conf"),
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("CUPS_SERVER", str(socket))
            patched.setenv("CUPS_USER", getpass.getuser())
            until = time.monotonic() + 20
            while "is running" not in subprocess.run(["lpstat", "-r"], capture_output=True, text=True).stdout:
                assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()
            yield
        process.terminate()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the module; what it answers."""

    def call(*queues: dict[str, Any], check: bool = False) -> dict[str, Any]:
        arguments = {"queues": list(queues), "_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            cups_queues.main()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    return call


def test_a_queue_from_its_making_to_its_removal(run: Run) -> None:
    checked = run(COPIER, check=True)
    assert checked["changed"]
    assert subprocess.run(["lpstat", "-v"], capture_output=True, text=True).stdout == ""
    made = run(COPIER)
    assert made["changed_queues"] == ["CO990001"], made
    assert made["diff"] == checked["diff"]
    assert "socket://192.0.2.202:9100" in ask("lpstat", "-v")
    options = ask("lpoptions", "-p", "CO990001").split()
    assert "sides=two-sided-long-edge" in options
    assert "print-color-mode=monochrome" in options
    described = ask("lpstat", "-l", "-p", "CO990001")
    assert "Location: Salle des maîtres" in described
    assert not run(COPIER)["changed"]

    ask("lpadmin", "-p", "CO990001", "-v", "socket://192.0.2.9", "-o", "Duplex=None")
    ask("cupsdisable", "CO990001")
    ask("lpadmin", "-p", "perso", "-v", "socket://192.0.2.8", "-m", "drv:///sample.drv/generpcl.ppd", "-E")
    checked = run(COPIER, check=True)
    assert (checked["diff"]["before"]["CO990001"]["sides"], checked["changed"]) == ("one-sided", True)
    assert run(COPIER)["changed"]
    assert not run(COPIER)["changed"]
    assert "disabled since" not in ask("lpstat", "-p", "CO990001")

    gone = {"name": "CO990001", "state": "absent"}
    assert run(gone)["changed"]
    assert not run(gone)["changed"]
    assert "perso" in ask("lpstat", "-v")  # nobody declared it, and it is left alone


def test_what_cups_refuses_is_told(run: Run) -> None:
    refused = run(COPIER | {"name": "CO990002", "model": "drv:///no/such.ppd"})
    assert refused["failed"]
    assert "CO990002 cannot be set" in refused["msg"]
    assert run({"name": "x"})["failed"]  # without an address
