"""The rights between the three spaces (R06), as a client of the network meets them."""

import json
import re

import pytest

RIGHTS = {
    ("direction", "direction"): "rw",
    ("direction", "enseignants"): "r",
    ("direction", "eleves"): "r",
    ("enseignant", "direction"): "",
    ("enseignant", "enseignants"): "rw",
    ("enseignant", "eleves"): "rw",
    ("eleve", "direction"): "",
    ("eleve", "enseignants"): "",
    ("eleve", "eleves"): "rw",
}
SPACES = ("direction", "enseignants", "eleves")


@pytest.mark.parametrize(("account", "space"), RIGHTS)
def test_an_account_reads_what_it_may_read(smb, account, space):
    got = smb(account, space, "get present.txt -")
    assert ("bonjour" in got.stdout) == ("r" in RIGHTS[account, space]), got.stdout


@pytest.mark.parametrize(("account", "space"), RIGHTS)
def test_an_account_writes_where_it_may_write(smb, machine, account, space):
    path = f"/srv/partages/{space}/de-{account}"
    machine.run("rm", "-rf", path)
    smb(account, space, f"mkdir de-{account}; put /etc/hostname de-{account}/nom.txt")
    assert (machine.run("test", "-s", f"{path}/nom.txt").returncode == 0) == ("w" in RIGHTS[account, space])


def test_a_teacher_corrects_what_a_pupil_wrote_and_the_director_reads_it(smb):
    smb("eleve", "eleves", "mkdir exercices; put /etc/hostname exercices/devoir.txt")
    corrected = smb("enseignant", "eleves", "put /etc/os-release exercices/devoir.txt")
    assert corrected.returncode == 0, corrected.stdout
    assert "Debian" in smb("direction", "eleves", "get exercices/devoir.txt -").stdout


@pytest.mark.parametrize("space", SPACES)
def test_a_guest_gets_nothing(machine, space):
    for who in (["--no-pass"], ["--user=invite", "--no-pass"], ["--no-pass", "--user=%"]):
        assert machine.run("smbclient", *who, "--command=ls", f"//127.0.0.1/{space}").returncode != 0


def test_a_guest_does_not_even_see_the_spaces(machine):
    seen = machine.run("smbclient", "--no-pass", "--list=127.0.0.1")
    assert not any(space in seen.stdout for space in SPACES)


def test_a_pupil_does_not_see_the_other_spaces(machine, secret):
    login = f"username = eleve\npassword = {secret('eleve')}\n"
    seen = machine.run("smbclient", "--authentication-file=/dev/stdin", "--list=127.0.0.1", stdin=login)
    assert "eleves" in seen.stdout
    assert "direction" not in seen.stdout


def test_a_wrong_password_is_refused(machine):
    login = "username = eleve\npassword = mauvais\n"
    assert (
        machine.run("smbclient", "-A", "/dev/stdin", "-c", "ls", "//127.0.0.1/eleves", stdin=login).returncode
        != 0
    )


@pytest.mark.parametrize("option", ["--max-protocol=NT1", "--max-protocol=SMB2_10"])
def test_protocols_without_encryption_are_refused(smb, option):
    assert smb("eleve", "eleves", "ls").returncode == 0
    assert smb("eleve", "eleves", "ls", option).returncode != 0


def test_the_server_encrypts_although_the_client_did_not_ask(machine, secret):
    login = f"username = eleve\npassword = {secret('eleve')}\n"
    machine.run(
        "sh", "-c", "umask 077; cat > /run/login", stdin=login
    )  # standard input has the commands this time
    argv = ["smbclient", "--authentication-file=/run/login", "--client-protection=sign", "//127.0.0.1/eleves"]
    said = machine.run(*argv, stdin="!smbstatus --json --processes\n").stdout
    machine.run("rm", "/run/login")
    (session,) = json.loads(said[said.index("{") : said.rindex("}") + 1])["sessions"].values()
    assert session["username"] == "eleve"
    assert session["encryption"]["degree"] == "full"
    assert session["encryption"]["cipher"].startswith("AES-")


def test_only_the_subnets_with_a_flow_are_let_in(host):
    allowed = host.check_output("testparm --suppress-prompt --parameter-name='hosts allow' 2>/dev/null")
    assert allowed.replace(",", " ").split() == ["127.0.0.1", "203.0.113.32/27"]


def test_the_accounts_of_the_shares_do_not_log_in_to_the_server(host):
    for account in ("direction", "enseignant", "eleve"):
        assert host.user(account).shell == "/usr/sbin/nologin"
        assert host.user(account).uid < 1000


def test_the_record_says_which_secrets_were_proven(machine, vault, recorded):
    accounts = ("direction", "enseignant", "eleve")
    revisions = {account: vault.get("essais", machine.asset, account).revision for account in accounts}
    assert {
        row["account"]: row["vault_revision"] for row in recorded("logins-shares.json")["logins"]
    } == revisions


def test_check_mode_showed_all_of_the_drift(checked):
    assert "# file: /srv/partages/enseignants" in checked
    assert "# file: /srv/partages/eleves" not in checked, "its rights are as they should be"
    assert "The password of enseignant would be set from the vault" in checked
    assert re.search(r"\nchanged: .*=> \(item=.*Use the configuration before anybody logs in\)\n", checked)
