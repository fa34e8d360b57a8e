"""The three spaces of the school (R06), met from the VLANs where people are, through the switch and the router."""

from __future__ import annotations

import subprocess

import pytest

from tests.e2e.conftest import LAB, DemoRun, School

NAS = "198.51.100.10"
SITE, TAG = "trois_platanes", "NA250001"
WHERE = {"direction": "direction", "enseignant": "teachers", "eleve": "pupils"}
"""Account → the VLAN where its people work."""

RIGHTS = {
    ("direction", "direction"): "read write",
    ("direction", "enseignants"): "read",
    ("direction", "eleves"): "read",
    ("enseignant", "direction"): "",
    ("enseignant", "enseignants"): "read write",
    ("enseignant", "eleves"): "read write",
    ("eleve", "direction"): "",
    ("eleve", "enseignants"): "",
    ("eleve", "eleves"): "read write",
}


@pytest.fixture(autouse=True)
def provisioned(demo: DemoRun) -> None:
    """The demo has opened the spaces."""


def smb(
    school: School, vlan: str, account: str, space: str, *options: str
) -> subprocess.CompletedProcess[str]:
    """Write a file and list the space as ``account``, from a machine in ``vlan``.

    smbclient reads the password from its standard input: it is in no argument, no environment and no file.
    """
    entry = school.vault().get(SITE, TAG, account)
    assert entry is not None, f"the vault has no {TAG}/{account}"
    return school.run(
        *(LAB, "probe", vlan, "--", "smbclient", "--authentication-file=/dev/stdin", "--timeout=8", *options),
        *(f"--command=put /etc/hostname de-{account}.txt; ls", f"//{NAS}/{space}"),
        stdin=f"username = {account}\npassword = {entry.password}\n",
        check=False,
    )


@pytest.mark.parametrize(("account", "space"), RIGHTS)
def test_each_role_has_its_rights_from_its_own_vlan(school: School, account: str, space: str) -> None:
    seen = smb(school, WHERE[account], account, space)
    got = [
        right
        for right, sign in (("read", "blocks available"), ("write", "putting file"))
        if sign in seen.stdout + seen.stderr
    ]
    assert " ".join(got) == RIGHTS[account, space], seen.stdout + seen.stderr


@pytest.mark.parametrize("vlan", ["direction", "teachers", "pupils"])
def test_nobody_gets_in_without_a_password(school: School, vlan: str) -> None:
    command = ["smbclient", "--no-pass", "--timeout=8", "--command=ls", f"//{NAS}/eleves"]
    seen = school.run(LAB, "probe", vlan, "--", *command, check=False)
    assert seen.returncode != 0
    assert "NT_STATUS_" in seen.stdout + seen.stderr, "the server was not even reached"


def test_a_guest_does_not_reach_the_server_even_with_a_password(school: School) -> None:
    seen = smb(school, "guests", "eleve", "eleves")
    assert seen.returncode != 0
    assert "blocks available" not in seen.stdout


def test_a_client_that_cannot_encrypt_is_refused(school: School) -> None:
    assert "blocks available" in smb(school, "pupils", "eleve", "eleves").stdout
    assert "blocks available" not in smb(school, "pupils", "eleve", "eleves", "--max-protocol=SMB2_10").stdout
