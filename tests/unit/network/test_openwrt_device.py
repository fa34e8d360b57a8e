"""An OpenWrt access point over SSH: real scripts against simulated uci and rpcd, with rpcd's own way back."""

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

from reversibility.platforms import uci
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Account, Configuration, Radio, Ssid
from reversibility.platforms.openwrt import DRIVER
from tests.simulators.network.openwrt import FACTORY, OpenwrtDevice
from tests.unit.network.conftest import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a machine's own folders")
WANTED = Configuration(
    ssids=(
        Ssid("L'école", 40, "wpa3-personal", hidden=True, bands=frozenset({"5"})),
        Ssid("Invités", 50, "wpa2-personal", isolated=True),
        Ssid("Personnel", 30, "wpa3-enterprise"),
    ),
    radios=(Radio("radio1", channel="44"),),
    radius=("127.0.0.9",),
    uplink="eth0",
)
SECRETS = {
    "wifi/L'école": 'c\'est "#1"; vrai ',
    "wifi/Invités": "bienvenue-2026",
    "radius/127.0.0.9": "partage-secret",
}


@pytest.fixture
def machine(password: str) -> Iterator[OpenwrtDevice]:
    with OpenwrtDevice("AP250001", password=password) as machine:
        yield machine


@pytest.fixture
def device(machine: OpenwrtDevice, tmp_path: Path) -> Callable[..., ShellDevice]:
    def made(**options: object) -> ShellDevice:
        (tmp_path / "known_hosts").write_text(machine.known_hosts)
        target = Target(
            "127.0.0.1",
            machine.port,
            "root",
            str(tmp_path / "known_hosts"),
            machine.password,
            connect_timeout=3.0,
        )
        values = {"secret": lambda name: SECRETS.get(name, ""), "limits": Limits(answer=20), **options}
        return ShellDevice(target, DRIVER, **values)

    return made


def state(machine: OpenwrtDevice) -> str:
    return machine.at_the_device(
        "cat /etc/config/* /etc/crontabs/root; ls /run/rpcd /run | grep -v simulated || :"
    )


def test_from_the_factory_to_the_wanted_ssids_and_a_second_run_without_a_change(
    machine: OpenwrtDevice, device
) -> None:
    before = state(machine)
    planned = device().plan(WANTED)
    assert planned.paths == ("/etc/config/network", "/etc/config/wireless")
    assert state(machine) == before

    done = device().present(WANTED)
    assert done.secrets == tuple(sorted(SECRETS))
    wireless = {s.name: s for s in uci.read(machine.at_the_device("cat /etc/config/wireless"))}
    assert set(wireless) == {"radio0", "radio1", "mesh", "cartable_0_radio1"} | {
        f"cartable_{index}_radio{radio}" for index in (1, 2) for radio in (0, 1)
    }
    assert wireless["cartable_0_radio1"].text("key") == SECRETS["wifi/L'école"]
    assert [wireless[f"radio{n}"].text("channel") for n in (0, 1)] == ["1", "44"]
    assert not wireless["radio0"].on("disabled")
    network = {s.name: s for s in uci.read(machine.at_the_device("cat /etc/config/network"))}
    assert network["cartable_br40"].options == {"name": "br-vlan40", "type": "bridge", "ports": ["eth0.40"]}
    assert network["lan"].text("ipaddr") == "127.1.10.10"
    seen = {(s.name, s.vlan, s.security, s.isolated, s.hidden) for s in DRIVER.parse(done.files).ssids}
    assert seen == {(s.name, s.vlan, s.security, s.isolated, s.hidden) for s in WANTED.ssids}
    assert (
        machine.at_the_device("ls /run/rpcd /run/simulated")
        == "/run/rpcd:\n\n/run/simulated:\ncursor\nevents\n"
    )
    for secret in SECRETS.values():
        assert secret not in str(done.diffs)
        assert not any(secret in script for script in machine.scripts)

    again = device().present(WANTED)
    assert (again.changed, again.diffs) == (False, ())


