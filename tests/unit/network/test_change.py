"""Changes of a simulated Catalyst: proven by a new login and kept, or undone by the device itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network import errors
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.change import Change, Outcome, read

from reversibility.platforms.cisco_ios import DIALOGUE as IOS
from reversibility.platforms.cisco_ios import DRIVER
from reversibility.platforms.model import Account, Configuration, Port, Svi, Vlan
from tests.unit.network.conftest import wait_for

WANTED = Configuration(
    vlans=(Vlan(1, "default"), Vlan(10, "administration"), Vlan(40, "pupils")),
    ports=(
        Port("GigabitEthernet1/0/2", access=40, description="Classe de CP"),
        Port("GigabitEthernet1/0/3", mode="trunk", native=1, tagged=frozenset({10, 40}), description="Borne"),
    ),
)
ARCHIVE = ["archive", " path flash:cartable"]


@pytest.fixture
def changed(ios, login) -> Callable[..., Outcome]:
    """Applies a wanted configuration to the device ``ios``."""
    device, simulators = ios

    def run(
        wanted: Configuration = WANTED, secrets: dict[str, str] | None = None, **options: bool
    ) -> Outcome:
        session = login(simulators)
        before = read(session, DRIVER)
        commands = DRIVER.plan(wanted, before)
        change = Change(
            lambda: login(simulators), DRIVER, IOS, device.hostname, minutes=2, minute=device.minute
        )
        return change.apply(session, wanted, before, commands, secrets or {}, **options)

    return run


def shown(device) -> str:
    from tests.simulators.network import ios_show

    return IOS.stable(ios_show.running(device))


def test_a_change_is_read_back_saved_and_nothing_is_left_to_do(ios, login, changed) -> None:
    device, simulators = ios
    outcome = changed()
    assert (outcome.way_back, outcome.saved) == (
        "",
        True,
    )  # no archive path: no rollback timer, and nothing risky
    assert device.startup.child("interface GigabitEthernet1/0/2").get("switchport access vlan")
    assert DRIVER.plan(WANTED, read(login(simulators), DRIVER)) == ()


def test_the_rollback_timer_is_armed_where_the_device_has_one(ios, login, changed) -> None:
    device, simulators = ios
    device.minute = 30.0
    login(simulators).configure(ARCHIVE)
    outcome = changed()
    assert outcome.way_back == "configure terminal revert timer"
    assert device.rollback is None
    sent = [received.line for received in device.journal]
    assert sent.index("configure confirm") > sent.index(
        "terminal length 0", sent.index("configure terminal revert timer 2")
    )


def test_a_change_that_cuts_the_way_in_is_undone_by_the_device(ios, login, changed) -> None:
    device, simulators = ios
    device.minute = 0.6
    login(simulators).configure(ARCHIVE)
    before = shown(device)
    wanted = Configuration(svis=(Svi(1, "192.0.2.99/24"),))
    with pytest.raises(errors.DeviceError, match=r"undoes the change by itself within 2 min|as it was"):
        changed(wanted)
    wait_for(lambda: "rolled back" in device.events)
    assert shown(device) == before
    assert login(simulators).show("show vlan brief")


def test_without_an_archive_a_restart_is_the_way_back(ios, changed) -> None:
    device, _ = ios
    device.minute = 0.6
    before = shown(device)
    with pytest.raises(errors.DeviceError, match=r"reload in|as it was"):
        changed(Configuration(svis=(Svi(1, "192.0.2.99/24"),)))
    wait_for(lambda: "restarted" in device.events)
    wait_for(lambda: not device.is_off)
    assert shown(device) == before


def test_the_scheduled_restart_is_cancelled_after_a_new_login(ios, changed) -> None:
    device, _ = ios
    device.minute = 30.0
    wanted = Configuration(accounts=(Account("admin", "admin"), Account("second", "admin")))
    outcome = changed(wanted, {"account/second": "Second-Secret-2"})
    assert outcome.way_back == "reload in"
    assert device.reload_timer is None
    assert device.check_login("second", "Second-Secret-2")
    assert device.startup.get("username second")


def test_a_full_flash_leaves_the_next_way_back(ios, login, changed) -> None:
    device, simulators = ios
    device.minute = 30.0
    login(simulators).configure(ARCHIVE)
    device.faults.flash_full = True
    wanted = Configuration(accounts=(Account("admin", "admin"), Account("second", "admin")))
    assert changed(wanted, {"account/second": "Second-Secret-2"}).way_back == "reload in"


@pytest.mark.parametrize("archive", [True, False])
@pytest.mark.parametrize("fault", ["refuse", "drop_at"])
def test_trouble_in_the_middle_leaves_the_device_as_it_was(
    ios, login, changed, fault: str, archive: bool
) -> None:
    device, simulators = ios
    device.minute = 1.0
    if archive:
        login(simulators).configure(ARCHIVE)
    before = shown(device)
    setattr(device.faults, fault, "switchport mode trunk")
    with pytest.raises(errors.DeviceError, match=r"as it was|within 2 min"):
        changed()
    device.faults.refuse = None
    wait_for(lambda: device.rollback is None)
    assert shown(device) == before
    assert device.startup.child("interface GigabitEthernet1/0/2").get("description") is None


@pytest.mark.parametrize("step", range(6, 30, 3))
def test_a_session_that_drops_at_any_step_leaves_the_device_as_it_was_or_as_wanted(
    ios, login, changed, step: int
) -> None:
    device, simulators = ios
    device.minute = 0.5
    login(simulators).configure(ARCHIVE)
    before = shown(device)
    device.faults.drop_after = len(device.journal) + step
    try:
        changed()
    except errors.DeviceError as error:
        assert len(str(error).split(". ")) == 1
    wait_for(lambda: device.rollback is None)
    if shown(device) != before:
        assert DRIVER.plan(WANTED, read(login(simulators), DRIVER)) == ()


def test_a_startup_file_that_cannot_be_written_is_said(ios, changed) -> None:
    device, _ = ios
    device.faults.startup_busy = True
    with pytest.raises(errors.CommandRefused, match="did not save"):
        changed()
