"""Simulated IOS: what it accepts, what it refuses, and its formats by the judgement of netmiko and ntc-templates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from netmiko import ConnectHandler

from tests.unit.network.conftest import wait_for


@pytest.fixture
def talk(ios, password) -> Iterator[object]:
    device, simulators = ios
    connection = ConnectHandler(
        device_type="cisco_ios",
        host="127.0.0.1",
        port=simulators.port(device.hostname),
        username="admin",
        password=password,
    )
    yield connection
    connection.remote_conn_pre.close()  # without the good-bye, which waits for a device that is gone


@pytest.fixture
def typed(ios):
    """Answers to lines, without SSH."""
    device, _ = ios
    device.last_login = "admin"
    return device.new_session().receive


def test_lines_are_kept_by_their_full_words_and_replace_each_other(ios, talk) -> None:
    talk.send_config_set(
        [
            "vl 10,20-22",
            "int gi 1/0/2",
            "sw mo acc",
            "sw acc vl 10",
            "sw acc vl 20",
            "desc Salle des maîtres",
            "no shut",
        ],
        cmd_verify=False,
    )
    shown = talk.send_command("sh run int Gi1/0/2")
    lines = ["interface GigabitEthernet1/0/2", " description Salle des maîtres", " switchport access vlan 20"]
    assert "\n".join([*lines, " switchport mode access"]) in shown
    vlans = talk.send_command("show vlan", use_textfsm=True)
    assert [row["vlan_id"] for row in vlans][:5] == ["1", "10", "20", "21", "22"]
    assert vlans[2]["interfaces"] == ["Gi1/0/2"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("switchport access vlan 4095", "% Invalid input detected at '^' marker."),
        ("switchport access vlan", "% Incomplete command."),
        ("s", '% Ambiguous command:  "s"'),
        ("interface GigabitEthernet1/0/99", "% Invalid input detected at '^' marker."),
        ("no vlan 1", "%Default VLAN 1 may not be deleted."),
        ("username a secret 9 clear", "ERROR: The secret you entered is not a valid encrypted secret."),
        ("switchport access vlan 77", "% Access VLAN does not exist. Creating vlan 77"),
    ],
)
def test_it_refuses_what_a_catalyst_refuses(talk, line: str, answer: str) -> None:
    assert answer in talk.send_config_set(["interface Gi1/0/2", line])


def test_a_name_of_33_characters_is_refused_and_32_are_shown_whole(talk) -> None:
    said = talk.send_config_set(["vlan 30", f"name {'n' * 33}", f"name {'n' * 32}"])
    assert "longer than 32 characters" in said
    assert talk.send_command("show vlan brief", use_textfsm=True)[1]["vlan_name"] == "n" * 32


def test_a_long_trunk_list_is_broken_and_grows_by_add(talk) -> None:
    many = ",".join(str(number) for number in range(11, 900, 40))
    talk.send_config_set(
        [
            "interface Gi1/0/3",
            "switchport mode trunk",
            f"switchport trunk allowed vlan {many}",
            "switchport trunk allowed vlan add 924",
            "switchport trunk allowed vlan remove 11",
        ]
    )
    shown = talk.send_command("show running-config interface Gi1/0/3")
    assert "switchport trunk allowed vlan add " in shown
    wanted = {*range(51, 900, 40), 924}
    ports = talk.send_command("show interfaces switchport", use_textfsm=True)
    assert {int(n) for n in ",".join(ports[2]["trunking_vlans"]).split(",")} == wanted


def test_formats_are_read_by_the_templates_of_others(talk) -> None:
    for command in ("show version", "show vtp status", "show interfaces status", "show inventory"):
        assert isinstance(talk.send_command(command, use_textfsm=True), list), command


def test_saved_and_running_are_two_things_and_a_restart_forgets_the_rest(ios, talk) -> None:
    device, _ = ios
    talk.send_config_set(["interface Gi1/0/2", "description kept"])
    talk.save_config()
    talk.send_config_set(["interface Gi1/0/2", "description lost"])
    device.restart()
    assert device.running.child("interface GigabitEthernet1/0/2").get("description") == "description kept"


def test_a_rollback_timer_puts_the_configuration_back_unless_it_is_confirmed(ios, typed) -> None:
    device, _ = ios
    assert "archive on" in typed("configure terminal revert timer 1")
    for line in (
        "configure terminal",
        "archive",
        "path flash:cartable",
        "end",
        "configure terminal revert timer 1",
    ):
        typed(line)
    for line in ("interface Gi1/0/2", "shutdown"):
        typed(line)
    wait_for(lambda: "rolled back" in device.events)
    assert device.running.child("interface GigabitEthernet1/0/2").get("shutdown") is None
    device.minute = 60
    for line in ("end", "configure terminal revert timer 1", "end"):
        typed(line)
    assert "seconds left" in typed("show archive config rollback timer")
    typed("configure confirm")
    assert "No Rollback" in typed("show archive config rollback timer")


def test_a_device_that_was_cut_off_neither_answers_nor_lets_anybody_in(ios, talk, password) -> None:
    device, simulators = ios
    talk.write_channel("configure terminal\ninterface Vlan1\nshutdown\n")
    wait_for(lambda: not device.reachable)
    with pytest.raises(Exception, match=r"(?i)banner|session|connect|EOF"):
        ConnectHandler(
            device_type="cisco_ios",
            host="127.0.0.1",
            port=simulators.port(device.hostname),
            username="admin",
            password=password,
            banner_timeout=2,
            conn_timeout=2,
        )


def test_removing_an_account_asks_and_a_new_secret_logs_in(ios, typed) -> None:
    device, _ = ios
    typed("configure terminal")
    typed("username second privilege 15 secret Other-Secret-9")
    assert device.check_login("second", "Other-Secret-9")
    assert not device.check_login("second", "other-secret-9")
    typed("no username second")
    assert device.account("second") is not None
    typed("")
    assert device.account("second") is None