def test_drift_is_repaired_option_by_option(machine: OpenwrtDevice, device) -> None:
    device().present(WANTED)
    machine.at_the_device(
        "uci set wireless.cartable_1_radio0.isolate=0; uci set wireless.cartable_1_radio0.wds=1; "
        "uci delete network.vlan40; uci commit wireless; uci commit network"
    )
    repaired = device().present(WANTED)
    assert repaired.paths == ("/etc/config/network", "/etc/config/wireless")
    assert repaired.secrets == ()
    fewer = dataclasses.replace(WANTED, ssids=WANTED.ssids[:2])
    device().present(fewer)
    text = machine.at_the_device("cat /etc/config/network /etc/config/wireless")
    assert "vlan30" not in text
    assert "wds" not in text


def test_the_log_host_is_set_in_the_section_without_a_name_and_put_back(
    machine: OpenwrtDevice, device
) -> None:
    wanted = dataclasses.replace(WANTED, syslog=("198.51.100.10",))
    device().present(wanted)
    [section] = uci.read(machine.at_the_device("cat /etc/config/system"))
    logged = {"log_ip": "198.51.100.10", "log_port": "514", "log_proto": "udp"}
    assert section.options == {"hostname": "AP250001", **logged} and section.name == ""
    assert not device().present(wanted).changed
    machine.at_the_device("uci set system.@system[0].log_ip=192.0.2.9; uci commit system")
    repaired = device().present(wanted)
    assert repaired.paths == ("/etc/config/system",)
    assert DRIVER.parse(repaired.files).syslog == wanted.syslog


def test_hours_are_kept_by_cron_whatever_the_hour(machine: OpenwrtDevice, device) -> None:
    guests = dataclasses.replace(WANTED.ssids[1], hours="mon-fri 07:30-18:30")
    wanted = dataclasses.replace(WANTED, ssids=(guests,))
    done = device().present(wanted)
    cron = machine.at_the_device("cat /etc/crontabs/root")
    assert cron.startswith(FACTORY["/etc/crontabs/root"])
    off = "30 18 * * 1,2,3,4,5 uci set wireless.cartable_0_radio0.disabled=1 && uci commit wireless && wifi reload"
    assert f"{off} # cartable\n" in cron
    assert DRIVER.parse(done.files).ssids[0].hours == guests.hours
    machine.at_the_device("uci set wireless.cartable_0_radio0.disabled=1 && uci commit wireless")
    assert not device().present(wanted).changed
    device().present(dataclasses.replace(WANTED, ssids=WANTED.ssids[1:2]))
    assert machine.at_the_device("cat /etc/crontabs/root") == FACTORY["/etc/crontabs/root"]
    assert "disabled" not in machine.at_the_device("cat /etc/config/wireless")


def test_without_a_new_login_rpcd_undoes_the_change(machine: OpenwrtDevice, device) -> None:
    before = state(machine)
    cut = device(minutes=2, minute=1.0)
    login = cut._new_login

    def cut_off():
        machine.reachable = False
        return login()

    cut._new_login = cut_off
    with pytest.raises(Unreachable, match="undoes the change by itself within 2 s"):
        cut.present(WANTED)
    wait_for(lambda: machine.at_the_device("cat /etc/config/*") in before)
    machine.reachable = True
    assert device().present(WANTED).changed


@pytest.mark.parametrize(
    ("fault", "wanted", "sentence"),
    [
        # A radio that does not start: the network of an SSID went while the change was applied.
        ("", dataclasses.replace(WANTED, ssids=(Ssid("x", None, "open"),)), "a radio does not start"),
        ("touch /run/simulated/no-rpcd", WANTED, "rpcd does not answer"),
    ],
)
def test_what_fails_leaves_the_device_as_it_was(
    machine: OpenwrtDevice, device, fault, wanted, sentence
) -> None:
    before = state(machine)
    machine.at_the_device(fault or "uci set network.lan=nothing; uci delete network.lan; uci commit network")
    before = state(machine)
    with pytest.raises(CommandRefused, match=f"{sentence}.*the device is as it was"):
        device().present(wanted)
    assert state(machine) == before


