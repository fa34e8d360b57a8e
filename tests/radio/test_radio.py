"""SSIDs that the project's driver configures, joined by real stations: who gets in, where, and whom one reaches there.

Each "cannot" has its "can" in the same run, by the same means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lab import hosts
from tests.lab.detect import detect
from tests.lab.podman import Podman
from tests.lab.shell import wait_until
from tests.radio.credentials import by_certificate, by_password, foreign, signed
from tests.radio.radio import SERVER, TAG, Radio
from tests.radio.stations import OWE, Station, key, sae

SITE = "essais"
STAFF, CLASSROOM, GUESTS, VISITORS = "Ecole-Personnel", "L'école", "Ecole-Invites", "Ecole-Visiteurs"
GATEWAY = "203.0.113.129"
"""The router, in the VLAN of the guests."""
SERVER_ADDRESS = "203.0.113.10"
CONFIGURATION = "/etc/hostapd/hostapd.conf"


@pytest.fixture(scope="module")
def configured(radio: Radio) -> Radio:
    """The school, once provision.yml has configured its access point."""
    said = radio.provision("--diff")
    assert "+ssid=Ecole-Invites" in said
    for name in (CLASSROOM, GUESTS):
        assert radio.secret(SITE, f"wifi/{name}") not in said
    return radio


@pytest.fixture
def stations(configured: Radio) -> Iterator[list[Station]]:
    """All five; they leave in the end."""
    found = [configured.station(number) for number in range(1, 6)]
    yield found
    with ThreadPoolExecutor(len(found)) as pool:
        list(pool.map(Station.leave, found))


def joined(
    station: Station, ssid: str, address: str, settings: Mapping[str, str], reaches: str = ""
) -> Station:
    """The station, once it is in, and hears what it should reach there.

    Not only once, since a late answer of a slow hostapd is asked for again: the station gives up, or the two derive
    other keys (OWE), so that it is connected and no data passes.
    """
    said = []
    for _attempt in range(5):
        said.append(station.join(ssid, address, **settings))
        if said[-1] == "CONNECTED" and (not reaches or station.hears(reaches)):
            return station
    raise AssertionError(f"{ssid}: {', '.join(said)}")


def test_a_second_run_changes_nothing_and_drift_is_repaired(configured: Radio) -> None:
    assert re.search(rf"{TAG} .*changed=0 .*failed=0", configured.provision())
    configured.shell.run(f"sed -i s/ap_isolate=1/ap_isolate=0/ {CONFIGURATION} && systemctl restart hostapd")
    assert re.search(rf"{TAG} .*changed=1 .*failed=0", configured.provision())
    assert configured.shell.run(f"grep -c ap_isolate=1 {CONFIGURATION}").strip() == "2"
    assert not configured.shell.succeeds("test -e /var/lib/cartable/way-back/armed")


def test_a_wrong_key_is_refused_and_the_right_one_leads_to_the_guests(
    configured: Radio, stations: list[Station]
) -> None:
    assert stations[0].join(GUESTS, **key("un mauvais mot")) == "SSID-TEMP-DISABLED"
    joined(stations[0], GUESTS, "203.0.113.140/27", key(configured.secret(SITE, f"wifi/{GUESTS}")))
    assert stations[0].hears(GATEWAY)
    assert not stations[0].pings(configured.wired["administration"])


def test_the_classroom_is_in_its_vlan_and_a_wrong_key_is_not(
    configured: Radio, stations: list[Station]
) -> None:
    assert stations[3].join(CLASSROOM, **sae("un mauvais mot")) in ("AUTH-REJECT", "SSID-TEMP-DISABLED")
    password = configured.secret(SITE, f"wifi/{CLASSROOM}")
    with ThreadPoolExecutor(2) as pool:
        waiting = [
            pool.submit(joined, stations[number], CLASSROOM, f"203.0.113.10{number + 1}/27", sae(password))
            for number in (3, 4)
        ]
        assert [each.result() for each in waiting] == stations[3:]
    assert stations[3].hears(configured.wired["pupils"])
    assert stations[3].hears("203.0.113.105"), "pupils are not isolated from one another"
    # The address of a teacher, at the layer of the VLANs: no router in between.
    stations[3].use("203.0.113.80/27")
    assert not stations[3].hears(configured.wired["teachers"])


def test_guests_reach_their_gateway_but_neither_each_other_nor_another_vlan(
    configured: Radio, stations: list[Station]
) -> None:
    first, second, visitor, other_visitor, pupil = stations
    guests = key(configured.secret(SITE, f"wifi/{GUESTS}"))
    with ThreadPoolExecutor(4) as pool:
        waiting = [
            pool.submit(joined, first, GUESTS, "203.0.113.140/27", guests, GATEWAY),
            pool.submit(joined, second, GUESTS, "203.0.113.141/27", guests, GATEWAY),
            pool.submit(joined, visitor, VISITORS, "203.0.113.142/27", OWE, GATEWAY),
            pool.submit(joined, other_visitor, VISITORS, "203.0.113.143/27", OWE, GATEWAY),
        ]
        assert [each.result() for each in waiting] == stations[:4]
        # Within an SSID, within one without a key, and across the two, both ways.
        pairs = [(first, "141"), (visitor, "143"), (first, "142"), (visitor, "140")]
        heard = [pool.submit(station.hears, f"203.0.113.{host}") for station, host in pairs]
        assert [each.result() for each in heard] == [False] * 4

    # The same two, by the same means, while the service sleeps and the ports are open; then it puts the isolation back.
    unit, ports = "cartable-wifi-isolation.service", "/sys/class/net/wlan0_*/brport/isolated"
    configured.shell.run(f"systemctl kill -s STOP {unit}; for port in {ports}; do echo 0 > $port; done")
    assert first.hears("203.0.113.142")
    configured.shell.run(f"systemctl kill -s CONT {unit}")
    assert wait_until(lambda: configured.shell.run(f"cat {ports}").split().count("1") == 2, 10)
    assert not first.hears("203.0.113.142")

    # With the address of a pupil, and by the router.
    assert joined(
        pupil, CLASSROOM, "203.0.113.104/27", sae(configured.secret(SITE, f"wifi/{CLASSROOM}"))
    ).hears(configured.wired["pupils"])
    first.use("203.0.113.105/27")
    assert not first.hears(configured.wired["pupils"])
    first.use("203.0.113.140/27")
    assert not first.pings(SERVER_ADDRESS)


@pytest.fixture(scope="module")
def pc(configured: Radio, tmp_path_factory: pytest.TempPathFactory) -> Radio:
    """The school, with the certificates of a PC on the emulated machine: its own, and one of another authority."""
    folder = tmp_path_factory.mktemp("certificates")
    own = signed("UC990001", configured.paths.inventory, folder, configured.environment)
    other = foreign("UC990001", folder)
    trust = Podman(detect()).execute(hosts.container(SERVER), "cat /etc/ssl/cartable/authority.pem")
    assert configured.stolen is not None
    files = {"authority.pem": trust}
    for name, pair in (("own", own), ("other", other), ("stolen", configured.stolen)):
        files |= {f"{name}.crt": pair.text, f"{name}.key": pair.key}
    configured.shell.run("umask 077; mkdir -p /run/station")
    for name, text in files.items():
        configured.shell.run(f"umask 077; cat > /run/station/{name}", stdin=text)
    return configured


def vlan_of(radio: Radio, station: Station) -> str:
    """The interface of hostapd in which the access point has a station."""
    script = "for i in /sys/class/net/wlan0.*; do i=${i##*/}; iw dev $i station dump | grep -q %s && echo $i; done; :"
    return radio.shell.run(script % station.mac).strip()


def test_a_pc_comes_by_its_certificate_into_the_vlan_that_radius_answers(
    pc: Radio, stations: list[Station]
) -> None:
    laptop = stations[0]
    assert laptop.join(STAFF, **by_certificate("UC990001", "other")) == "EAP-FAILURE"
    assert laptop.join(STAFF, **by_certificate("UC990002", "stolen")) == "EAP-FAILURE"
    elsewhere = by_certificate("UC990001", "own", domain_match='"radius.ailleurs.internal"')
    assert laptop.join(STAFF, **elsewhere) == "EAP-TLS-CERT-ERROR"
    joined(laptop, STAFF, "203.0.113.80/27", by_certificate("UC990001", "own"))
    assert vlan_of(pc, laptop) == "wlan0.30"
    assert laptop.hears(pc.wired["teachers"])
    assert laptop.pings(SERVER_ADDRESS), "a flow of network.yml, by the router"
    laptop.use("203.0.113.50/27")
    assert not laptop.hears(pc.wired["direction"])


def test_people_come_by_their_password_into_the_vlan_of_their_account(
    pc: Radio, stations: list[Station]
) -> None:
    director, substitute = stations[0], stations[1]
    assert director.join(STAFF, **by_password("direction", "un mauvais mot")) == "EAP-FAILURE"
    people = [("direction", director, "203.0.113.50/27"), ("remplacant", substitute, "203.0.113.104/27")]
    with ThreadPoolExecutor(2) as pool:
        waiting = [
            pool.submit(joined, station, STAFF, address, by_password(name, pc.secret(SERVER, name)))
            for name, station, address in people
        ]
        assert [each.result() for each in waiting] == [director, substitute]
    assert [vlan_of(pc, director), vlan_of(pc, substitute)] == ["wlan0.20", "wlan0.40"]
    assert director.hears(pc.wired["direction"])
    assert substitute.hears(pc.wired["pupils"])
    director.use("203.0.113.105/27")
    assert not director.hears(pc.wired["pupils"]), "the same SSID, another VLAN"


def test_a_channel_that_the_country_forbids_is_taken_back_and_stations_join_as_before(
    configured: Radio, stations: list[Station]
) -> None:
    """hostapd starts, and gives up when it has learned the rules of the country: the service ran for a moment."""
    before = configured.shell.run("cat /etc/hostapd/*")
    variables = configured.paths.inventory / "host_vars" / f"{TAG}.yml"
    declared = variables.read_text()
    variables.write_text(declared.replace("channel: 1}", "channel: 14}"))
    try:
        said = configured.provision(check=False)
    finally:
        variables.write_text(declared)
    assert "the device is as it was" in said
    assert configured.shell.run("cat /etc/hostapd/*") == before
    joined(stations[0], GUESTS, "203.0.113.140/27", key(configured.secret(SITE, f"wifi/{GUESTS}")))
    assert stations[0].hears(GATEWAY)
