"""Records with anything in them: each bad one is told with its asset and file, and the bundle is built."""

from __future__ import annotations

import copy
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from reversibility.bundle.compare import compare
from reversibility.bundle.verify import verify
from reversibility.market.load import load_market
from reversibility.records.history import history
from reversibility.records.json_text import read_json
from reversibility.records.state import State
from tests.unit.bundle.market import Case, make_case

UNREADABLE = {
    "deep.json": b"[" * 150_000,
    "deep-and-closed.json": b"[" * 200 + b"]" * 200,
    "deep-mappings.json": b'{"a":' * 300 + b"1" + b"}" * 300,
    "deep-and-indented.json": "\n".join("  " * n + "[" for n in range(90)).encode(),
    "large.json": b'{"memory": 1' + b"0" * 400 + b"}",
    "huge.json": b'{"memory": 1e999}',
    "digits.json": b'{"memory": 1' + b"0" * 5000 + b"}",
    "nan.json": b'{"memory": NaN}',
    "bytes.json": b'{"login": "Dani\xe8le"}',
    "nothing.json": b"",
}
VALUES: list[Any] = [
    None, True, False, 0, -1, 2**62, -1.5e300, "", "x", "=1+1", "\x00\x1f\x7f", "\ufffe\uffff", "\u202e[2J\x1b[2J",
    "é" * 40_000, [], {}, [1], [[]], [{}], [None], {"": ""}, {"name": []}, {"name": {}}, ["a", 1, None, {"login": 1}],
    [{"login": None}], [{"name": ["x"], "version": {}}], "2026-13-45", {"content": []}, {"accounts": {}},
    {"logins": [{"account": []}]},
]  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(tmp_path_factory.mktemp("market"))


@pytest.fixture
def changed(case: Case, tmp_path: Path) -> Case:
    project = Path(shutil.copytree(case.project, tmp_path / "project"))
    inventory = project / "inventories" / "demo"
    paths = type(case.paths)(market="demo", inventory=inventory, data=project / "var" / "demo")
    return Case(paths, load_market(inventory), case.vault)


def test_what_no_other_program_would_read_is_a_finding(changed: Case) -> None:
    folder = changed.paths.state / "trois_platanes" / "UC250001"
    for name, content in UNREADABLE.items():
        (folder / name).write_bytes(content)
    (folder / "updates.json").write_bytes(b"[" * 150_000)
    (folder / "accounts.json").write_bytes(UNREADABLE["bytes.json"])
    (folder / "certificates.json").write_bytes(UNREADABLE["large.json"])
    for name in ("Foo", "foo", ":" * 100, "café", "cafe\u0301"):
        (folder / "config" / name).write_text("x\n", encoding="utf-8")
    (folder / "inventory.json").write_bytes(b"[1]")
    (folder / "services.json").write_bytes(b'{"services": [{"name": "Jeu \\ud83d", "\\udce8": 1}]}')
    changed.state.commit("observe")
    built = changed.build()
    assert verify(built.path).problems == []
    told = (built.path / "data/00-lisez-moi/anomalies.txt").read_text(encoding="utf-8")
    for name in (*UNREADABLE, "updates.json", "accounts.json", "certificates.json", "inventory.json"):
        assert f"trois_platanes/UC250001/{name}. " in told, name
    assert told.count("se confondrait avec un autre fichier") == 3
    rows = [row for row in built.assessment.rows if row.asset == "UC250001"]
    assert any(row.status != "proven" and "accounts.json" in row.detail for row in rows)
    others = [row for row in built.assessment.rows if row.asset and row.asset != "UC250001"]
    assert any(row.status == "proven" for row in others)
    report = compare(built.path, changed.paths.state)
    assert report["records"]["complies"], report["records"]
    assert [change.words for change in history(changed.state, "UC250001")]


def inside(generator: random.Random, content: Any) -> Any:
    """The same content with one value in it, however deep, replaced by one of VALUES."""
    content = copy.deepcopy(content)
    node, parent, key = content, None, None
    while isinstance(node, (dict, list)) and node and generator.random() < 0.8:
        parent, key = node, generator.choice(list(node) if isinstance(node, dict) else range(len(node)))
        node = node[key]
    value = generator.choice(VALUES)
    if parent is None:
        return value
    parent[key] = value
    return content


@pytest.mark.parametrize("seed", [1, 2])
def test_any_value_in_any_record_leaves_a_bundle(changed: Case, seed: int) -> None:
    generator = random.Random(seed)
    state: State = changed.state
    thrown = 0
    for site, tag in state.assets():
        for path in sorted((changed.paths.state / site / tag).glob("*.json")):
            content = json.loads(path.read_bytes())
            for _ in range(generator.choice((1, 1, 3, 12))):
                content = inside(generator, content)
                thrown += 1
            path.write_text(json.dumps(content), encoding="utf-8")
    assert thrown > 60
    state.commit("observe")
    built = changed.build()
    assert verify(built.path).problems == []
    assert compare(built.path, changed.paths.state)["records"]["complies"]
    for _, tag in state.assets():
        list(history(state, tag))


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=list(UNREADABLE))
def test_only_what_every_program_reads_alike_is_json(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(content)


def test_what_the_state_writes_is_what_it_reads(tmp_path: Path) -> None:
    state = State.create(tmp_path / "state")
    state.write("a", "UC250001", "x.json", {"login": "Jeu \ud83d \\ud83d", "many": [{"a": [{}] * 200}] * 3})
    assert state.read_json("a", "UC250001", "x.json") == {
        "login": "Jeu \\ud83d \\ud83d",
        "many": [{"a": [{}] * 200}] * 3,
    }
