"""Meraki switches and access points over real HTTPS, against a simulated dashboard that refuses what it must."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.api_device import ApiDevice
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
    CommandRefused,
    LoginRefused,
    NoPrompt,
    Unreachable,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.meraki_api import MerakiApi

from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.meraki import DRIVER, SSIDS
from reversibility.platforms.model import Configuration, Port, Ssid
from tests.simulators.network.https import ApiServer
from tests.simulators.network.meraki import BELOW, Dashboard

AP, SWITCH = "Q2XX-AP01-0001", "Q2XX-SW01-0001"
SECRETS = {
    "wifi/L'école": 'c\'est "#1" vrai ',
    "wifi/Invités": "bienvenue-2026",
    "radius/198.51.100.9": "partage-secret",
}
WANTED = Configuration(
    ssids=(
        Ssid("L'école", 40, "wpa3-personal", hidden=True, bands=frozenset({"5"})),
        Ssid("Invités", 50, "wpa2-personal", isolated=True, hours="mon-fri 07:30-18:30", portal=True),
        Ssid("Personnel", 30, "wpa3-enterprise"),
    ),
    radius=("198.51.100.9",),
)
PORTS = Configuration(
    ports=(
        Port("1", mode="trunk", native=10, tagged=frozenset({40, 50})),
        Port("2", access=40, voice=30, description="Salle 3", guards=frozenset({"bpdu", "protected"})),
        Port("3", access=1, enabled=False),
    ),
    protected_ports=frozenset({"1"}),
)


@pytest.fixture
def dashboard() -> Dashboard:
    dashboard = Dashboard("clé-de-l-api".encode("ascii", "ignore").decode())
    dashboard.add(AP, "AP250001")
    dashboard.add(SWITCH, "SW250001", ports=3)
    return dashboard


@pytest.fixture
def server(dashboard: Dashboard, tmp_path: Path) -> Iterator[ApiServer]:
    with ApiServer(dashboard, tmp_path, BELOW) as server:
        yield server


@pytest.fixture
def device(dashboard: Dashboard, server: ApiServer) -> Callable[..., ApiDevice]:
    def made(serial: str = AP, **options: object) -> ApiDevice:
        values = {
            "key": dashboard.key,
            "verify": str(server.certificates),
            "timeout": 5.0,
            "pause": 0.01,
            **options,
        }
        secret = values.pop("secret", lambda name: SECRETS.get(name, ""))
        kind = "switch" if serial == SWITCH else "access_point"
        return ApiDevice(lambda: MerakiApi(server.url, serial, **values), DRIVER, kind, secret)

    return made


def written(dashboard: Dashboard) -> list[str]:
    return [call for call in dashboard.calls if not call.startswith("GET")]


def on(dashboard: Dashboard) -> dict[str, dict]:
    return {slot["name"]: slot for slot in dashboard.ssids if slot["enabled"]}


def test_from_an_empty_network_to_the_wanted_ssids_and_a_second_run_without_a_change(
    dashboard, device
) -> None:
    dashboard.ssids[3].update(name="Ancien", enabled=True, authMode="open")
    planned = device().plan(WANTED)
    assert planned.changed
    assert written(dashboard) == []
    done = device().present(WANTED)
    assert done.secrets == tuple(SECRETS)
    assert set(on(dashboard)) == {"L'école", "Invités", "Personnel"}
    assert on(dashboard)["L'école"]["psk"] == SECRETS["wifi/L'école"]
    assert on(dashboard)["L'école"]["bandSelection"] == "5 GHz band only"
    assert on(dashboard)["Invités"]["splashPage"] == "Click-through splash page"
    assert on(dashboard)["L'école"]["splashPage"] == "None"
    assert {ssid.name: ssid.portal for ssid in DRIVER.parse(done.files).ssids}["Invités"]
    assert on(dashboard)["Personnel"]["radiusServers"] == [{"host": "198.51.100.9", "port": 1812}]
    assert written(dashboard)[-1] == "PUT /networks/N_1/wireless/ssids/3", "what is turned off comes last"
    assert not any(secret in str(done.calls) for secret in SECRETS.values())
    assert {(s.name, s.vlan, s.security, s.isolated, s.hidden) for s in DRIVER.parse(done.files).ssids} == {
        (s.name, s.vlan, s.security, s.isolated, s.hidden) for s in WANTED.ssids
    }
    readable = DRIVER.redact(SSIDS, done.files[SSIDS].decode())
    assert readable is not None
    assert not any(secret in readable for secret in SECRETS.values())

    count = len(written(dashboard))
    assert not device().present(WANTED).changed
    assert len(written(dashboard)) == count


def test_a_schedule_is_one_of_outages(dashboard, device) -> None:
    device().present(WANTED)
    number = on(dashboard)["Invités"]["number"]
    ranges = dashboard.schedules[number]["ranges"]
    assert ranges[0] == {"startDay": "monday", "startTime": "18:30", "endDay": "tuesday", "endTime": "07:30"}
    assert ranges[-1] == {"startDay": "friday", "startTime": "18:30", "endDay": "monday", "endTime": "07:30"}
    assert len(ranges) == 5
    always = dataclasses.replace(WANTED.ssids[1], hours="")
    device().present(dataclasses.replace(WANTED, ssids=(WANTED.ssids[0], always, WANTED.ssids[2])))
    assert dashboard.schedules[number] == {"enabled": False}


def test_drift_and_a_new_key_are_repaired(dashboard, device) -> None:
    device().present(WANTED)
    on(dashboard)["Invités"]["lanIsolationEnabled"] = False
    assert [call.partition(" {")[2] for call in device().present(WANTED).calls] == [
        '"lanIsolationEnabled": true}'
    ]
    renewed = device(secret=lambda name: {**SECRETS, "wifi/Invités": "autre-cle-2027"}[name]).present(WANTED)
    assert renewed.secrets == ("wifi/Invités",)
    assert on(dashboard)["Invités"]["psk"] == "autre-cle-2027"


def test_ports_of_a_switch_and_the_word_for_what_leads_to_it(dashboard, device) -> None:
    with pytest.raises(ChangeRefused, match="1 leads to the device"):
        device(SWITCH).present(PORTS)
    assert written(dashboard) == []
    done = device(SWITCH).present(dataclasses.replace(PORTS, protected_ports=frozenset()))
    assert {port.name: port for port in DRIVER.parse(done.files).ports}["2"] == PORTS.ports[1]
    assert not device(SWITCH).present(PORTS).changed


def test_every_page_is_read(dashboard, device) -> None:
    dashboard.page = 2
    done = device(SWITCH).gather()
    assert [port.name for port in DRIVER.parse(done.files).ports] == ["1", "2", "3"]
    assert len(json.loads(device().gather().files[SSIDS])) == 15


def test_the_rate_limit_is_waited_for_and_never_taken_for_an_answer(dashboard, device) -> None:
    dashboard.limited = ["0", None, "0.01"]
    assert device().plan(WANTED).changed
    dashboard.limited = ["0"] * 50
    with pytest.raises(NoPrompt, match="got 429 6 times"):
        device().plan(WANTED)


def test_what_the_api_refuses_is_one_sentence_with_how_far_it_came(dashboard, device) -> None:
    with pytest.raises(CommandRefused, match=r"'psk' must be 8 to 63 characters; nothing was changed"):
        device(secret=lambda name: "court").present(WANTED)
    twice = {**SECRETS, "wifi/Invités": "court"}
    with pytest.raises(CommandRefused, match=r"of \d changes were made, and there is no way back: run again"):
        device(secret=lambda name: twice[name]).present(WANTED)
    with pytest.raises(LoginRefused, match="refuses the key"):
        device(key="faux").gather()
    with pytest.raises(Unreachable, match="certificate that is not trusted"):
        device(verify="").gather()
    with pytest.raises(CommandRefused, match="Device not found"):
        device("Q2XX-XXXX-XXXX").gather()
    with pytest.raises(CommandRefused, match="lacks wifi/Invités"):
        device(secret=lambda name: "" if name == "wifi/Invités" else SECRETS[name]).present(WANTED)


def test_what_meraki_cannot_do_is_refused(dashboard, device) -> None:
    for sentence, wanted in {
        "2.4 GHz alone": (dataclasses.replace(WANTED.ssids[0], bands=frozenset({"2.4"})),),
        "No RADIUS|no RADIUS": WANTED.ssids,
    }.items():
        with pytest.raises(ChangeRefused, match=sentence):
            device().present(dataclasses.replace(WANTED, ssids=wanted, radius=()))
    for slot in dashboard.ssids:
        slot.update(enabled=True)
    crowd = tuple(Ssid(f"réseau {n}", 40, "open") for n in range(16))
    with pytest.raises(ChangeRefused, match="none of the 15 SSIDs"):
        device().present(dataclasses.replace(WANTED, ssids=crowd))


def test_what_was_kept_goes_back_but_for_802_1x_which_the_vault_sets_again(dashboard, device) -> None:
    device().present(WANTED)
    device(SWITCH).present(dataclasses.replace(PORTS, protected_ports=frozenset()))
    kept, ports = device().gather().files, device(SWITCH).gather().files
    for slot in dashboard.ssids:
        slot.update(name=f"vide {slot['number']}", enabled=False, authMode="open")
        slot.pop("psk", None)
    dashboard.schedules.clear()
    for port in dashboard.ports[SWITCH]:
        port.update(name="", type="trunk", vlan=1, allowedVlans="all")
    count = len(written(dashboard))
    planned = device().restore(kept, check=True)
    assert planned.changed
    assert len(written(dashboard)) == count
    assert not any(secret in str(planned.calls) for secret in SECRETS.values())
    device().restore(kept)
    assert on(dashboard)["L'école"]["psk"] == SECRETS["wifi/L'école"]
    assert dashboard.schedules[on(dashboard)["Invités"]["number"]]["enabled"]
    assert "Personnel" not in on(dashboard)
    assert not device().restore(kept).changed
    assert [call.partition(" {")[0] for call in device().present(WANTED).calls] == [
        "PUT network:/wireless/ssids/2"
    ]
    device(SWITCH).restore(ports)
    assert DRIVER.parse(device(SWITCH).gather().files).ports == DRIVER.parse(ports).ports
