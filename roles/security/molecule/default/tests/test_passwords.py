"""Passwords that people choose, changed with passwd and tried with su, as a person does it."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

FIRST, SECOND = "Kx7-vm2Qz+bRt", "wR4k-Zt8s-Np6x"
PASSWD = """
import os, pty, re, select, sys, time
user, words = sys.argv[1], sys.stdin.read().split()
child, terminal = pty.fork()
if child == 0:
    os.execvp("runuser", ["runuser", "-u", user, "--", "passwd"])
said, end = "", time.monotonic() + 15
while time.monotonic() < end:
    if not select.select([terminal], [], [], 0.1)[0]:
        continue
    try:
        part = os.read(terminal, 4096).decode()
    except OSError:
        break
    if not part:
        break
    said += part
    if re.search("assword:\\\\s*$", part):
        if not words:
            os.kill(child, 15)
            break
        os.write(terminal, (words.pop(0) + "\\n").encode())
status = os.waitpid(child, 0)[1]
print(said.replace("\\r", ""), "CHANGED" if status == 0 else "REFUSED")
"""


@pytest.fixture
def account(machine):
    """An account of a person, with FIRST as its password."""
    machine.run(
        "sh",
        "-c",
        "userdel -rf essai 2>/dev/null; sed -i /^essai:/d /etc/security/opasswd; faillock --user essai --reset;"
        "useradd -m -s /bin/bash essai",
    )
    assert machine.run("chpasswd", stdin=f"essai:{FIRST}\n").returncode == 0
    yield "essai"
    machine.run("userdel", "-rf", "essai")


def change(machine, account, old, new):
    return machine.run("python3", "-c", PASSWD, account, stdin=f"{old} {new} {new}").stdout


def log_in(machine, account, password):
    asked = machine.run("su", account, "-c", "id -un", user="nobody", stdin=f"{password}\n")
    return asked.stdout.strip() == account


def failures(machine, account):
    return len(re.findall(r" V$", machine.run("faillock", "--user", account).stdout, re.M))


def test_a_good_password_is_accepted_and_opens(machine, account):
    assert "CHANGED" in change(machine, account, FIRST, SECOND)
    assert log_in(machine, account, SECOND)
    assert not log_in(machine, account, FIRST)


@pytest.mark.parametrize(
    "password",
    [
        "Bibliotheque-2026",
        "Bibliothèque-2026",
        "Essais-Villedessai-1",
        "Kx7-vm2Qz",
        "kx7-vm2qz+brt",
        "KxvmQzbRtWpGd",
    ],
)
def test_a_weak_password_is_refused(machine, account, password):
    assert "REFUSED" in change(machine, account, FIRST, password)
    assert log_in(machine, account, FIRST)


def test_root_cannot_set_a_weak_password_either(machine, account):
    assert machine.run("chpasswd", stdin=f"{account}:Bibliotheque-2026\n").returncode != 0
    assert log_in(machine, account, FIRST)


def test_a_former_password_is_refused(machine, account):
    assert "CHANGED" in change(machine, account, FIRST, SECOND)
    assert "REFUSED" in change(machine, account, SECOND, FIRST)


def test_root_sets_a_former_password_again(machine, account):
    """The vault's password, after somebody changed it by hand."""
    assert "CHANGED" in change(machine, account, FIRST, SECOND)
    assert machine.run("chpasswd", stdin=f"{account}:{FIRST}\n").returncode == 0


def test_wrong_passwords_lock_the_account_and_a_good_one_forgets_them(machine, account):
    assert not log_in(machine, account, "wrong")
    assert log_in(machine, account, FIRST)
    assert failures(machine, account) == 0
    with ThreadPoolExecutor(10) as pool:  # at once: PAM lets each wait
        assert not any(pool.map(lambda _: log_in(machine, account, "wrong"), range(10)))
    assert not log_in(machine, account, FIRST)
    assert failures(machine, account) >= 10
    machine.run("faillock", "--user", account, "--reset")
    assert log_in(machine, account, FIRST)


def test_a_new_account_has_an_end_of_its_password(machine, account):
    assert (
        machine.run("chage", "--list", account)
        .stdout.split("Maximum number of days between password change\t\t: ")[1]
        .startswith("365")
    )


def test_sudo_still_asks_and_lets_the_administrator_in(machine, account):
    machine.run(
        "sh",
        "-c",
        f"usermod -aG sudo {account}; printf '{account} ALL=(ALL:ALL) ALL\\n' > /etc/sudoers.d/essai",
    )
    try:
        asked = ["sudo", "--reset-timestamp", "--stdin", "--prompt=", "id", "-u"]
        assert machine.run(*asked, user=account, stdin=FIRST + "\n").stdout == "0\n"
        assert machine.run(*asked, user=account, stdin="wrong\n").stdout == ""
        weak = machine.run("chpasswd", stdin=f"{account}:{FIRST[:12]}x\n")
        assert weak.returncode != 0, "thirteen characters are too few for an administrator"
    finally:
        machine.run("rm", "/etc/sudoers.d/essai")


def test_a_profile_that_somebody_edited_by_hand_is_told(machine, recorded):
    """pam-auth-update leaves such a file alone and exits with 0; the record says what is really there."""
    rules = {rule["rule"]: rule for rule in recorded("compliance.json")["rules"]}
    kept = {name: rule["state"] for name, rule in rules.items() if name.startswith("pam-")}
    assert "complies" in kept.values()
    assert {name: state for name, state in kept.items() if state not in ("complies", "declined")} == {}
    assert (
        json.loads(machine.run("cat", "/etc/security/cartable-passwords.json").stdout)["administrator_length"]
        == 14
    )
