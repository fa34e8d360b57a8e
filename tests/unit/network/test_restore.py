"""A device that broke: what was kept of it goes onto a blank one, which is then as it was, secrets included."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.device import Device

from reversibility.platforms.model import Account, Configuration, Port, Vlan
from reversibility.platforms.registry import switch_driver
from tests.simulators.network.aoscx import CxDevice
from tests.simulators.network.aoss import AossDevice
from tests.simulators.network.nxos import NxosDevice

TAG = "SW250001"
PORT = {NxosDevice: "Ethernet1/{}", AossDevice: "{}", CxDevice: "1/1/{}"}
FIRST = {AossDevice: "DEFAULT_VLAN"}
BANNER = "Accès réservé aux personnes autorisées.\nSW250001>"


def wanted(kind: type) -> Configuration:
    """A classroom, a link to an access point, two accounts, SNMPv3, RADIUS and what people read at the login."""
    port = PORT[kind].format
    return Configuration(
        hostname=TAG,
        vlans=(Vlan(1, FIRST.get(kind, "")), Vlan(10, "administration"), Vlan(40, "salle de CM2")),
        ports=(
            Port(port(2), access=40, description="Classe de CM2"),
            Port(port(3), mode="trunk", native=1, tagged=frozenset({10, 40}), description="Borne"),
        ),
        accounts=(Account("admin", "admin"), Account("lecture", "operator")),
        snmp_users=("supervision",),
        radius=("192.0.2.9",),
        ntp=("192.0.2.1",),
        banner=BANNER,
    )  # fmt: skip


@pytest.fixture(params=PORT, ids=lambda kind: kind.platform)
def kept(request, serve, target, password):
    """A device as the role switch leaves it, and what observe.yml keeps of it."""
    simulated = request.param(TAG, password=password, minute=2.0)
    simulators = serve(simulated)
    driver = switch_driver(simulated.platform)
    secrets = {"account/admin": password, "account/lecture": f"Lec-{password}"}
    device = Device(
        target(simulators), driver, driver.dialogue, lambda name: secrets.get(name, "Aa1-of-this-key"), minute=2.0
    )  # fmt: skip
    goal = wanted(request.param)
    device.present(goal)
    return SimpleNamespace(
        simulated=simulated,
        device=device,
        driver=driver,
        goal=goal,
        files=device.gather().files,
        secrets=secrets,
    )


def stable(kept, files) -> str:
    return kept.driver.dialogue.stable(next(iter(files.values())).decode())


def test_a_blank_device_becomes_the_one_that_was_kept(kept, password) -> None:
    kept.simulated.erase("admin", password)
    assert stable(kept, kept.device.gather().files) != stable(kept, kept.files)
    assert not kept.simulated.check_login("lecture", kept.secrets["account/lecture"])
    kept.device.send(kept.driver.restore(kept.files))
    kept.device.present(kept.goal, ["snmp/supervision/auth", "radius/192.0.2.9"])  # set again from the vault
    assert stable(kept, kept.device.gather().files) == stable(kept, kept.files)
    assert kept.device.plan(kept.goal).commands == ()
    for account in ("admin", "lecture"):
        assert kept.simulated.check_login(account, kept.secrets[f"account/{account}"])
    kept.simulated.restart()
    assert kept.simulated.check_login("lecture", kept.secrets["account/lecture"]), "it was saved"
