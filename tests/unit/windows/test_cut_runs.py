"""The controller is killed between each pair of steps, and between a change and its answer: nothing is ever lost.

After each kill a person with the vault can still open the PC and its disk, and the next run goes on from there.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulators.windows.pc import PC
from tests.unit.windows.fleet import Fleet

pytestmark = pytest.mark.playbook

TAG = "UC990001"
ACCOUNTS = ("cartable", "eleve")
HEAD = "- hosts: managed\n  gather_facts: false\n  tasks:\n"
PASSWORDS = (
    HEAD
    + "    - ansible.builtin.include_role: {name: cartable.fleet.accounts, tasks_from: resume}\n"
    + "    - ansible.builtin.include_role: {name: cartable.fleet.accounts}\n"
)
ENCRYPTION = (
    HEAD
    + "    - ansible.builtin.include_role: {name: cartable.fleet.security, tasks_from: windows_bitlocker}\n"
)


def playbook(fleet: Fleet, text: str) -> str:
    path = fleet.folder / "play.yml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def nothing(_module: str, _arguments: dict[str, Any]) -> None:
    """The kill has happened."""


def once(fleet: Fleet, module: str, of: Callable[[dict[str, Any]], bool]) -> None:
    """Kill the controller when the PC has run this module, before it hears of it."""

    def ran(name: str, arguments: dict[str, Any]) -> None:
        if name == module and of(arguments):
            fleet.pc(TAG).ran = nothing
            fleet.kill_controller()

    fleet.pc(TAG).ran = ran


def assert_the_vault_opens(fleet: Fleet) -> None:
    """Each account that the PC has is opened by what the vault has of it, current or pending."""
    vault, accounts = fleet.vault(), fleet.pc(TAG).state.accounts
    for name in ACCOUNTS:
        user = next((user for user in accounts.users if user.name == name), None)
        if user is not None:
            entry = vault.find(TAG, name)
            assert entry is not None, name
            assert user.password in {entry.password, entry.pending}, name


def assert_the_disk_opens(fleet: Fleet) -> None:
    """A disk that is being encrypted, or asks for a key, has a recovery key that the vault has."""
    pc = fleet.pc(TAG)
    [volume] = pc.state.volumes
    kept = [
        fleet.vault().secret(TAG, "cartable", f"BitLocker C: {key['id']}") == key["password"]
        for key in recovery_keys(pc)
    ]
    if volume.conversion != "FullyDecrypted" or volume.protection == "On":
        assert any(kept)


def recovery_keys(pc: PC) -> list[dict[str, str]]:
    return [key for key in pc.state.volumes[0].protectors if key["type"] == "RecoveryPassword"]


def test_no_password_is_lost_wherever_a_change_is_cut(one_pc: Fleet) -> None:
    play, seen = playbook(one_pc, PASSWORDS), set()
    sets = "ansible.windows.win_user"
    cuts: list[tuple[str, Callable[[dict[str, Any]], bool] | None]] = [
        ("Have the accounts:0", None),  # both are pending, neither is on the PC
        ("", lambda given: given["name"] == "eleve"),  # the PC has an account whose creation nobody heard of
        ("Set the passwords of local accounts:0", None),  # of the administrator
        (
            "",
            lambda given: given["update_password"] == "always",
        ),  # the PC has a password that nobody heard of
        ("Make the proven secrets the current ones:0", None),
    ]
    for before, of in cuts:
        if of is not None:
            once(one_pc, sets, of)
        assert one_pc.killed(play, before) == -signal.SIGKILL, before
        assert of is None or one_pc.pc(TAG).ran is nothing  # not killed for another reason
        assert_the_vault_opens(one_pc)
        seen.add(one_pc.pc(TAG).state.accounts.user("cartable").password)
    done = one_pc.run(play)
    assert done.status == 0, done.text
    for name in ACCOUNTS:
        entry = one_pc.vault().find(TAG, name)
        assert entry is not None
        assert (entry.password, entry.pending) == (one_pc.pc(TAG).state.accounts.user(name).password, None)
    assert len(seen) > 1  # the cuts met a change


def test_no_disk_is_lost_wherever_its_encryption_is_cut(one_pc: Fleet) -> None:
    play, pc = playbook(one_pc, ENCRYPTION), one_pc.pc(TAG)
    bitlocker = "cartable.fleet.win_bitlocker"
    cuts: list[tuple[str, Callable[[dict[str, Any]], bool] | None]] = [
        ("", lambda given: given["state"] == "key_prepared"),  # a key on the PC that nobody heard of
        ("Keep the recovery key in the vault:0", None),
        ("Encrypt:0", None),
        ("", lambda given: given["state"] == "encrypted"),  # encryption begun, and nobody heard of it
    ]
    for before, of in cuts:
        if of is not None:
            once(one_pc, bitlocker, of)
        assert one_pc.killed(play, before) == -signal.SIGKILL, before
        assert of is None or one_pc.pc(TAG).ran is nothing  # not killed for another reason
        assert_the_disk_opens(one_pc)
    assert pc.state.volumes[0].conversion != "FullyDecrypted"  # the last cut came after it had begun
    done = one_pc.run(play)
    assert done.status == 0, done.text
    assert_the_disk_opens(one_pc)
    assert pc.state.volumes[0].protection == "On"
    assert len(recovery_keys(pc)) == 1  # a key that nobody heard of is used, not followed by another one
