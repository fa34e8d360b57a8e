"""What the role accounts leaves, after a first run, a drift, a change of password that was cut, and a repair."""

import os
import re
import subprocess

import pytest


def log_in(machine, account, password):
    """Log in through PAM by another way than the role's own module: su reads the password from a pipe."""
    return (
        machine.run("su", account, "-c", "id -un", user="nobody", stdin=f"{password}\n").stdout.strip()
        == account
    )


@pytest.mark.parametrize("account", ["cartable", "eleve", "aexemple", "dexemple"])
def test_the_password_in_the_vault_opens_the_account_and_no_other_does(machine, secret, account):
    assert log_in(machine, account, secret(account))
    assert not log_in(machine, account, secret(account) + "x")


def test_the_two_accounts_have_different_passwords_of_the_length_that_is_asked(secret):
    assert len(secret("cartable")) >= 14
    assert len(secret("eleve")) >= 12
    assert secret("cartable") != secret("eleve")


@pytest.mark.parametrize("account", ["cartable", "aexemple", "dexemple"])
def test_sudo_asks_an_administrator_for_the_password(machine, secret, account):
    assert machine.run("sudo", "--non-interactive", "id", "-u", user=account).returncode != 0
    asked = ["sudo", "--reset-timestamp", "--stdin", "--prompt=", "id", "-u"]
    assert machine.run(*asked, user=account, stdin=secret(account) + "\n").stdout == "0\n"


