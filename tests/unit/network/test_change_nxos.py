"""Changes of a simulated Nexus that may cut the way in: staged, committed with a timer, confirmed after a login."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network import errors
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.change import Change, Outcome, read

from reversibility.platforms.cisco_nxos import DIALOGUE, DRIVER
from reversibility.platforms.model import Account, Configuration, Port, Svi, Vlan
from tests.simulators.network.nxos import NxosDevice
from tests.unit.network.conftest import wait_for

ADMIN = Account("admin", "admin")
WANTED = Configuration(
    vlans=(Vlan(1, "default"), Vlan(40, "pupils")),
    ports=(Port("Ethernet1/2", access=40, description="Classe de CP"),),
    accounts=(ADMIN,),
)
CUT = Configuration(svis=(Svi(1, "192.0.2.99/24"),), accounts=(ADMIN, Account("former", "admin")))


@pytest.fixture
def nexus(password: str, serve: Callable, login: Callable) -> SimpleNamespace:
    """A Nexus with an account too many, whose removal is risky, and how it is changed."""
    device = NxosDevice("SW250001", password=password, minute=30.0, version="10.3(4)")
    simulators = serve(device)

    def run(wanted: Configuration = WANTED, **options: bool) -> Outcome:
        session = login(simulators)
        before = read(session, DRIVER)
        commands = DRIVER.plan(wanted, before)
        change = Change(
            lambda: login(simulators), DRIVER, DIALOGUE, device.hostname, minutes=1, minute=device.minute
        )
        return change.apply(session, wanted, before, commands, {}, **options)

    login(simulators).configure(["username former password 0 Former-Secret-1 role network-admin"])
    device.write_startup()
    return SimpleNamespace(device=device, change=run, login=lambda: login(simulators))


def shown(device: NxosDevice) -> str:
    return device.text(device.running, device.vlans)


def test_it_is_confirmed_in_the_session_that_committed_after_a_new_login(nexus: SimpleNamespace) -> None:
    device = nexus.device
    outcome = nexus.change()
    assert (outcome.way_back, outcome.saved, device.rollback) == ("commit confirmed", True, None)
    assert device.running.get("username former") is None
    assert device.startup.get("username former") is None
    lines = [(received.session, received.line) for received in device.journal]
    [committed] = [at for at, (_, line) in enumerate(lines) if line == "commit confirmed 60"]
    [confirmed] = [at for at, (_, line) in enumerate(lines) if line == "commit"]
    assert lines[confirmed][0] == lines[committed][0]
    assert {session for session, _ in lines[committed:confirmed]} != {lines[committed][0]}, (
        "a new login came between"
    )
    assert DRIVER.plan(WANTED, read(nexus.login(), DRIVER)) == ()


def test_what_cuts_the_way_in_is_undone_by_the_device(nexus: SimpleNamespace) -> None:
    nexus.device.minute = 1.0
    before = shown(nexus.device)
    with pytest.raises(
        errors.DeviceError, match=r"undoes the change by itself within 1 min \('commit confirmed'\)"
    ):
        nexus.change(CUT)
    wait_for(lambda: "rolled back" in nexus.device.events)
    assert shown(nexus.device) == before
    assert nexus.login().show("show version")


@pytest.mark.parametrize("step", range(4, 40, 4))
def test_a_session_that_drops_at_any_step_leaves_it_as_it_was_or_as_wanted(
    nexus: SimpleNamespace, step: int
) -> None:
    device = nexus.device
    device.minute = 0.6
    before = shown(device)
    device.faults.drop_after = len(device.journal) + step
    try:
        nexus.change()
    except errors.DeviceError as error:
        assert len(str(error).split(". ")) == 1
    device.faults.drop_after = None
    wait_for(lambda: device.rollback is None)
    if shown(device) != before:
        assert DRIVER.plan(WANTED, read(nexus.login(), DRIVER)) == ()


def test_nobody_comes_back_after_the_commit_and_it_is_as_it_was(nexus: SimpleNamespace) -> None:
    device = nexus.device
    device.minute = 0.6
    before, startup = shown(device), device.text(device.startup, device.startup_vlans)
    session = nexus.login()
    session.run("configure dual-stage")
    session.configure(["no username former"], entered=True, stay=True)
    session.run("commit confirmed 60")
    assert device.running.get("username former") is None
    session._channel.close()
    wait_for(lambda: "rolled back" in device.events)
    assert shown(device) == before
    assert device.text(device.startup, device.startup_vlans) == startup


def test_a_commit_that_is_refused_changes_nothing(nexus: SimpleNamespace) -> None:
    before = shown(nexus.device)
    nexus.device.faults.refuse = "^commit confirmed"
    with pytest.raises(
        errors.CommandRefused, match=r"refuses 'commit confirmed 60'.*; the device is as it was"
    ):
        nexus.change()
    assert shown(nexus.device) == before
    assert nexus.device.rollback is None


def test_a_feature_runs_before_what_needs_it_is_staged(nexus: SimpleNamespace) -> None:
    wanted = replace(WANTED, dhcp_snooping=frozenset({40}))
    assert nexus.change(wanted).way_back == "commit confirmed"
    lines = [received.line for received in nexus.device.journal]
    assert lines.index("feature dhcp") < lines.index("configure dual-stage", lines.index("feature dhcp"))
    assert nexus.device.checkpoints == {}


def test_an_older_release_has_no_timer_and_is_not_changed(nexus: SimpleNamespace) -> None:
    nexus.device.version = "9.3(3)"
    before = shown(nexus.device)
    with pytest.raises(errors.NoWayBack, match=r"Invalid command.*nothing was changed"):
        nexus.change()
    assert shown(nexus.device) == before
