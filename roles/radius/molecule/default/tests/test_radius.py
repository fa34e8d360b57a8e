"""Who may use the network, and in which VLAN, as supplicants and switches meet it (eapol_test, radclient)."""

import os
import re
from pathlib import Path

import pytest

PCS = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "pcs"
TRUST = "/etc/ssl/cartable/authority.pem"
NAME = "radius.essais.internal"
SWITCH = "127.0.3.1"  # where the secret of the switch counts as well


@pytest.fixture
def ask(machine, secret):
    """Ask as a supplicant behind the switch. Returns the VLAN, or None when it is refused."""

    def asked(network, key=None):
        lines = "\n".join(f"  {name}={value}" for name, value in network.items())
        config = f"network={{\n  key_mgmt=IEEE8021X\n{lines}\n}}\n"
        argv = ["eapol_test", "-c/dev/stdin", "-a127.0.0.1", f"-A{SWITCH}", "-t10", "-r0"]
        run = machine.run(*argv, f"-s{key or secret('radius/SW990001')}", stdin=config)
        said = run.stdout
        verdict = said.splitlines()[-1] if said else ""
        assert verdict in ("SUCCESS", "FAILURE"), said[-600:] + run.stderr[-600:]
        accepted = "code=2 (Access-Accept)" in said
        assert accepted is (verdict == "SUCCESS")
        found = re.search(r"\(Tunnel-Private-Group-Id\) length=\d+\s+Value: ([0-9a-f]+)", said)
        return bytes.fromhex(found[1]).decode().strip("\0") if found and accepted else accepted or None

    return asked


@pytest.fixture
def by_certificate(ask, machine):
    """Ask with the certificate of a PC."""

    def run(name, certificate=None, trust=TRUST, server=NAME):
        for suffix, source in (("key", f"{name}.key"), ("crt", certificate or f"{name}.crt")):
            content = (PCS / source).read_text()
            machine.run("sh", "-euc", f"umask 077; cat > /run/pc.{suffix}", stdin=content)
        return ask(
            {
                "eap": "TLS",
                "identity": f'"{name}"',
                "ca_cert": f'"{trust}"',
                "domain_match": f'"{server}"',
                "client_cert": '"/run/pc.crt"',
                "private_key": '"/run/pc.key"',
            }
        )

    return run


def by_password(ask, name, password, **changes):
    network = {
        "eap": "PEAP",
        "identity": f'"{name}"',
        "anonymous_identity": '"anonyme"',
        "password": f'"{password}"',
        "ca_cert": f'"{TRUST}"',
        "domain_match": f'"{NAME}"',
        "phase2": '"auth=MSCHAPV2"',
    }
    return ask({**network, **changes})


def test_a_certificate_of_the_market_comes_into_the_vlan_of_its_pc(by_certificate):
    assert by_certificate("UC990001") == "30"


def test_a_revoked_certificate_is_refused(by_certificate):
    assert by_certificate("UC990003") is None


def test_a_certificate_of_another_authority_is_refused(by_certificate):
    assert by_certificate("UC990001", "UC990001-autre.crt") is None


def access_log(machine):
    """What the server has written by now; testinfra would give what it read first."""
    return machine.run("cat", "/var/log/freeradius/access.log").stdout


def test_the_certificate_of_what_is_no_computer_of_the_school_is_refused(by_certificate, machine):
    assert by_certificate("SW990001") is None
    assert 'reason="no asset of this site"' in access_log(machine)


def test_a_supplicant_refuses_a_server_of_another_name(by_certificate):
    assert by_certificate("UC990001", server="radius.ailleurs.internal") is None


@pytest.mark.parametrize(("name", "vlan"), [("direction", "10"), ("remplacant", "30")])
def test_a_person_comes_in_with_the_password_of_the_vault(ask, secret, name, vlan):
    assert by_password(ask, name, secret(name)) == vlan


@pytest.mark.parametrize(
    ("name", "password"), [("direction", "password"), ("ancien", "password"), ("x", "y")]
)
def test_a_wrong_password_and_a_name_that_is_not_declared_are_refused(ask, name, password):
    assert by_password(ask, name, password) is None