def over_ssh(machine, account, *command, stdin="", key=True):
    """Log in from the controller, as an administrator does; without the key by whatever else the server offers."""
    folder = os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]
    ways = ["-i", f"{folder}/operator_ed25519", "-o", "BatchMode=yes"]
    ways = ways if key else ["-o", "PubkeyAuthentication=no", "-o", "BatchMode=yes"]
    return subprocess.run(
        ["ssh", "-F", "none", *ways, "-o", f"ProxyCommand=podman exec -i {machine.container} /usr/sbin/sshd -i",
         "-o", f"UserKnownHostsFile={folder}/known_hosts", "-o", "StrictHostKeyChecking=no",
         f"{account}@{machine.container}", *command],
        input=stdin, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_named_administrator_comes_in_with_a_key_of_ones_own_and_sudo_notes_who_it_was(machine, secret):
    ran = over_ssh(machine, "aexemple", "sudo -S -p '' touch /tmp/trace", stdin=secret("aexemple") + "\n")
    assert ran.returncode == 0, ran.stderr
    noted = machine.run("journalctl", "--no-pager", "_COMM=sudo").stdout
    assert re.search(r"aexemple\S* : .*COMMAND=/usr/bin/touch /tmp/trace", noted)
    assert over_ssh(machine, "dexemple", "true").returncode == 255, "a key opens its owner's account only"


@pytest.mark.parametrize("account", ["eleve", "aexemple", "cartable"])
def test_no_password_opens_a_session_over_ssh(machine, account):
    assert "Permission denied (publickey)" in over_ssh(machine, account, "true", key=False).stderr


def test_the_account_of_somebody_whose_access_is_over_is_closed(machine, host, vault, recorded):
    """Also after somebody has opened it again; the file of its owner is still its own."""
    assert machine.run("passwd", "--status", "fexemple").stdout.split()[1] == "L"
    assert host.user("fexemple").shell == "/usr/sbin/nologin" and host.user("fexemple").groups == ["fexemple"]
    assert host.user("fexemple").expiration_date.year == 1970
    assert not host.file("/home/fexemple/.ssh/authorized_keys").exists
    assert host.file("/home/fexemple").user == "fexemple"
    assert vault.get("essais", machine.asset, "fexemple") is None
    [closed] = recorded("closed-accounts.json")["revoked"]
    assert (closed["name"], closed["result"]) == ("fexemple", "refused") and len(closed["mark"]) == 32


def test_the_machine_itself_closes_an_account_on_its_last_day(host):
    assert host.user("dexemple").expiration_date.year == 2100
    assert host.user("aexemple").expiration_date is None


@pytest.mark.parametrize("account", ["eleve", "intrus", "fexemple"])
def test_nobody_else_may_administer(machine, host, account):
    assert "is not allowed to run sudo" in machine.run("sudo", "--list", f"--other-user={account}").stdout
    assert "sudo" not in host.user(account).groups


def test_the_way_in_that_the_installation_left_is_closed(host):
    assert not host.file("/etc/sudoers.d/90-bootstrap").exists


def test_the_user_has_the_groups_that_are_declared_and_a_shell(host):
    assert sorted(host.user("eleve").groups) == ["audio", "cdrom", "eleve", "plugdev", "video"]
    assert host.user("eleve").shell == "/bin/bash"


def test_an_unknown_account_is_left_alone(host):
    assert host.user("intrus").exists
    assert host.file("/home/intrus").is_directory


def test_only_the_operators_keys_open_the_administrators_account(host):
    keys = host.file("/home/cartable/.ssh/authorized_keys")
    assert re.findall(r"^[^#].*", keys.content_string, re.M) == [keys.content_string.splitlines()[-1]]
    assert keys.content_string.endswith(" operators\n")
    assert (keys.user, keys.mode) == ("cartable", 0o600)


@pytest.mark.parametrize("home", ["/home/cartable", "/home/eleve", "/root"])
def test_the_other_file_of_keys_that_sshd_reads_is_gone(host, home):
    assert not host.file(f"{home}/.ssh/authorized_keys2").exists


def test_root_has_no_keys_and_the_running_ssh_server_refuses_even_one_that_is_put_back(machine, host):
    assert not host.file("/root/.ssh/authorized_keys").exists
    assert "\npermitrootlogin no\n" in machine.run("/usr/sbin/sshd", "-T").stdout
    unknown = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    machine.run("cp", "/root/essai.pub", "/root/.ssh/authorized_keys")
    try:
        # The key that drift.yml made, and with which it came in.
        asked = machine.run(
            *("env", "LC_ALL=C.UTF-8", "ssh", "-i", "/root/essai", "-o", "BatchMode=yes"),
            *(*unknown, "root@127.0.0.1", "true"),
        )
    finally:
        machine.run("rm", "/root/.ssh/authorized_keys")
    assert asked.returncode == 255
    assert "Permission denied" in asked.stderr


def test_the_record_says_which_secrets_were_proven(machine, vault, recorded):
    revisions = {
        account: vault.get("essais", machine.asset, account).revision
        for account in ("cartable", "eleve", "aexemple", "dexemple")
    }
    assert {
        login["account"]: login["vault_revision"] for login in recorded("logins.json")["logins"]
    } == revisions
    assert {(login["method"], login["result"]) for login in recorded("logins.json")["logins"]} == {
        ("pam", "success")
    }
    assert recorded("volatile.json")["logins.json"].endswith("Z")


def test_check_mode_showed_all_of_the_drift(checked):
    assert "Would be taken out of the group sudo: eleve, intrus, fexemple'\n" in checked
    assert "The password of eleve would be set from the vault\n" in checked
    assert "-eleve ALL=(ALL) NOPASSWD: ALL\n" in checked
    assert "/etc/sudoers.d/90-bootstrap" in checked
    assert "-ssh-ed25519 AAAA une-autre-cle\n" in checked
    assert "-PermitRootLogin yes\n" in checked
    for home in ("/home/cartable", "/home/eleve", "/root"):
        assert f"{home}/.ssh/authorized_keys2" in checked


def test_accounts_that_nobody_declared_are_told_with_a_warning(checked):
    """Wrapped to the width of a terminal, so without its line ends."""
    words = (
        "UC990002 has local accounts that are not declared: jumeau, service, intrus. They were not touched"
    )
    assert words in " ".join(checked.split())
    assert "[WARNING]" in checked
