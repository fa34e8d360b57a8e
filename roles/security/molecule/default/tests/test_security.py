"""What the role security leaves on Linux: after a first run, a rule that shut everybody out, a drift, and a repair."""

import json

import pytest

OF_ACCOUNTS = {"sudo-dot", "sudo-log"}  # the role accounts writes sudoers, and does not run in this scenario


def test_every_rule_is_kept_or_says_why_not(recorded):
    rules = {rule["rule"]: rule for rule in recorded("compliance.json")["rules"]}
    open_rules = {name for name, rule in rules.items() if rule["state"] in ("present", "missing")}
    assert open_rules <= OF_ACCOUNTS, {name: rules[name] for name in open_rules - OF_ACCOUNTS}
    assert sum(rule["state"] == "complies" for rule in rules.values()) > 90
    silent = [
        name
        for name, rule in rules.items()
        if rule["state"] in ("declined", "waived", "not_applicable") and not rule["reason"]
    ]
    assert not silent
    assert rules["apparmor-kernel"]["state"] == "not_applicable"


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_the_running_ssh_server_takes_no_password(machine, method):
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
    asked = machine.run(
        "ssh", *options, "-o", f"PreferredAuthentications={method}", "cartable@127.0.0.1", "true"
    )
    assert asked.returncode == 255
    assert "Permission denied (publickey)" in asked.stderr


def test_only_declared_networks_reach_the_ssh_server(machine):
    """The administration's subnet has a flow to this VLAN; a neighbour in the same VLAN has none."""
    script = """
set -eu
ip netns add voisin
trap 'ip link delete essai; ip netns delete voisin' EXIT
ip link add essai type veth peer name bout netns voisin
ip address add 203.0.113.62/27 dev essai
ip link set essai up
ip -n voisin link set bout up
ip -n voisin address add 203.0.113.40/27 dev bout
ip -n voisin address add 203.0.113.5/32 dev bout
ip route add 203.0.113.5/32 dev essai
for source in 203.0.113.5 203.0.113.40; do
  ip netns exec voisin python3 -c '
import socket, sys
try:
    connection = socket.create_connection(("203.0.113.62", 22), 3, (sys.argv[1], 0))
    print(sys.argv[1], connection.recv(3).decode())
except OSError as error:
    print(sys.argv[1], type(error).__name__)
' $source
done
"""
    done = machine.run("sh", "-c", script)
    assert done.stdout.splitlines() == ["203.0.113.5 SSH", "203.0.113.40 TimeoutError"], done.stderr


def test_the_firewall_comes_back_after_a_restart(machine, host):
    assert host.service("nftables").is_enabled
    machine.run("nft", "flush", "ruleset")
    machine.run("systemctl", "restart", "nftables")
    chains = [
        item["chain"]
        for item in json.loads(machine.run("nft", "-j", "list", "ruleset").stdout)["nftables"]
        if "chain" in item
    ]
    assert {(chain["hook"], chain["policy"]) for chain in chains} == {("input", "drop"), ("forward", "drop")}


def test_usb_sticks_are_refused_on_a_pupils_pc(machine):
    assert machine.run("modprobe", "--showconfig").stdout.count("install usb_storage /bin/false") == 1


LOCK = "/org/gnome/desktop/screensaver/lock-enabled"


def test_the_screen_locks_and_a_person_cannot_change_that(machine):
    assert machine.run("dconf", "read", LOCK, user="cartable").stdout == "true\n"
    changed = machine.run("dconf", "write", LOCK, "false", user="cartable")
    assert changed.returncode != 0
    assert "non-writable" in changed.stderr


def test_a_program_in_tmp_does_not_start(machine):
    script = "printf '#!/bin/sh\\n' > /tmp/essai; chmod +x /tmp/essai; /tmp/essai; echo $?; rm /tmp/essai"
    assert machine.run("sh", "-c", script).stdout == "126\n"


def test_audit_rules_are_in_the_kernels_grammar(machine):
    compiled = (
        machine.run("augenrules", "--check").stdout
        + machine.run("auditctl", "-R", "/etc/audit/rules.d/60-cartable.rules").stderr
    )
    assert "syntax error" not in compiled.lower()
    assert "unknown" not in compiled.lower()


def test_nothing_is_armed_any_more(machine, host):
    assert not host.file("/var/lib/cartable/way-back").exists
    assert "cartable-way-back" not in machine.run("systemctl", "list-timers", "--all").stdout


def test_check_mode_showed_the_drift(checked):
    for line in (
        "-PasswordAuthentication yes",
        "+install usb_storage /bin/false",
        "/etc/ssh/sshd_config",
        "nftables.service",
        "-UMASK 022",
    ):
        assert line in checked, line