def test_a_password_does_not_open_the_vlan_of_a_pc(ask, secret):
    """The outer name, which nobody proves, decides nothing."""
    assert by_password(ask, "remplacant", secret("remplacant"), anonymous_identity='"UC990001"') == "30"
    assert by_password(ask, "remplacant", secret("remplacant"), anonymous_identity='"direction"') == "30"


def test_a_switch_with_a_wrong_secret_gets_no_answer(machine):
    argv = [
        "eapol_test",
        "-c/dev/stdin",
        "-a127.0.0.1",
        f"-A{SWITCH}",
        "-t3",
        "-r0",
        "-soubli-du-secret-partage",
    ]
    said = machine.run(
        *argv, stdin='network={\n key_mgmt=IEEE8021X\n eap=PEAP\n identity="x"\n password="y"\n}\n'
    )
    assert "Access-" not in said.stdout.replace("Access-Request", "")


def by_address(machine, secret, name, station):
    request = f"{secret('radius/SW990001')}\nPacket-Src-IP-Address = {SWITCH}\nUser-Name = {name}\n"
    request += f"User-Password = {name}\nCalling-Station-Id = {station}\nMessage-Authenticator = 0x00\n"
    request += "Service-Type = Call-Check\n"
    shell = 'IFS= read -r s; exec radclient -x -r 2 -t 3 -S <(printf "%s\\n" "$s") 127.0.0.1:1812 auth'
    return machine.run("bash", "-c", shell, stdin=request).stdout


def test_a_printer_comes_in_by_its_address_and_nobody_else_does(machine, secret):
    said = by_address(machine, secret, "02005e00990a", "02-00-5E-00-99-0A")
    assert "Received Access-Accept" in said and re.search(r'Tunnel-Private-Group-Id:?0? = "10"', said), said
    assert "Received Access-Reject" in by_address(machine, secret, "02005e00990b", "02-00-5E-00-99-0B")
    assert "Received Access-Reject" in by_address(machine, secret, "02005e00990a", "02-00-5E-00-99-0B")
    assert "Received Access-Reject" in by_address(machine, secret, "direction", "02-00-5E-00-99-0A")


def test_the_log_says_who_came_in_and_holds_no_secret(host, machine, secret):
    log = access_log(machine)
    assert re.search(
        r'result=Access-Accept user="UC990001" .*certificate="UC990001".* device=SW990001 .*vlan=30', log
    )
    assert re.search(r'result=Access-Accept user="anonyme" person="direction".* vlan=10', log)
    assert re.search(r'result=Access-Reject user="anonyme" person="direction"', log)
    assert re.search(r'result=Access-Reject user="UC990003" .*certificate revoked', log)
    for name in ("direction", "remplacant", "radius/SW990001"):
        assert secret(name) not in log
    assert "rotate 366" in host.file("/etc/logrotate.d/freeradius").content_string


def test_secrets_are_readable_for_the_server_alone(host):
    for name in ("client-SW990001", "account-direction", "loopback"):
        file = host.file(f"/etc/freeradius/3.0/cartable/secrets/{name}")
        assert (file.mode, file.user, file.group) == (0o640, "root", "freerad")
    assert not host.file("/etc/freeradius/3.0/cartable/secrets/account-ancien").exists
    assert host.file("/etc/ssl/cartable/radius.key").mode == 0o640


def test_the_records_say_which_secrets_were_proven_and_which_certificate_was_issued(machine, vault, recorded):
    for record, names in (
        ("logins-radius.json", ["radius/SW990001"]),
        ("logins-radius-accounts.json", ["direction", "remplacant"]),
    ):
        revisions = {name: vault.get("essais", machine.asset, name).revision for name in names}
        assert {row["account"]: row["vault_revision"] for row in recorded(record)["logins"]} == revisions
    issued = recorded("issued-certificates.json")["issued"]
    assert [row["subject"] for row in issued] == [NAME, NAME], (
        "the second for the one that was replaced by hand"
    )


def test_check_mode_showed_all_of_the_drift(checked):
    assert "The password of radius/SW990001 would be set from the vault" in checked
    assert "The password of direction would be set from the vault" in checked
    assert (
        "a certificate for radius.essais.internal is issued, since it was issued by another authority"
        in checked
    )
    assert re.search(r'-.*"50"\n.*\+.*"30"', checked)
