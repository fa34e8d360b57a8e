"""A PC at a port with 802.1X: nothing passes before it has shown who it is, then it is in the VLAN of the answer."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.molecule.wired_port import PARKED, WiredPort

PCS = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "pcs"


@pytest.fixture(scope="module")
def port(machine, secret, tmp_path_factory):
    """The port, with the role's RADIUS server behind it."""
    format_ = ["podman", "inspect", "--format", "{{.State.Pid}}", machine.container]
    pid = int(subprocess.run(format_, capture_output=True, text=True, check=True).stdout)
    with WiredPort(pid, tmp_path_factory.mktemp("port"), secret("radius/SW990001")) as port:
        yield port


def certificate(machine, folder, name):
    """The lines of wpa_supplicant for the certificate of a PC."""
    trust = folder / "authority.pem"
    trust.write_text(machine.run("cat", "/etc/ssl/cartable/authority.pem").stdout)
    return (
        f'  eap=TLS\n  identity="{name}"\n  ca_cert="{trust}"\n  domain_match="radius.essais.internal"\n'
        f'  client_cert="{PCS / name}.crt"\n  private_key="{PCS / name}.key"'
    )


def test_before_it_authenticates_a_pc_reaches_nobody(port):
    assert port.vlan == PARKED
    assert not port.reaches(30)
    assert not port.reaches(50)


def test_with_its_certificate_it_is_in_the_vlan_of_the_answer_until_it_leaves(port, machine, tmp_path):
    assert port.authenticate(certificate(machine, tmp_path, "UC990001")) == "CONNECTED"
    assert port.vlan == 30
    assert port.reaches(30)
    assert not port.reaches(50)
    port.leave()
    assert not port.reaches(30)


def test_a_revoked_certificate_opens_nothing(port, machine, tmp_path):
    assert port.authenticate(certificate(machine, tmp_path, "UC990003")) == "EAP-FAILURE"
    assert port.vlan == PARKED
    assert not port.reaches(30)
    port.leave()


def test_a_wrong_password_opens_nothing_and_the_right_one_does(port, secret):
    lines = '  eap=PEAP\n  identity="remplacant"\n  phase2="auth=MSCHAPV2"\n  password="{}"'
    assert port.authenticate(lines.format("password")) == "EAP-FAILURE"
    port.leave()
    assert port.authenticate(lines.format(secret("remplacant"))) == "CONNECTED"
    assert port.reaches(30)
    port.leave()
