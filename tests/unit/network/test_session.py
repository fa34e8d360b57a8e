"""Sessions with a simulated Catalyst that behaves badly: one clear sentence, nothing cut short, nothing overlooked."""

from __future__ import annotations

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network import errors

from tests.simulators.network.cisco_secret import scrypt9
from tests.simulators.network.ios import IosDevice
from tests.simulators.network.server import Simulators


def test_it_shows_what_netmiko_alone_cuts_short(ios, login) -> None:
    device, simulators = ios
    port = device.running.child("interface GigabitEthernet1/0/2")
    port.put("description", "description vers SW250001# puis SW250001#")
    device.running.put("banner login", "banner login ^C", 500, ("SW250001#", "^C"))
    device.faults.dribble, device.faults.latency = 7, 0.0005
    text = login(simulators).show("show running-config")
    assert "description vers SW250001# puis" in text
    assert text.rstrip().endswith("\nend")


def test_a_banner_that_looks_like_a_prompt_is_no_prompt(ios, login) -> None:
    device, simulators = ios
    device.running.put("banner motd", "banner motd ^CSwitch#", 500, ("Switch>", "SW250002#^C"))
    device.faults.dribble, device.faults.latency = 3, 0.002
    assert login(simulators).hostname == "SW250001"


def test_log_lines_over_the_prompt_are_no_answer(ios, login) -> None:
    device, simulators = ios
    device.faults.syslog_every = 1
    session = login(simulators)
    assert session.run("show clock | include x") == session.run("show clock | include x")
    assert "%SYS" not in session.show("show vlan brief")


def test_enable_needs_its_own_password(password, serve, login) -> None:
    simulators = serve(IosDevice("SW250001", password=password, enable="Another-Secret-1"))
    assert login(simulators, enable="Another-Secret-1").show("show vlan brief")
    with pytest.raises(errors.LoginRefused, match="privileged mode"):
        login(simulators, enable="wrong")
    with pytest.raises(errors.LoginRefused, match="privileged mode"):
        login(simulators)


def test_a_wrong_password_and_a_foreign_host_key_are_two_sentences(
    ios, login, target, serve, password
) -> None:
    device, simulators = ios
    with pytest.raises(errors.LoginRefused, match="refuses the account admin") as refused:
        login(simulators, password="wrong")
    assert "wrong" not in str(refused.value)
    simulators.keys[device.hostname] = serve(IosDevice("other", password=password)).keys["other"]
    with pytest.raises(errors.Unreachable, match="another host key"):
        login(simulators)
    simulators.keys.clear()
    with pytest.raises(errors.Unreachable, match="does not know"):
        login(simulators)


@pytest.mark.parametrize(
    ("fault", "value", "error", "words"),
    [
        ("drop_at", "vlan 20", errors.SessionLost, "closed the session"),
        ("silent_at", "vlan 20", errors.NoPrompt, "does not come back after 'vlan 20'"),
        ("garble_at", "vlan 20", errors.NoPrompt, "does not come back after 'vlan 20'"),
        ("strange_prompt_at", "vlan 20", errors.NoPrompt, "loader>"),
        ("refuse", "vlan 20", errors.CommandRefused, "refuses 'vlan 20': % Invalid input detected"),
    ],
)
def test_trouble_in_the_middle_is_one_sentence(ios, login, fault, value, error, words) -> None:
    device, simulators = ios
    session = login(simulators)
    setattr(device.faults, fault, value)
    with pytest.raises(error, match=words.replace("(", r"\(")):
        session.configure(["vlan 10", " name ten", "vlan 20", " name twenty", "vlan 30"])
    assert "vlan 30" not in device.vlans.lines


def test_commands_are_sent_in_their_modes_and_left(ios, login) -> None:
    device, simulators = ios
    session = login(simulators)
    session.configure(
        ["vlan 10", " name ten", "interface GigabitEthernet1/0/2", " switchport access vlan 10", "lldp run"]
    )
    assert session.mode == ""
    assert device.vlans.child("vlan 10").get("name") == "name ten"
    assert device.running.get("lldp run")
    assert [line for line in device.configuring() if line == "lldp run"]


def test_secrets_are_filled_in_when_they_are_sent_and_never_shown(ios, login) -> None:
    device, simulators = ios
    session = login(simulators)
    value = "What?is-it 1"
    session.configure(
        ["username second privilege 15 secret <secret:account/second>"], {"account/second": value}
    )
    assert device.check_login("second", value)
    with pytest.raises(errors.CommandRefused) as refused:
        session.configure(["usernme second secret <secret:account/second>"], {"account/second": value})
    assert value not in str(refused.value)


def test_a_question_is_answered_when_its_answer_is_safe_only(ios, login) -> None:
    device, simulators = ios
    device.running.put("username old", f"username old secret 9 {scrypt9('x')}", 40)
    session = login(simulators)
    session.configure(["no username old"])
    assert device.account("old") is None
    with pytest.raises(errors.UnexpectedQuestion, match="nobody may answer"):
        session.run("write erase")
    assert device.startup is not None


def test_a_banner_over_several_lines_may_look_like_anything(ios, login) -> None:
    device, simulators = ios
    session = login(simulators)
    text = "Accès réservé ?\nSW250001(config)#\nvlan 66\n% Invalid input"
    session.configure([f"banner login ~\n{text}\n~"])
    assert "vlan 66" not in device.vlans.lines
    assert text in session.show("show running-config").replace("^C", "")


def test_saving_says_when_it_failed(ios, login) -> None:
    device, simulators = ios
    session = login(simulators)
    device.faults.overwrite_question = True
    session.configure(["lldp run"])
    session.dialogue.stable("")
    device.faults.startup_busy = True
    with pytest.raises(
        errors.CommandRefused, match="did not save its configuration: startup-config file open failed"
    ):
        session.save()
    device.faults.startup_busy = False
    session.save()
    assert device.startup.get("lldp run")


def test_a_restart_in_the_middle_is_a_lost_session(ios: tuple[IosDevice, Simulators], login) -> None:
    device, simulators = ios
    session = login(simulators)
    device.restart()
    with pytest.raises(errors.DeviceError, match=r"closed the session|does not come back"):
        session.show("show running-config")


def test_a_device_that_goes_on_paging_is_one_sentence_and_no_cut_answer(ios, login) -> None:
    device, simulators = ios
    device.faults.refuse = "^terminal length"
    session = login(simulators)
    with pytest.raises(errors.NoPrompt, match=r"does not come back after 'show running-config'.*--More--"):
        session.show("show running-config")
