"""What the role observe records, after a first run, a drift and a second run."""

from reversibility.platforms.registry import driver
from reversibility.records.configuration import open_restorable
from reversibility.records.history import history
from reversibility.records.journals import Journals
from reversibility.records.state import State

SITE = "essais"
SECRET = "Un-Secret-9f31c"


def test_the_inventory_is_that_of_the_machine(host, machine, recorded):
    inventory = recorded("inventory.json")
    assert inventory["deviceid"] == f"{machine.asset}-cartable"
    content = inventory["content"]
    assert content["operatingsystem"]["name"] == "Debian"
    versions = {package["name"]: package["version"] for package in content["softwares"]}
    assert versions["sudo"] == host.package("sudo").version
    assert len(versions) == int(
        host.check_output("dpkg-query -W -f '${db:Status-Status}\\n' | grep -c ^installed")
    )


def test_the_accounts_are_those_of_the_machine(host, recorded):
    accounts = {account["login"]: account for account in recorded("accounts.json")["accounts"]}
    assert accounts["invite"]["administrator"] is True
    assert accounts["invite"]["uid"] == host.user("invite").uid
    assert not any("password" in account or "hash" in account for account in accounts.values())


def test_work_of_ours_that_failed_is_a_finding(recorded):
    said = ["the service cartable-essai has failed; systemctl status says why"]
    assert recorded("findings.json")["services"] == said


def test_the_drift_is_told_in_the_history(machine):
    words = [word for change in history(State(machine.paths.state), machine.asset) for word in change.words]
    assert "account invite appeared as administrator" in words
    assert "configuration /etc/default/mandataire appeared" in words
    assert "configuration /etc/ssh/sshd_config changed (+1 −0 lines)" in words


def test_the_configuration_can_be_restored(host, machine, vault):
    data = State(machine.paths.state).read_bytes(SITE, machine.asset, "config.age")
    files = open_restorable(data, vault.age_identity())
    assert driver("debian").problems(files) == []
    assert files["/etc/default/mandataire"].decode() == f"PROXY_PASSWORD={SECRET}\n"
    assert files["/etc/shadow"].decode() == host.file("/etc/shadow").content_string


def test_no_secret_is_readable(machine):
    state = State(machine.paths.state)
    names = state.files(SITE, machine.asset)
    assert "config/etc/default/mandataire" in names
    assert not any("shadow" in name or name.endswith("_key") for name in names)
    for path in machine.paths.state.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def test_state_and_journal_are_whole(machine):
    state = State(machine.paths.state)
    assert state.verify() == []
    assert Journals(machine.paths.journal).verify().problems == []
    assert state.volatile(SITE, machine.asset)["last_seen"]
