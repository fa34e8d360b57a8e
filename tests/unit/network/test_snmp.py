"""SNMPv3 users of simulated switches, proven by requests to a real agent (Debian's snmpd)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from ansible_collections.cartable.fleet.plugins.plugin_utils.network import snmp

from reversibility.records.state import State
from tests.simulators.network.aoscx import CxDevice
from tests.simulators.network.aoss import AossDevice
from tests.simulators.network.device import Device
from tests.simulators.network.ios import IosDevice
from tests.simulators.network.market import SimulatedMarket
from tests.simulators.network.nxos import NxosDevice
from tests.simulators.network.snmp_agent import SnmpAgent

TAG = "SW250001"
AUTH, PRIV = "snmp/supervision/auth", "snmp/supervision/priv"
KEYS = ("Kd7m-Tq6w-Rz9b", "Wq8n-Own-key-77")
PLATFORMS: dict[str, tuple[type[Device], str, str, dict[str, str]]] = {
    "SW250001": (IosDevice, "cisco-ios-17.12", "GigabitEthernet1/0/1", {}),
    "SW250002": (NxosDevice, "nx-os-10.3", "Ethernet1/1", {"version": "10.3(4)"}),
    "SW250003": (AossDevice, "aos-s-16.11", "1", {}),
    "SW250004": (CxDevice, "aos-cx-10.13", "1/1/1", {}),
}

pytestmark = pytest.mark.judge("snmpd")


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Mapping[str, SnmpAgent]]:
    """The agent of each switch, at the switch's address."""
    with contextlib.ExitStack() as stack:
        found = {}
        for number, tag in enumerate(PLATFORMS, start=10):
            (folder := tmp_path / tag).mkdir(mode=0o700)
            found[tag] = stack.enter_context(SnmpAgent(f"127.1.10.{number}", folder))
        yield found


def accepted(agent: SnmpAgent, keys: tuple[str, str]) -> bool:
    return not snmp.refusal(agent.host, "supervision", *keys, port=agent.port)


class School:
    """A market with switches, whose agents have the users that the switches are told."""

    def __init__(self, root: Path, agents: Mapping[str, SnmpAgent], serve, password: str, *tags: str) -> None:
        variables = {
            "network_accounts": {"admin": "admin"},
            "network_snmp_users": ["supervision"],
            "network_change_management": True,
        }
        ports = {tag: {"network_snmp_port": agents[tag].port} for tag in tags}
        self.market = SimulatedMarket(root, {tag: variables | ports[tag] for tag in tags})
        hosts = self.market.folder / "hosts.yml"
        content = yaml.safe_load(hosts.read_text())
        for tag in tags:
            room = content["all"]["children"]["site_trois_platanes"]["children"]["room_baie"]
            room["hosts"][tag]["asset"]["os"] = PLATFORMS[tag][1]
        hosts.write_text(yaml.safe_dump(content, sort_keys=False))
        self.devices = {}
        for tag in tags:
            kind, _, uplink, more = PLATFORMS[tag]
            management = self.market.management(tag, uplink)
            self.devices[tag] = kind(tag, password=password, management=management, agent=agents[tag], **more)
        self.market.put_into_service(serve(*self.devices.values()), dict.fromkeys(tags, password))

    def run(self, playbook: str, *options: str, status: int = 0, **variables: object) -> str:
        """What a playbook prints, in one line."""
        done = self.market.run(playbook, *options, **variables)
        assert done.returncode == status, done.stdout + done.stderr
        return " ".join(done.stdout.split())

    def keys(self, tag: str = TAG) -> tuple[str, str]:
        """The current keys in the vault, none of which is pending."""
        self.market.vault.refresh()
        found = [self.market.vault.find(tag, name) for name in (AUTH, PRIV)]
        assert [entry.pending for entry in found] == [None, None]
        return found[0].password, found[1].password

    def is_recorded(self, tag: str = TAG) -> bool:
        """Whether logins by SNMPv3 are recorded, with the revisions of the vault."""
        record = State(self.market.data / "state").read_json("trois_platanes", tag, "logins-snmp.json")
        if record is None:
            return False
        assert {login["method"] for login in record["logins"]} == {"snmpv3"}
        known = {login["account"]: login["vault_revision"] for login in record["logins"]}
        return known == {name: self.market.vault.find(tag, name).revision for name in (AUTH, PRIV)}


def test_a_request_is_answered_with_both_keys_only(agents: Mapping[str, SnmpAgent]) -> None:
    agent = agents[TAG]
    assert snmp.answers(agent.host, agent.port), "it tells its engine to anybody"
    assert snmp.refusal(agent.host, "supervision", *KEYS, port=agent.port) == "Unknown USM user"
    agent.tell("supervision", KEYS)
    assert snmp.refusal(agent.host, "supervision", *KEYS, port=agent.port) == ""
    other = "Another-key-1234"
    assert snmp.refusal(agent.host, "supervision", other, KEYS[1], port=agent.port) == "Wrong SNMP PDU digest"
    # An agent cannot read such a request, and net-snmp's is silent then.
    assert "timeout" in snmp.refusal(agent.host, "supervision", KEYS[0], other, port=agent.port)
    agent.stop()
    assert not snmp.answers(agent.host, agent.port)


def test_each_platform_answers_with_the_keys_of_the_vault_and_not_with_the_former_ones(
    tmp_path: Path, agents: Mapping[str, SnmpAgent], serve, password: str
) -> None:
    school = School(tmp_path, agents, serve, password, *PLATFORMS)
    said = school.run("provision.yml")
    before = {tag: school.keys(tag) for tag in agents}
    for tag, agent in agents.items():
        assert accepted(agent, before[tag])
        assert school.is_recorded(tag)

    said += school.run("rotate.yml", rotate_reason="dit", rotate_accounts=[AUTH])
    for tag, agent in agents.items():
        after = school.keys(tag)
        assert after[0] != before[tag][0] and after[1] == before[tag][1]
        assert accepted(agent, after)
        assert not accepted(agent, before[tag])
        assert school.is_recorded(tag)
        assert not any(key in said for key in (*before[tag], *after))


def test_a_device_is_read_back_until_it_answers_and_then_a_request_finds_what_no_configuration_shows(
    tmp_path: Path, agents: Mapping[str, SnmpAgent], serve, password: str
) -> None:
    agent, school = agents[TAG], School(tmp_path, agents, serve, password, TAG)
    school.run("provision.yml", "--check")
    assert agent.users == {}
    agent.stop()
    school.devices[TAG].agent = None
    said = school.run("provision.yml")
    assert f"{TAG} does not answer SNMPv3 requests of this controller" in said
    assert set(school.devices[TAG].snmp_users) == {"supervision"}
    keys = school.keys()
    assert not school.is_recorded()

    # Somebody set another key by hand: a Catalyst's configuration does not show it.
    agent.tell("supervision", KEYS)
    school.devices[TAG].agent = agent
    assert "changed=0" not in school.run("provision.yml")
    assert agent.users == {"supervision": keys}
    assert school.is_recorded()
    assert "changed=0" in school.run("provision.yml")

    # A switch that takes the command and keeps the former key.
    school.devices[TAG].agent = None
    said = school.run("rotate.yml", status=2, rotate_reason="dit", rotate_accounts=[AUTH])
    assert f"the password of {AUTH}, {PRIV} was set, but a login with it is refused (Wrong SNMP PDU" in said
    school.market.vault.refresh()
    entry = school.market.vault.find(TAG, AUTH)
    assert entry.pending and entry.password == keys[0]
