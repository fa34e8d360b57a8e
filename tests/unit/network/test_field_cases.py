"""Cases from the field that once broke a tool, on simulated devices over real SSH: done once, nothing to do after."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.device import Device

from reversibility.platforms import hostapd, openwrt
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Account, Configuration, Dot1x, Port, Radio, Ssid, Vlan
from reversibility.platforms.registry import switch_driver
from tests.simulators.network.ios import IosDevice

FIRST = Account("admin", "admin")
ACCESS, TRUNK = "GigabitEthernet1/0/2", "GigabitEthernet1/0/3"


@pytest.fixture
def catalyst(password: str, serve: Callable, target: Callable) -> Callable[..., SimpleNamespace]:
    """A simulated Catalyst that was configured by hand, and the device as the actions see it."""

    def made(*by_hand: str, secrets: dict[str, str] | None = None, **options: object) -> SimpleNamespace:
        simulated = IosDevice("SW250001", password=password, minute=30.0, **options)
        simulators = serve(simulated)
        driver = switch_driver("cisco_ios")
        device = Device(
            target(simulators), driver, driver.dialogue, lambda name: (secrets or {}).get(name, password)
        )
        if by_hand:
            with device._login() as session:
                session.configure(by_hand)
            simulated.write_startup()
        return SimpleNamespace(simulated=simulated, device=device, driver=driver)

    return made


def settled(case: SimpleNamespace, wanted: Configuration) -> None:
    """Bring the device to what is wanted; a second time there is nothing to do."""
    case.device.present(wanted)
    before = len(case.simulated.configuring())
    assert not case.device.present(wanted).changed
    assert len(case.simulated.configuring()) == before


def test_a_list_of_vlans_that_the_device_continues_by_add_is_the_declared_one(catalyst) -> None:
    numbers = [11, 21, 31, *range(42, 47), *range(100, 900, 50), 924]
    case = catalyst(
        *(f"vlan {n}" for n in numbers),
        f"interface {TRUNK}",
        " switchport mode trunk",
        " switchport trunk allowed vlan 11,21,31,42-46,100,150,200,250,300,350,400,450,500,550",
        " switchport trunk allowed vlan add 600,650,700,750,800,850",
        " switchport trunk allowed vlan add 924",
    )
    trunk = Port(TRUNK, mode="trunk", tagged=frozenset(numbers))
    assert case.device.plan(Configuration(ports=(trunk,))).commands == ()
    fewer = Configuration(ports=(Port(TRUNK, mode="trunk", tagged=frozenset(numbers) - {300}),))
    [*_, line] = case.device.plan(fewer).commands
    assert line.strip() == "switchport trunk allowed vlan remove 300"
    settled(case, fewer)


@pytest.mark.parametrize("name", ["Salle de CM2", "Salle: CM2"])
def test_a_vlan_name_with_a_blank_is_read_whole(catalyst, name: str) -> None:
    case = catalyst()
    wanted = Configuration(vlans=(Vlan(1, "default"), Vlan(40, name)))
    settled(case, wanted)
    assert {v.number: v.name for v in case.driver.parse(case.device.gather().files).vlans}[40] == name


def test_long_and_short_names_are_one_interface(catalyst) -> None:
    case = catalyst("vlan 40", "interface Gi1/0/2", " switchport mode access", " switchport access vlan 40")
    long = Configuration(ports=(Port(case.driver.port_name("Gi1/0/2"), access=40),))
    assert case.driver.port_name("GigabitEthernet1/0/2") == case.driver.port_name("gi1/0/2") == ACCESS
    assert case.device.plan(long).commands == ()


def test_a_member_of_a_port_channel_keeps_what_its_aggregate_has(catalyst) -> None:
    case = catalyst("vlan 40")
    wanted = Configuration(
        ports=(
            Port("Port-channel1", mode="trunk", native=1, tagged=frozenset({40})),
            Port(TRUNK, aggregate="Port-channel1", lacp="active"),
        )
    )
    settled(case, wanted)
    seen = {port.name: port for port in case.driver.parse(case.device.gather().files).ports}
    assert (seen[TRUNK].aggregate, seen["Port-channel1"].tagged) == ("Port-channel1", frozenset({40}))


def test_what_a_device_does_not_show_is_its_default_and_no_difference(catalyst) -> None:
    case = catalyst(f"interface {ACCESS}", " switchport mode access")
    assert "access vlan" not in case.device.gather().files["/running-config"].decode()
    assert case.device.plan(Configuration(ports=(Port(ACCESS, access=1),))).commands == ()


def test_a_missing_member_of_a_stack_does_not_stop_the_others(catalyst) -> None:
    case = catalyst("vlan 40", missing_member=True)
    settled(case, Configuration(ports=(Port(ACCESS, access=40), Port("GigabitEthernet2/0/2", access=40))))


@pytest.mark.parametrize("special", ["#", "^C", "%", "~|$&*=+"])
def test_a_password_that_holds_a_delimiter_of_the_banner_logs_in(catalyst, special: str) -> None:
    given = f"Aa1{special}Secret-9"
    case = catalyst(secrets={"account/second": given})
    banner = f"Accès réservé {special.replace('^C', '^')}\nSW250001#\nSW250001(config)#"
    settled(case, Configuration(accounts=(FIRST, Account("second", "admin")), banner=banner))
    assert case.simulated.check_login("second", given)
    case.device.log_in("second", given)
    assert case.driver.parse(case.device.gather().files).banner == banner


def test_a_banner_with_the_sign_that_ends_one_is_refused_before_anything_is_sent(catalyst) -> None:
    case = catalyst()
    with pytest.raises(ChangeRefused, match=r"\^C"):
        case.device.present(Configuration(banner="Touches ^C et ^V"))
    assert case.simulated.configuring() == []


def test_an_account_goes_though_the_device_asks_about_it(catalyst) -> None:
    case = catalyst("username former privilege 15 secret Former-Secret-1")
    settled(case, Configuration(accounts=(FIRST,)))
    assert not case.simulated.check_login("former", "Former-Secret-1")


def test_802_1x_in_the_new_style_is_read_and_never_converted(catalyst) -> None:
    driver = switch_driver("cisco_ios")
    text = (
        f"hostname SW\ninterface {ACCESS}\n switchport mode access\n access-session port-control auto\nend\n"
    )
    wanted = Configuration(ports=(Port(ACCESS, access=1, dot1x=Dot1x(guest_vlan=40)),), radius=("192.0.2.9",))
    with pytest.raises(ChangeRefused, match="new style"):
        driver.plan(wanted, {"/running-config": text.encode()})


@pytest.mark.parametrize("name", ["L'école", "L’école"])
@pytest.mark.parametrize("driver", [hostapd.DRIVER, openwrt.DRIVER], ids=lambda driver: driver.platform)
def test_an_ssid_with_an_apostrophe_and_a_key_with_quotes_come_back_as_they_are(driver, name: str) -> None:
    key = 'c\'est "#1" vrai '
    wanted = Configuration(
        ssids=(Ssid(name, 40, "wpa2-personal"),), radios=(Radio("radio0", "5"),), uplink="eth0", country="FR"
    )
    files = {"/etc/config/wireless": b"config wifi-device 'radio0'\n\toption band '5g'\n"}
    goal = driver.planned(wanted, files)
    path = next(path for path, text in goal.items() if text and driver.names(path, text))
    text = driver.filled(path, goal[path], {f"wifi/{name}": key})
    assert driver.parse({path: text.encode()}).ssids[0].name == name
    readable = driver.redact(path, text)
    assert driver.parse({path: readable.encode()}).ssids[0].name == name
    assert "#1" not in readable
    if driver is hostapd.DRIVER:
        assert f"wpa_passphrase={key}\n" in text


@pytest.mark.parametrize("driver", [hostapd.DRIVER, openwrt.DRIVER], ids=lambda driver: driver.platform)
def test_a_captive_portal_is_refused_where_the_vendor_has_none(driver) -> None:
    wanted = Configuration(
        ssids=(Ssid("Invités", 50, "open", portal=True),),
        radios=(Radio("radio0", "5"),),
        uplink="eth0",
        country="FR",
    )
    files = {"/etc/config/wireless": b"config wifi-device 'radio0'\n\toption band '5g'\n"}
    with pytest.raises(ChangeRefused, match="captive portal"):
        driver.planned(wanted, files)
