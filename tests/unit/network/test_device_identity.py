"""What network devices say of themselves, as their drivers and ntc-templates read it, and as GLPI takes it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.change import about, read
from ntc_templates.parse import parse_output

from reversibility.contract.context import Found
from reversibility.contract.proofs.inventory import matches_asset
from reversibility.platforms.device_identity import Identity, identity_in, inventory_record
from reversibility.platforms.registry import switch_driver
from tests.glpi import needs_schema, problems
from tests.simulators.network.aoscx import CxDevice
from tests.simulators.network.aoss import AossDevice
from tests.simulators.network.ios import IosDevice
from tests.simulators.network.nxos import NxosDevice

RECORDED = Path(__file__).parents[2] / "fixtures" / "network"
TAG, SERIAL = "SW250001", "FDO2112ABCD"
DEVICES = {
    IosDevice: ("cisco_ios", "show version", "serial", "version"),
    NxosDevice: ("cisco_nxos", "show inventory", "sn", ""),
    AossDevice: ("hp_procurve", "show system", "serial", "software_version"),
    CxDevice: ("aruba_aoscx", "show system", "serial", "version"),
}
SAID = {
    IosDevice: Identity(SERIAL, "C9200L-24T-4G", "17.12.3", "02:00:5e:00:53:01"),
    NxosDevice: Identity(SERIAL, "N9K-C93180YC-EX", "9.3(3)", ""),
    AossDevice: Identity(SERIAL, "J9773A", "YA.16.11.0025", "02:00:5e:00:53:01"),
    CxDevice: Identity(SERIAL, "JL679A 6100 12G CL4 2SFP+ 139W Sw", "FL.10.13.1005", "02:00:5e:00:53:01"),
}


@pytest.fixture(params=DEVICES, ids=lambda kind: kind.platform)
def told(request, serve, login, password):
    device = request.param(TAG, password=password, serial=SERIAL)
    driver = switch_driver(device.platform)
    with login(serve(device)) as session:
        files = read(session, driver)
        answers = {command: session.show(command) for command in driver.about}
        said = about(session, driver)
    return SimpleNamespace(kind=request.param, driver=driver, files=files, answers=answers, said=said)


def test_what_a_device_says_of_itself(told) -> None:
    text = told.said + "\n" + next(iter(told.files.values())).decode()
    found = identity_in(text, told.driver.identity)
    assert found == SAID[told.kind]
    platform, command, serial, version = DEVICES[told.kind]
    row = parse_output(platform=platform, command=command, data=told.answers[command])[0]
    assert found.serial in row[serial]
    if version:
        assert found.firmware in row[version]


@needs_schema
def test_the_record_is_glpi_s_and_proves_the_asset(told) -> None:
    asset = SimpleNamespace(tag=TAG, attributes={"serial": SERIAL})
    identity = identity_in(told.said, told.driver.identity)
    record = inventory_record(asset, told.driver.manufacturer, identity, told.driver.parse(told.files))
    assert problems(record) == []
    assert record["content"]["network_ports"]
    subject = SimpleNamespace(of_asset=lambda: asset)
    assert matches_asset(Found("inventory.json", record), None, subject, None).ok
    asset.attributes["serial"] = "another"
    assert not matches_asset(Found("inventory.json", record), None, subject, None).ok


def test_a_command_that_an_account_may_not_use_leaves_a_field_empty(serve, login, password) -> None:
    device = IosDevice(TAG, password=password)
    driver = SimpleNamespace(about=("show nothing", "show version"))
    with login(serve(device)) as session:
        assert "Model Number" in about(session, driver)


def test_the_model_of_recorded_configurations() -> None:
    text = (RECORDED / "aruba_aoss_2930m" / "running-config.txt").read_text()
    assert identity_in(text, switch_driver("aruba_aoss").identity).model.startswith("JL")
