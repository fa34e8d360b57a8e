"""Secrets that a device does not show, on each platform: set again if named, left alone otherwise."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.cartable.fleet.plugins.action import switch
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.device import Device

from reversibility.platforms.device_secrets import needed
from reversibility.platforms.model import Account, Configuration
from reversibility.platforms.registry import switch_driver
from reversibility.records.state import State
from tests.simulators.network.aoscx import CxDevice
from tests.simulators.network.aoss import AossDevice
from tests.simulators.network.ios import IosDevice
from tests.simulators.network.nxos import NxosDevice

TAG = "SW250001"
WANTED = Configuration(
    accounts=(Account("admin", "admin"), Account("lecture", "operator")),
    snmp_users=("supervision",),
    radius=("192.0.2.9",),
)
ACCOUNT, KEY, SHARED = "account/lecture", "snmp/supervision/auth", "radius/192.0.2.9"


@pytest.fixture(params=[IosDevice, NxosDevice, AossDevice, CxDevice], ids=lambda kind: kind.platform)
def there(request, serve, target, password):
    simulated = request.param(TAG, password=password, minute=2.0)
    simulators = serve(simulated)
    driver = switch_driver(simulated.platform)
    secrets = {name: f"Aa1-{number}-of-before" for number, name in enumerate(needed(driver, WANTED))}
    secrets["account/admin"] = password
    device = Device(target(simulators), driver, driver.dialogue, secrets.__getitem__, minute=2.0)
    assert device.present(WANTED).changed
    return SimpleNamespace(device=device, simulated=simulated, secrets=secrets)


def test_a_named_secret_is_set_anew_and_no_other(there) -> None:
    device, simulated, secrets = there.device, there.simulated, there.secrets
    assert not device.present(WANTED).changed
    before = device.gather().files
    simulated.journal.clear()
    for name in (ACCOUNT, SHARED):
        secrets[name] = f"Bb2-{name.replace('/', '-')}-new"
    result = device.present(WANTED, [ACCOUNT, SHARED])
    assert set(result.secrets) == {ACCOUNT, SHARED}
    sent = "\n".join(simulated.configuring())
    assert secrets[ACCOUNT] in sent and secrets[SHARED] in sent and "supervision" not in sent
    assert simulated.check_login("lecture", secrets[ACCOUNT])
    assert not simulated.check_login("lecture", "Aa1-1-of-before")
    assert not any(secrets[name] in "\n".join(result.commands) for name in (ACCOUNT, SHARED))
    path = next(iter(before))
    assert device.gather().files[path] != before[path]  # another hash, another ciphertext
    assert not device.present(WANTED).changed


class Vault:
    """Entries by the name that a driver gives them: (revision, whether it is pending)."""

    def __init__(self, **names: tuple[str, bool]) -> None:
        self.names = names

    def entry(self, name: str):
        revision, pending = self.names[name]
        return SimpleNamespace(wanted_revision=revision, pending=pending)


def renewed(tmp_path, entries, *, asked=(), noted=None) -> list[str]:
    state = State.create(tmp_path / "state")
    if noted is not None:
        rows = [{"name": name, "vault_revision": revision} for name, revision in noted.items()]
        state.write("site", TAG, switch.SECRETS_SET, {"secrets": rows})
    made = object.__new__(switch.ActionModule)
    made.driver, made.wanted, made.arguments = switch_driver("cisco_ios"), WANTED, {"renew": list(asked)}
    made.paths, made.asset = SimpleNamespace(state=tmp_path / "state"), SimpleNamespace(site="site", tag=TAG)
    made.entry = Vault(**entries).entry
    return made._renewed()


def test_what_is_set_anew(tmp_path) -> None:
    names = needed(switch_driver("cisco_ios"), WANTED)
    entries = dict.fromkeys(names, ("one", False))
    assert renewed(tmp_path / "a", entries) == [], "a device that was set up before revisions were noted"
    assert renewed(tmp_path / "b", entries, asked=["lecture"]) == [ACCOUNT]
    pending = entries | {ACCOUNT: ("two", True), KEY: ("two", True)}
    assert set(renewed(tmp_path / "c", pending)) == {ACCOUNT, KEY}
    assert renewed(tmp_path / "d", pending, noted={KEY: "two"}) == [ACCOUNT], "it has the key already"
    changed = entries | {SHARED: ("two", False)}
    assert renewed(tmp_path / "e", changed, noted={SHARED: "one"}) == [SHARED], (
        "the server has another secret"
    )
