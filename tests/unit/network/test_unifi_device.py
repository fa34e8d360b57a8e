"""UniFi access points over real HTTPS, against a simulated controller that refuses what its schema does not have."""

from __future__ import annotations

import dataclasses
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
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.unifi_api import UnifiApi

from reversibility.platforms.differences import differences
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Configuration, Ssid, Vlan
from reversibility.platforms.unifi import DRIVER, WLANS
from tests.simulators.network.https import ApiServer
from tests.simulators.network.unifi import Controller

MAC = "02:00:5e:01:10:04"
RADIUS = "198.51.100.9"
SECRETS = {"wifi/L'école": 'c\'est "#1" vrai ', "wifi/Invités": "bienvenue-2026"}
WANTED = Configuration(
    vlans=(Vlan(30, "teachers"), Vlan(40, "pupils"), Vlan(50, "guests")),
    ssids=(
        Ssid("L'école", 40, "wpa3-personal", hidden=True, bands=frozenset({"5"})),
        Ssid("Invités", 50, "wpa2-personal", isolated=True, hours="mon-fri 07:30-18:30", portal=True),
        Ssid("Personnel", 30, "wpa3-enterprise"),
        Ssid("Bornes", None, "owe"),
    ),
    radius=(RADIUS,),
)


@pytest.fixture
def controller(request) -> Controller:
    return Controller("la-cle-de-l-api", getattr(request, "param", "10.1.84"))


@pytest.fixture
def site(controller: Controller) -> str:
    other = controller.add_site("Mairie")
    controller.adopt(other, "AP-MAIRIE", "02:00:5e:01:10:99")
    site = controller.add_site("Trois Platanes")
    controller.adopt(site, "AP250001", MAC.upper())
    controller.add_profile(site, RADIUS)
    return site


@pytest.fixture
def server(controller: Controller, tmp_path: Path) -> Iterator[ApiServer]:
    with ApiServer(controller, tmp_path) as server:
        yield server


@pytest.fixture
def device(controller: Controller, site: str, server: ApiServer) -> Callable[..., ApiDevice]:
    def made(mac: str = MAC, **options: object) -> ApiDevice:
        values = {
            "key": controller.key,
            "verify": str(server.certificates),
            "timeout": 5.0,
            "pause": 0.01,
            **options,
        }
        secret = values.pop("secret", lambda name: SECRETS.get(name, ""))
        return ApiDevice(lambda: UnifiApi(server.url, mac, **values), DRIVER, "access_point", secret)

    return made


def written(controller: Controller) -> list[str]:
    return [call for call in controller.calls if not call.startswith("GET")]


@pytest.mark.parametrize("controller", ["10.1.84", "10.5.67"], indirect=True)
def test_from_an_empty_site_to_the_wanted_ssids_and_a_second_run_without_a_change(
    controller, site, device
) -> None:
    planned = device().plan(WANTED)
    assert written(controller) == []
    done = device().present(WANTED)
    assert (planned.calls, planned.secrets) == (done.calls, done.secrets)
    assert done.secrets == tuple(SECRETS)
    named = controller.named(site)
    assert set(named) == {ssid.name for ssid in WANTED.ssids}
    assert [controller.vlan(site, ssid.name) for ssid in WANTED.ssids] == [40, 50, 30, 1]
    assert {n["name"] for n in controller.sites[site]["networks"].values()} == {
        "Default", "teachers", "pupils", "guests",
    }  # fmt: skip
    assert named["L'école"]["securityConfiguration"]["passphrase"] == SECRETS["wifi/L'école"]
    assert "bandSteeringEnabled" not in named["L'école"]
    assert named["Invités"]["hotspotConfiguration"] == {"type": "CAPTIVE_PORTAL"}
    assert "hotspotConfiguration" not in named["L'école"]
    assert not any(secret in str(done.calls) for secret in SECRETS.values())
    native = dataclasses.replace(
        WANTED.ssids[3], vlan=1
    )  # what the network of the access point is, the controller says
    goal = dataclasses.replace(WANTED, ssids=(*WANTED.ssids[:3], native))
    assert list(differences(DRIVER.compared(goal, done.files), DRIVER.parse(done.files))) == []
    readable = DRIVER.redact(WLANS, done.files[WLANS].decode())
    assert readable is not None
    assert "Invités" in readable
    assert not any(secret in readable for secret in SECRETS.values())

    count = len(written(controller))
    assert not device().present(WANTED).changed
    assert len(written(controller)) == count


def test_a_schedule_is_one_of_blackouts(controller, site, device) -> None:
    device().present(WANTED)
    days = {
        day["day"]: day for day in controller.named(site)["Invités"]["blackoutScheduleConfiguration"]["days"]
    }
    assert days["FRI"]["timeRanges"] == [
        {"startTime": "00:00", "endTime": "07:30"},
        {"startTime": "18:30", "endTime": "23:59"},
    ]
    assert (days["SAT"]["type"], days["SUN"]["type"]) == ("ALL_DAY", "ALL_DAY")
    always = tuple(dataclasses.replace(ssid, hours="", portal=False) for ssid in WANTED.ssids)
    device().present(dataclasses.replace(WANTED, ssids=always))
    assert (
        not {"blackoutScheduleConfiguration", "hotspotConfiguration"}
        & controller.named(site)["Invités"].keys()
    )


