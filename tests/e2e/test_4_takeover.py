"""A successor who has never met us, from the bundle alone to the first observation, as its start page says (R56)."""

from __future__ import annotations

import re
import secrets

import pytest

from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.records.journals import Journals
from reversibility.records.state import State
from tests.e2e.conftest import INVENTORY, LAB, DemoRun, School
from tests.unit.bundle.reader import PROJECT, START, make_reader

SITE, TAG = "trois_platanes", "UC250001"


def test_a_successor_observes_a_machine_with_what_is_in_the_bundle(
    school: School, demo: DemoRun, tmp_path_factory: pytest.TempPathFactory
) -> None:
    school.playbook("handover.yml")  # passwords were changed since the one before
    bundle = school.newest_bundle()
    # A home without anybody's settings, keys and open connections, at a short path: ssh has its sockets there.
    folder = tmp_path_factory.mktemp("reader")
    (folder / "home").mkdir()
    passphrase = folder / "passphrase"
    passphrase.write_text(f"{secrets.token_urlsafe(24)}\n", encoding="ascii")
    reader = make_reader(
        folder,
        bundle,
        load_market(INVENTORY),
        school.paths.data,
        fingerprint=school.fingerprint(),
        age_identity=school.vault().age_identity(),
        passphrase_command=f"cat '{passphrase}'",
        environment={"HOME": str(folder / "home")},
    )

    printed = reader.start_page()
    reader.follow(printed, START)
    taken = MarketPaths("demo", reader.project / "inventories" / "demo", reader.project / "var" / "demo")
    assert taken.operator_key.read_bytes() == school.paths.operator_key.read_bytes()
    assert taken.operator_key.stat().st_mode & 0o777 == 0o600
    assert taken.known_hosts.read_bytes() == school.paths.known_hosts.read_bytes()
    state, journals = State(taken.state), Journals(taken.journal)
    known = len(list(journals.entries()))
    assert "last_seen" not in state.volatile(SITE, TAG), "it is no part of the history that was cloned"

    # The last command, where the machines are reached from: the administration VLAN.
    said = reader.type(f"{LAB} run {printed[-1]} --limit {TAG}", PROJECT)
    assert re.search(rf"{TAG} +: ok=\d+ +changed=\d+ +unreachable=0 +failed=0 ", said), said
    assert "last_seen" in state.volatile(SITE, TAG)
    assert state.verify() == []
    assert journals.verify().problems == []
    assert any(line.get("playbook") == "observe.yml" for line in list(journals.entries())[known:])
