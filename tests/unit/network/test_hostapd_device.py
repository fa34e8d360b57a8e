"""A Linux access point over SSH: real scripts, a real hostapd without a radio, and the way back by a timer."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
    CommandRefused,
    LoginRefused,
    Unreachable,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.session import Limits
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.shell_device import ShellDevice
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.transport import Target

from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.hostapd import DRIVER
from reversibility.platforms.model import Configuration, Radio, Ssid
from tests.simulators.network.unix import UnixDevice
from tests.unit.network.conftest import wait_for

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a machine's own folders"),
    pytest.mark.judge("hostapd"),
]
FOLDERS = ("/run", "/etc/hostapd", "/etc/default", "/etc/systemd/system", "/var/lib/cartable")
# Without a radio hostapd holds one SSID an interface.
WANTED = Configuration(
    ssids=(
        Ssid("L'école", 40, "wpa3-personal", hidden=True),
        Ssid("Invités", 50, "wpa2-personal", isolated=True),
        Ssid("Personnel", 30, "wpa3-enterprise"),
    ),
    radios=(
        Radio("wlan0", "2.4", "1", frozenset({"L'école"}), driver="none"),
        Radio("wlan1", "5", "36", frozenset({"Invités"}), driver="none"),
        Radio("wlan2", "5", "40", frozenset({"Personnel"}), driver="none"),
    ),
    radius=("127.0.0.9",),
)
SECRETS = {
    "wifi/L'école": "clé".replace("é", "e") + "'\"# vraie ",
    "wifi/Invités": "bienvenue-2026",
    "radius/127.0.0.9": "partage-secret",
}
RUNNING = "for f in $(cat /run/simulated/hostapd.service); do tr '\\0' ' ' < /proc/$f/cmdline; done"


@pytest.fixture
def machine(password: str) -> Iterator[UnixDevice]:
    with UnixDevice("linux", FOLDERS, password=password) as machine:
        yield machine


@pytest.fixture
def device(machine: UnixDevice, tmp_path: Path) -> Callable[..., ShellDevice]:
    def made(**options: object) -> ShellDevice:
        (tmp_path / "known_hosts").write_text(machine.known_hosts)
        target = Target(
            "127.0.0.1",
            machine.port,
            machine.username,
            str(tmp_path / "known_hosts"),
            machine.password,
            connect_timeout=3.0,
        )
        values = {
            "secret": lambda name: SECRETS.get(name, ""),
            "limits": Limits(answer=20),
            "minute": 0.6,
            **options,
        }
        return ShellDevice(target, DRIVER, **values)

    return made


def test_from_nothing_to_three_ssids_and_a_second_run_without_a_change(machine: UnixDevice, device) -> None:
    planned = device().plan(WANTED)
    assert planned.changed
    assert machine.at_the_device("ls /etc/hostapd") == ""
    assert not any(secret in str(planned.diffs) for secret in SECRETS.values())

    done = device().present(WANTED)
    assert done.changed
    assert done.secrets == tuple(sorted(SECRETS))
    assert done.way_back
    assert "wlan1.conf /etc/hostapd/wlan2.conf /etc/hostapd/hostapd.conf" in machine.at_the_device(RUNNING)
    assert machine.at_the_device("cat /run/simulated/hostapd.log").count("AP-ENABLED") == 3
    assert machine.at_the_device("stat -c %a /etc/hostapd/hostapd.conf") == "600\n"
    assert (
        machine.at_the_device("ls /var/lib/cartable /etc/systemd/system/*boot* 2>/dev/null || :")
        == "/var/lib/cartable:\n"
    )
    seen = DRIVER.parse(done.files).ssids
    assert {(s.name, s.vlan, s.security, s.isolated, s.hidden) for s in seen} == {
        (s.name, s.vlan, s.security, s.isolated, s.hidden) for s in WANTED.ssids
    }
    assert not any(secret in script for secret in SECRETS.values() for script in machine.scripts)

    before = machine.at_the_device("wc -l < /run/simulated/log")
    again = device().present(WANTED)
    assert (again.changed, again.paths, again.diffs) == (False, (), ())
    assert machine.at_the_device("wc -l < /run/simulated/log") == before


def test_drift_and_a_new_key_are_repaired_and_a_radio_that_went_is_said(machine: UnixDevice, device) -> None:
    device().present(WANTED)
    machine.at_the_device("sed -i s/ap_isolate=1/ap_isolate=0/ /etc/hostapd/wlan1.conf")
    repaired = device().present(WANTED)
    assert repaired.paths == ("/etc/hostapd/wlan1.conf",)
    assert repaired.secrets == ()
    renewed = device(secret=lambda name: {**SECRETS, "wifi/Invités": "autre-cle-2027"}.get(name, "")).present(
        WANTED
    )
    assert (renewed.paths, renewed.secrets) == (("/etc/hostapd/wlan1.conf",), ("wifi/Invités",))
    assert machine.at_the_device("grep -c autre-cle-2027 /etc/hostapd/wlan1.conf") == "1\n"
    assert "autre-cle-2027" not in str(renewed.diffs)


def hours(text: str) -> Configuration:
    ssids = tuple(dataclasses.replace(ssid, hours=text) for ssid in WANTED.ssids)
    return dataclasses.replace(WANTED, ssids=ssids)


def test_hours_are_timers_and_go_when_they_are_declared_no_more(machine: UnixDevice, device) -> None:
    done = device().present(hours("mon-fri 07:30-18:30"))
    timer = machine.at_the_device("cat /etc/systemd/system/cartable-wifi-off.timer")
    assert "OnCalendar=Mon..Fri *-*-* 18:30\n" in timer
    assert {ssid.hours for ssid in DRIVER.parse(done.files).ssids} == {"mon-fri 07:30-18:30"}
    assert not device().present(hours("mon-fri 07:30-18:30")).changed
    device().present(WANTED)
    assert "wifi-o" not in machine.at_the_device("ls /etc/systemd/system")
    with pytest.raises(ChangeRefused, match="same hours"):
        mixed = (hours("mon 07:30-18:30").ssids[0], *WANTED.ssids[1:])
        device().present(dataclasses.replace(WANTED, ssids=mixed))


def state(machine: UnixDevice) -> str:
    return machine.at_the_device("cd /etc && cat hostapd/*.conf default/hostapd; ls /var/lib/cartable")


GUEST = dataclasses.replace(
    WANTED, ssids=(*WANTED.ssids[:1], dataclasses.replace(WANTED.ssids[1], vlan=51), *WANTED.ssids[2:])
)


def test_what_hostapd_refuses_leaves_everything_as_it_was(machine: UnixDevice, device) -> None:
    device().present(WANTED)
    before = state(machine)
    radios = (dataclasses.replace(WANTED.radios[0], driver="nl80211"), *WANTED.radios[1:])
    wrong = dataclasses.replace(WANTED, country="France", radios=radios)
    with pytest.raises(CommandRefused, match=r"hostapd refuses hostapd\.conf: .*; the device is as it was"):
        device().present(wrong)
    assert state(machine) == before
    for name, value in {"wifi/Invités": "court", "radius/127.0.0.9": "a\nb=c"}.items():
        with pytest.raises(ChangeRefused, match=name):
            device(secret=lambda one, name=name, value=value: {**SECRETS, name: value}[one]).present(WANTED)
    with pytest.raises(CommandRefused, match="lacks wifi/Invités"):
        device(secret=lambda one: "" if one == "wifi/Invités" else SECRETS[one]).present(WANTED)


def test_a_service_that_does_not_start_is_undone_at_once(machine: UnixDevice, device) -> None:
    device().present(WANTED)
    before = state(machine)
    machine.at_the_device("echo bridge=br51 > /run/simulated/fails-with")
    with pytest.raises(CommandRefused, match="the device is as it was"):
        device().present(GUEST)
    assert state(machine) == before
    assert "hostapd.conf" in machine.at_the_device(RUNNING)
    machine.at_the_device("echo bridge=br > /run/simulated/fails-with")
    with pytest.raises(CommandRefused, match="going back failed as well"):
        device().present(GUEST)


def test_without_a_new_login_the_timer_undoes_the_change(machine: UnixDevice, device) -> None:
    device().present(WANTED)
    before = state(machine)
    changed = device(minutes=2)
    login = changed._new_login

    def cut_off():
        machine.reachable = False
        return login()

    changed._new_login = cut_off
    with pytest.raises(Unreachable, match="undoes the change by itself within 1 s"):
        changed.present(GUEST)
    wait_for(lambda: state(machine) == before)
    assert "hostapd.conf" in machine.at_the_device(RUNNING)
    machine.reachable = True
    assert device().present(GUEST).changed


def test_a_restart_before_the_confirmation_undoes_the_change(machine: UnixDevice, device) -> None:
    device().present(WANTED)
    before = state(machine)
    cut = device(minutes=100)
    cut._proven = lambda wanted, handle: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        cut.present(GUEST)
    assert "bridge=br51" in state(machine)
    with pytest.raises(CommandRefused, match="another change waits"):
        device().present(WANTED)
    # What systemd does at the next start: the units that multi-user.target wants.
    machine.at_the_device(
        "kill $(cat /run/simulated/cartable-way-back.timer); rm -rf /run/simulated/*.timer; "
        'sh -c "$(sed -n s/^ExecStart=//p /etc/systemd/system/multi-user.target.wants/*)"'
    )
    assert state(machine) == before
    assert device().present(GUEST).changed


def test_no_timer_no_change(machine: UnixDevice, device) -> None:
    machine.at_the_device("touch /run/simulated/no-timer")
    with pytest.raises(CommandRefused, match="the device is as it was"):
        device().present(WANTED)
    assert machine.at_the_device("ls /etc/hostapd") == ""


def test_a_wrong_password_and_a_changed_host_key_are_one_sentence(
    machine: UnixDevice, device, tmp_path: Path
) -> None:
    one = device()
    one.target = dataclasses.replace(one.target, password="faux")
    with pytest.raises(LoginRefused, match="refuses the account root"):
        one.gather()
    other = device()
    key = "AAAAC3NzaC1lZDI1NTE5AAAAIIiwq6yYbX1Yb1mJZ7v0m0G5q1X4t1sQH2nTt7k9m3yB"
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{machine.port} ssh-ed25519 {key}\n")
    with pytest.raises(Unreachable, match="another host key"):
        other.gather()


def test_what_was_kept_goes_back_to_an_empty_machine(machine: UnixDevice, device) -> None:
    device().present(WANTED)
    kept = device().gather().files
    machine.at_the_device(
        "rm -rf /etc/hostapd/*.conf /etc/default/hostapd; echo ssid=other > /etc/hostapd/other.conf"
    )
    done = device().restore(kept)
    assert done.files == kept
    assert "/etc/hostapd/other.conf" in done.paths
    assert not any(secret in str(done.diffs) for secret in SECRETS.values())
    assert not device().restore(kept).changed