def test_a_second_change_waits_for_the_first(machine: OpenwrtDevice, device) -> None:
    first = device()
    first._proven = lambda wanted, handle: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        first.present(WANTED)
    after = machine.at_the_device("cat /etc/config/*")
    fewer = dataclasses.replace(WANTED, ssids=WANTED.ssids[:1])
    with pytest.raises(CommandRefused, match=r"another one may wait.*the device is as it was"):
        device().present(fewer)
    assert machine.at_the_device("cat /etc/config/*") == after
    assert machine.at_the_device("ls /run/simulated/armed") == "/run/simulated/armed\n"


def test_a_line_that_uci_refuses_changes_nothing_though_its_status_is_0(
    machine: OpenwrtDevice, device
) -> None:
    before = state(machine)
    one = device()
    payload = DRIVER.payload
    one.driver = type("Spoiled", (), {
        **{name: getattr(DRIVER, name) for name in dir(DRIVER) if not name.startswith("_") and name != "payload"},
        "payload": staticmethod(lambda files, changed: payload(files, changed).replace(b"set network", b"est network")),
    })()  # fmt: skip
    with pytest.raises(CommandRefused, match=r"uci refuses the change.*as it was"):
        one.present(WANTED)
    assert state(machine) == before


def test_what_the_device_cannot_do_is_refused_before_anything_is_sent(machine: OpenwrtDevice, device) -> None:
    cases = {
        "declare network_uplink": dataclasses.replace(WANTED, uplink=""),
        "no radio radio7": dataclasses.replace(WANTED, radios=(Radio("radio7"),)),
        "no radio of the device carries it": dataclasses.replace(
            WANTED, ssids=(dataclasses.replace(WANTED.ssids[0], bands=frozenset({"6"})),)
        ),
    }
    for sentence, wanted in cases.items():
        with pytest.raises(ChangeRefused, match=sentence):
            device().present(wanted)
    assert not any("uci" in script for script in machine.scripts)


def test_what_was_kept_goes_back_to_a_device_from_the_factory(machine: OpenwrtDevice, device) -> None:
    timed = tuple(dataclasses.replace(ssid, hours="mon-fri 07:30-18:30") for ssid in WANTED.ssids)
    device().present(dataclasses.replace(WANTED, ssids=timed))
    kept = device().gather().files
    machine.reset()
    assert device().restore(kept, check=True).changed
    assert "cartable" not in state(machine)
    done = device().restore(kept)
    assert done.way_back == "rpcd's apply with rollback"
    assert all(
        DRIVER.same(path, text.decode(), done.files[path].decode())
        for path, text in kept.items()
        if path != "/etc/shadow"
    )
    assert not any(secret in str(done.diffs) for secret in SECRETS.values())
    assert not device().restore(kept).changed


def test_the_password_of_root_is_changed_by_busybox_and_its_hash_is_shown_to_nobody(machine, device) -> None:
    seen = device().gather().files
    assert DRIVER.parse(seen).accounts == (Account("root", "admin"), Account("daemon", enabled=False))
    device().set_password("root", new := 'un "mot" d\'ici $1 ')
    with pytest.raises(LoginRefused):
        device().log_in("root", machine.password)
    device().log_in("root", new)
    hidden = machine.at_the_device("cat /etc/shadow").split(":")[1]
    assert hidden.startswith("$6$")
    shown = DRIVER.redact("/etc/shadow", machine.at_the_device("cat /etc/shadow"))
    assert hidden not in shown and "root:" in shown and "daemon:*:0:0:" in shown
    with pytest.raises(CommandRefused, match="passwd does not change the password of nobody"):
        dataclasses.replace(device(), target=dataclasses.replace(device().target, password=new)).set_password(
            "nobody", new
        )
    assert not any(new in script for script in machine.scripts)
