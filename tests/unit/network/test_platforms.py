"""The same life of a switch on each simulated platform: applied, read back as wanted, repaired, checked, undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network import errors
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.device import Device, configuration_diff
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.session import Limits

from reversibility.platforms.model import Account, Configuration, Port, Vlan
from reversibility.platforms.registry import switch_driver
from tests.simulators.network.aoscx import CxDevice
from tests.simulators.network.aoss import AossDevice
from tests.simulators.network.device import Device as Simulated
from tests.simulators.network.ios import IosDevice
from tests.simulators.network.nxos import NxosDevice
from tests.unit.network.conftest import wait_for


@dataclass(frozen=True)
class Case:
    """A platform: its simulated device, names of ports, and a command in the middle of the plan."""

    make: Callable[..., Simulated]
    ports: tuple[str, str, str]
    middle: str


CASES = {
    "cisco_ios": Case(IosDevice, tuple(f"GigabitEthernet1/0/{n}" for n in (2, 3, 4)), "switchport mode trunk"),
    "cisco_nxos": Case(NxosDevice, ("Ethernet1/2", "Ethernet1/3", "Ethernet1/4"), "switchport mode trunk"),
    "aruba_aoscx": Case(CxDevice, ("1/1/2", "1/1/3", "1/1/4"), "^vlan access"),
    "aruba_aoss": Case(AossDevice, ("2", "3", "4"), "^untagged"),
}  # fmt: skip
SECRETS = {
    "account/second": "Second-Secret-2",
    "snmp/watch/auth": "Watch-Auth-1",
    "snmp/watch/priv": "Watch-Priv-1",
}


def wanted(case: Case) -> Configuration:
    access, trunk, off = case.ports
    return Configuration(
        vlans=(Vlan(10, "administration"), Vlan(40, "Salle 40"), Vlan(50, "guests")),
        ports=(
            Port(access, access=40, description="Poste de l'enseignant", guards=frozenset({"edge", "bpdu"})),
            Port(trunk, mode="trunk", native=10, tagged=frozenset({40, 50}), description="Borne Wi-Fi"),
            Port(off, access=1, enabled=False, description="Libre"),
        ),
        services={"telnet": "off", "http": "off", "snmp-v2c": "off"},
        snmp_users=("watch",),
        syslog=("192.0.2.1",),
        banner="Accès réservé.",
    )  # fmt: skip


@pytest.fixture(params=sorted(CASES))
def platform(request, password, serve, target):
    """A case, its simulated device, and the device as the actions see it."""
    case = CASES[request.param]
    simulated = case.make("SW250001", password=password, minute=0.5)
    simulators = serve(simulated)
    way_in = target(simulators, no_rsa_sha2=switch_driver(request.param).dialogue.no_rsa_sha2)
    device = Device(
        way_in, switch_driver(request.param), switch_driver(request.param).dialogue,
        SECRETS.__getitem__, Limits(answer=4.0),
        minutes=20, minute=simulated.minute,
    )  # fmt: skip
    return case, simulated, device


def running(simulated: Simulated, device: Device) -> str:
    path = next(iter(device.driver.commands))
    return device.dialogue.stable(device.gather().files[path].decode())


def test_applied_it_is_as_wanted_and_a_second_time_there_is_nothing_to_do(platform) -> None:
    case, simulated, device = platform
    planned = device.plan(wanted(case))
    assert planned.commands and simulated.configuring() == []
    done = device.present(wanted(case))
    assert done.changed and done.saved
    gathered = device.gather()
    seen = device.driver.parse(gathered.files)
    assert gathered.saved
    ports = {port.name: port for port in seen.ports}
    assert (ports[case.ports[0]].access, ports[case.ports[1]].tagged, ports[case.ports[2]].enabled) == (
        40, frozenset({40, 50}), False,
    )  # fmt: skip
    before = len(simulated.configuring())
    again = device.present(wanted(case))
    assert not again.changed and len(simulated.configuring()) == before
    shown = configuration_diff(done, "SW250001")["prepared"]
    assert "Salle 40" in shown
    for value in SECRETS.values():
        assert value not in shown + repr(done)


def test_a_log_host_that_was_changed_by_hand_is_put_back(platform) -> None:
    """Another port or transport is drift too: lines would go where nobody listens."""
    _, _, device = platform
    device.present(wanted(platform[0]))
    by_hand = {
        "cisco_ios": "192.0.2.1 transport tcp port 1470",
        "cisco_nxos": "192.0.2.1 port 1470",
    }.get(device.driver.platform, "192.0.2.1 tcp 1470")
    device.present(Configuration(syslog=(by_hand,)))
    assert device.driver.parse(device.gather().files).syslog == (by_hand,)
    assert device.present(Configuration(syslog=("192.0.2.1",))).changed
    assert device.driver.parse(device.gather().files).syslog == ("192.0.2.1",)
    assert device.plan(Configuration(syslog=("192.0.2.1",))).commands == ()


def test_drift_is_repaired_and_a_lost_save_is_made_good(platform) -> None:
    case, simulated, device = platform
    device.present(wanted(case))
    drifted = replace(wanted(case), ports=(Port(case.ports[0], access=50, description="drift"),))
    device.present(drifted)
    repaired = device.present(wanted(case))
    assert repaired.changed
    assert device.plan(wanted(case)).commands == ()
    simulated.startup = None
    assert device.present(wanted(case)).changed
    assert simulated.startup is not None


@pytest.mark.parametrize("fault", ["refuse", "drop_at", "garble_at"])
def test_trouble_in_the_middle_leaves_it_as_it_was(platform, fault: str) -> None:
    case, simulated, device = platform
    before = running(simulated, device)
    device.limits = Limits(answer=1.0)
    setattr(simulated.faults, fault, case.middle)
    with pytest.raises(errors.DeviceError, match=r"as it was|by itself within") as failed:
        device.present(wanted(case))
    assert str(failed.value).count(";") <= 2
    simulated.faults.refuse = simulated.faults.garble_at = None
    if "by itself" in str(failed.value):
        wait_for(lambda: simulated.events and not simulated.is_off, 15)
    assert running(simulated, device) == before


def test_a_new_account_logs_in(platform) -> None:
    case, simulated, device = platform
    role = "admin" if simulated.platform != "aruba_aoss" else "operator"
    device.present(replace(wanted(case), accounts=(Account("admin", "admin"), Account("second", role))))
    assert simulated.check_login("second", SECRETS["account/second"])
    device.log_in("second", SECRETS["account/second"])
    with pytest.raises(errors.LoginRefused):
        device.log_in("second", "another")
