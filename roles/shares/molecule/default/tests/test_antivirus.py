"""The antivirus of a file server, with the one harmless file that antivirus programs agree to find."""

import json

import pytest

EICAR = (
    r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
)  # in two, or this file is found
QUARANTINE = "/var/lib/cartable/quarantine"


@pytest.fixture
def infected(machine, files):
    """EICAR as a pupil brings it, in a folder that is no share."""
    machine.run("sh", "-c", f"rm -rf {QUARANTINE}/*; cat > /tmp/eicar.txt", stdin=EICAR)
    yield "/tmp/eicar.txt"
    machine.run("sh", "-c", f"rm -rf {QUARANTINE}/* /tmp/eicar.txt /srv/partages/eleves/eicar*")


def caught(machine):
    """How many files with it are in quarantine, where Samba keeps the folders that they were in."""
    return machine.run("grep", "--recursive", "--files-with-matches", "EICAR", QUARANTINE).stdout.count("\n")


def test_a_virus_that_is_written_into_a_share_is_taken_out(smb, machine, infected):
    smb("eleve", "eleves", f"put {infected} eicar.txt")
    assert machine.run("test", "-e", "/srv/partages/eleves/eicar.txt").returncode != 0
    assert caught(machine) == 1


def test_a_virus_that_lies_in_a_share_is_not_handed_out(smb, machine, infected):
    place = "/srv/partages/eleves/eicar-ancien.txt"
    machine.run("sh", "-c", f"cp {infected} {place}; chmod 0660 {place}")
    assert "EICAR" not in smb("enseignant", "eleves", "get eicar-ancien.txt -").stdout
    assert caught(machine) == 1


def test_the_scan_finds_it_and_its_result_is_in_the_record(machine, infected):
    place = "/srv/partages/eleves/eicar-dormant.txt"
    machine.run("cp", infected, place)
    assert machine.run("systemctl", "start", "cartable-antivirus.service").returncode == 0
    assert machine.run("test", "-e", place).returncode != 0
    assert caught(machine) == 1
    result = json.loads(machine.run("cat", "/var/lib/cartable/antivirus.json").stdout)
    assert (result["found"], result["complete"]) == (1, True)


def test_clamav_is_no_root(machine):
    assert machine.run("ps", "-C", "clamd", "-o", "user=").stdout.split() == ["clamav"]


def test_the_share_goes_on_while_the_antivirus_does_not_answer(smb, machine, files):
    machine.run("systemctl", "stop", "clamav-daemon.socket", "clamav-daemon.service")
    try:
        assert "bonjour" in smb("enseignant", "eleves", "get present.txt -").stdout
    finally:
        assert machine.run("systemctl", "start", "clamav-daemon.service").returncode == 0
