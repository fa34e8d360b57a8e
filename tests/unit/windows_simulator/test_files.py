"""Files over the connection: put, fetch, copy of a tree, templates, asynchronous tasks, the state file."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.simulators.windows import Endpoint, Simulator
from tests.simulators.windows.direct import run_module

Run = Callable[..., dict[str, Any]]


def test_copy_and_fetch_are_the_same_bytes(endpoint: Endpoint, run: Run, tmp_path: Path) -> None:
    content = secrets.token_bytes(700_000)  # several Send and several Receive
    (tmp_path / "été.bin").write_bytes(content)
    copy = {"src": str(tmp_path / "été.bin"), "dest": r"C:\ProgramData\été.bin"}
    assert run(endpoint, "ansible.windows.win_copy", copy)["changed"]
    assert endpoint.pc.state.files.read(r"c:\programdata\ÉTÉ.bin") == content
    fetched = run(
        endpoint, "ansible.builtin.fetch", {"src": copy["dest"], "dest": f"{tmp_path}/back/", "flat": True}
    )
    assert Path(fetched["dest"]).read_bytes() == content


def test_copy_of_a_tree(endpoint: Endpoint, run: Run, tmp_path: Path) -> None:
    for name in ("a.txt", "sous dossier/b.txt"):
        file = tmp_path / "arbre" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    copy = {"src": f"{tmp_path}/arbre", "dest": r"C:\ProgramData"}
    assert run(endpoint, "ansible.windows.win_copy", copy)["changed"]
    assert endpoint.pc.state.files.read(r"C:\ProgramData\arbre\sous dossier\b.txt") == b"sous dossier/b.txt"


def test_asynchronous_task(endpoint: Endpoint, run: Run) -> None:
    result = run(
        endpoint,
        "ansible.windows.win_file",
        {"path": r"C:\ProgramData\x", "state": "directory"},
        "-B",
        "60",
        "-P",
        "1",
    )
    assert result["changed"] and result["finished"], result


def test_state_file_keeps_the_pc_and_takes_drift(tmp_path: Path, run: Run) -> None:
    password = secrets.token_urlsafe(12)
    with Simulator(tmp_path) as simulator:
        endpoint = simulator.add("PC-B01", password=password)
        path = tmp_path / "PC-B01.json"
        run_module(endpoint.pc, "ansible.windows.win_timezone", {"timezone": "UTC"})
        path.write_text(path.read_text().replace('"timezone": "UTC"', '"timezone": "GMT Standard Time"'))
        assert run(endpoint, "ansible.windows.win_timezone", {"timezone": "UTC"})["changed"]
    with Simulator(tmp_path) as simulator:
        assert simulator.add("PC-B01", password=password).pc.state.system.timezone == "UTC"
    assert path.stat().st_mode & 0o777 == 0o600
    assert password not in (tmp_path / "PC-B01.journal.jsonl").read_text()
