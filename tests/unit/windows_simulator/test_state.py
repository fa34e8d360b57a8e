"""State of a PC: registry, names, files; saved and loaded without loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.windows import PC, new_pc
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.models.api import find_script
from tests.simulators.windows.state.pc_state import PCState
from tests.simulators.windows.state.registry import Registry, canonical
from tests.simulators.windows.state.software import install, installed, remove
from tests.simulators.windows.state.system import Adapter, Share, Task, Update, Volume
from tests.simulators.windows.state.windows_update import POLICY, UPGRADES, offered

KEY = st.lists(st.text("abcABC-éÀ", min_size=1, max_size=6), min_size=1, max_size=4).map("\\".join)
DATA = st.one_of(
    st.text(),
    st.integers(0, 2**32 - 1),
    st.lists(st.text(), min_size=1),
    st.lists(st.integers(0, 255), min_size=1),
)


@settings(deadline=None)  # the machine is shared
@given(st.dictionaries(st.tuples(KEY, st.text(min_size=1, max_size=5)), DATA, max_size=12))
def test_registry_keeps_what_was_set_whatever_the_case(values: dict[tuple[str, str], Any]) -> None:
    registry, expected = Registry(), {}
    for (key, name), data in values.items():
        registry.set("HKLM:\\" + key, name, data)
        expected[canonical("HKEY_LOCAL_MACHINE\\" + key).lower(), name.lower()] = data
    loaded = Registry.from_json(json.loads(json.dumps(registry.to_json())))
    for (key, name), data in expected.items():
        assert loaded.get(key.upper(), name) == data
    for key, _ in expected:
        parent, _, child = key.rpartition("\\")
        if "\\" in parent:
            assert child in [name.lower() for name in loaded.subkeys(parent)]
    for key, _ in expected:
        loaded.delete(key)
    assert not any(loaded.values(key) for key, _ in expected)


@pytest.mark.parametrize("language", ["fr-FR", "en-US"])
def test_state_survives_the_file(language: str) -> None:
    state = new_pc("PC-A01", password="Passé’1", language=language)
    state.updates.append(Update("1", "Mise à jour", released="2026-11-10"))
    state.volumes.append(
        Volume("D:", protectors=[{"id": "{A}", "type": "RecoveryPassword", "password": "1"}])
    )
    state.tasks.append(Task("t", triggers=[{"type": "daily", "start_boundary": "2026-11-30T18:30:00"}]))
    state.shares.append(Share("s", "C:\\x", access={"S-1-1-0": "read"}))
    state.adapters.append(Adapter("Wi-Fi", "Morte", status="Not Present"))
    state.files.make_directory(r"C:\Users\Public\Été")
    state.files.write(r"C:\Users\Public\Été\b.bin", bytes(range(256)))
    loaded = PCState.from_json(json.loads(json.dumps(state.to_json())))
    assert loaded.to_json() == state.to_json()
    assert loaded.files.read(r"c:/users/public/ÉTÉ/B.BIN") == bytes(range(256))


def test_half_a_surrogate_pair_and_accents_survive(tmp_path: Path) -> None:
    pc = PC(
        new_pc("PC-A01", password="x"), state_file=tmp_path / "pc.json", journal_file=tmp_path / "pc.jsonl"
    )
    name = "Logiciel \ud83d de l’école"
    arguments = {"path": r"HKLM:\SOFTWARE\X", "name": "DisplayName", "data": name}
    assert run_module(pc, "ansible.windows.win_regedit", arguments)["changed"]
    assert PC.load(tmp_path / "pc.json").state.registry.get(r"HKLM\SOFTWARE\X", "DisplayName") == name
    assert json.loads((tmp_path / "pc.jsonl").read_text().splitlines()[-1])["arguments"]["data"] == name


def test_encryption_goes_on_by_itself() -> None:
    pc = PC(new_pc("PC-A01", password="x"))
    volume = pc.state.volumes[0]
    volume.conversion, volume.protectors = "EncryptionInProgress", [{"id": "{A}", "type": "Tpm"}]
    seen = []
    for _ in range(5):
        pc.tick()
        seen.append((volume.conversion, volume.percentage, volume.protection))
    assert seen[0] == ("EncryptionInProgress", 25, "Off") and seen[-1] == ("FullyEncrypted", 100, "On")


def test_feature_update_and_update_removed_by_hand() -> None:
    pc = PC(new_pc("PC-A01", password="x", build=26100, display_version="24H2"))
    pc.restart_seconds = 0.0
    upgrade = Update(
        "",
        "Windows 11, version 25H2",
        UPGRADES,
        needs_reboot=True,
        feature_build=26200,
        feature_version="25H2",
    )
    pc.state.updates = [Update("5", "KB5", installed=True), upgrade]
    today = pc.now().date()
    assert offered(pc.state, today) == [upgrade]
    pc.state.registry.set(POLICY, "TargetReleaseVersionInfo", "24H2")
    assert offered(pc.state, today) == []
    pc.state.registry.delete_value(POLICY, "TargetReleaseVersionInfo")
    waited = {"category_names": ["*"], "_operation_options": {"wait": True}}
    assert run_module(pc, "ansible.windows.win_updates", waited)["reboot_required"]
    pc.state.updates.append(Update("6", "KB6"))
    assert "A reboot is required" in run_module(pc, "ansible.windows.win_updates", waited)["msg"]
    pc.restart()
    assert (pc.state.system.build, pc.state.system.display_version) == (26200, "25H2")
    pc.state.updates[0].installed = False  # wusa /uninstall
    assert [update.kb for update in offered(pc.state, today)] == ["5", "6"]


def test_well_known_names() -> None:
    french, english = (
        new_pc("PC", password="x").accounts,
        new_pc("PC", password="x", language="en-US").accounts,
    )
    for sid, fr, en in (
        ("S-1-5-32-544", "Administrateurs", "Administrators"),
        ("S-1-1-0", "Tout le monde", "Everyone"),
        ("S-1-5-32-558", "Utilisateurs de l’Analyseur de performances", "Performance Monitor Users"),
    ):
        assert (french.resolve(fr), french.resolve(en), english.resolve(en)) == (sid, None, sid)
    assert french.resolve("SYSTEM") == "S-1-5-18"
    assert french.user("Administrateur").rid == 500 and not french.user("Administrateur").enabled


def test_software_of_both_views_and_of_a_user() -> None:
    state = new_pc("PC", password="x")
    sid = state.accounts.user("ansible").sid
    for view in ("64", "32", sid):
        install(state, f"Logiciel{view}", "Scratch 3 ✏️", "3.0", view=view)
    assert {entry.view for entry in installed(state)} == {"64", "32", sid}
    assert remove(state, "logiciel32") and len(installed(state)) == 2


@pytest.mark.parametrize(
    "script",
    [
        "Remove-Item 'C:\\t\\.' -Force -Recurse;",
        # As ansible-core 2.20 sends it.
        "Set-StrictMode -Version Latest\nRemove-Item 'C:\\t\\.' -Force -Recurse;\nIf (-not $?) { If (Get-Variable LASTEXITCODE"
        " -ErrorAction SilentlyContinue) { exit $LASTEXITCODE } Else { exit 1 } }",
    ],
)
def test_scripts_are_known_with_what_plugins_put_around_them(script: str) -> None:
    assert find_script(script) is not None
    assert find_script(script.replace("Remove-Item", "Remove-Thing")) is None