def test_drift_is_repaired_and_what_is_not_ours_is_left_alone(controller, site, device) -> None:
    device().present(WANTED)
    guests = controller.named(site)["Invités"]
    guests |= {"clientIsolationEnabled": False, "mloEnabled": True}
    guests["securityConfiguration"] |= {"presharedKeys": [{"passphrase": "une-cle-de-plus"}]}
    guests["broadcastingDeviceFilter"] = {"type": "DEVICES", "deviceIds": []}
    assert "Invités" not in {ssid.name for ssid in DRIVER.parse(device().gather().files).ssids}
    done = device().present(WANTED)
    assert len(done.calls) == 1
    assert '"clientIsolationEnabled": true' in done.calls[0]
    assert "une-cle-de-plus" not in done.calls[0]
    guests = controller.named(site)["Invités"]
    assert (guests["clientIsolationEnabled"], guests["mloEnabled"]) == (True, True)
    assert "presharedKeys" not in guests["securityConfiguration"]
    assert "broadcastingDeviceFilter" not in guests
    renewed = device(secret=lambda name: {**SECRETS, "wifi/Invités": "autre-cle-2027"}[name]).present(WANTED)
    assert renewed.secrets == ("wifi/Invités",)
    assert controller.named(site)["Invités"]["securityConfiguration"]["passphrase"] == "autre-cle-2027"


def test_an_ssid_that_nobody_declared_is_turned_off_last_and_keeps_its_key(controller, site, device) -> None:
    device().present(WANTED)
    less = dataclasses.replace(WANTED, ssids=(WANTED.ssids[0], Ssid("Nouveau", 40, "open")))
    done = device().present(less)
    assert [call.split()[0] for call in done.calls] == ["POST", "PUT", "PUT", "PUT"]
    guests = controller.named(site)["Invités"]
    assert not guests["enabled"]
    assert guests["securityConfiguration"]["passphrase"] == SECRETS["wifi/Invités"]
    assert {ssid.name for ssid in DRIVER.parse(done.files).ssids} == {"L'école", "Nouveau"}


def test_what_was_kept_goes_to_a_new_controller(controller, site, device, server) -> None:
    device().present(WANTED)
    kept = device().gather().files
    before = controller.named(site)
    del controller.sites[site]
    new = controller.add_site("Trois Platanes")
    controller.adopt(new, "AP250001", MAC)
    with pytest.raises(ChangeRefused, match="make the RADIUS profile"):
        device().restore(kept)
    controller.add_profile(new, RADIUS)
    planned = device().restore(kept, check=True)
    assert planned.changed
    assert not any(secret in str(planned.calls) for secret in SECRETS.values())
    assert controller.named(new) == {}
    assert device().restore(kept).changed
    after = controller.named(new)
    for name, ssid in before.items():
        security = {k: v for k, v in ssid["securityConfiguration"].items() if k != "radiusConfiguration"}
        assert security.items() <= after[name]["securityConfiguration"].items()
    assert [controller.vlan(new, ssid.name) for ssid in WANTED.ssids] == [40, 50, 30, 1]
    assert not device().restore(kept).changed
    assert not device().plan(WANTED).changed


def test_every_page_is_read_and_the_rate_limit_is_waited_for(controller, site, device) -> None:
    device().present(WANTED)
    controller.page = 2
    controller.limited = ["0", None, "0.01"]
    assert len(DRIVER.parse(device().gather().files).ssids) == 4
    controller.limited = ["0"] * 50
    with pytest.raises(NoPrompt, match="got 429 6 times"):
        device().plan(WANTED)


def test_what_the_api_refuses_is_one_sentence_with_how_far_it_came(controller, site, device) -> None:
    with pytest.raises(CommandRefused, match=r"lacks wifi/L'école; nothing was changed"):
        device(secret=lambda name: "" if "école" in name else SECRETS[name]).present(WANTED)
    assert written(controller) == []
    with pytest.raises(
        CommandRefused, match=r"8 to 63 characters; 4 of 7 changes were made, and there is no way back"
    ):
        device(secret=lambda name: "court").present(WANTED)
    controller.fail_after = 0
    with pytest.raises(CommandRefused, match=r"\(500\): Unexpected error; nothing was changed"):
        device().present(WANTED)
    controller.fail_after = None
    with pytest.raises(LoginRefused, match="refuses the key"):
        device(key="faux").gather()
    controller.reading_key = "lecture"
    assert device(key="lecture").plan(WANTED).changed
    with pytest.raises(LoginRefused, match="has not the right"):
        device(key="lecture").present(WANTED)
    with pytest.raises(Unreachable, match="certificate that is not trusted"):
        device(verify="").gather()
    with pytest.raises(CommandRefused, match="manages no device with the MAC address 02:00:00:00:00:01"):
        device("02:00:00:00:00:01").gather()


@pytest.mark.parametrize(
    ("sentence", "change"),
    [
        ('no RADIUS profile named "192.0.2.1"', {"radius": ("192.0.2.1",)}),
        ("no RADIUS server is declared", {"radius": None}),
        ("beyond midnight", {"ssids": (Ssid("Nuit", 40, "open", hours="mon-fri 18:00-02:00"),)}),
        ("6 GHz needs WPA3", {"ssids": (Ssid("Six", 40, "wpa2-personal", bands=frozenset({"6"})),)}),
        ("no VLAN above 4009", {"ssids": (Ssid("Haut", 4010, "open"),)}),
    ],
)
def test_what_unifi_cannot_do_is_refused_before_anything_is_sent(
    controller, site, device, sentence, change
) -> None:
    with pytest.raises(ChangeRefused, match=sentence):
        device().present(dataclasses.replace(WANTED, **change))
    assert written(controller) == []


def test_an_older_release_is_only_read(controller, site, device) -> None:
    controller.release = "9.5.21"
    assert device().gather().files
    with pytest.raises(ChangeRefused, match=r"9\.5\.21: its API changes nothing before 10"):
        device().plan(WANTED)
