"""Take-over and rebuild by a successor, with the bundle alone, until the former contractor is locked out (R56).

Then the school burns down, and is rebuilt from the successor's bundle and the disk of the copies.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from pykeepass import PyKeePass

from reversibility.bundle.compare import compare
from reversibility.documents.runbooks import RUNBOOKS
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.operations.takeover.progress import FILE
from reversibility.records.journals import Journals
from reversibility.records.state import State
from reversibility.records.vault import Vault
from tests.e2e.conftest import ACCESS_POINT, BIN, INVENTORY, LAB, TAGS, WINDOWS, DemoRun, School
from tests.e2e.kills import drawn
from tests.e2e.rebuilding import NAS, PC, Seen, burn_down, copied_data, differences, printed, sheet
from tests.e2e.stranger import stranger
from tests.unit.bundle.reader import PROJECT, Reader, make_reader

SITE, TAG, ADDRESS = "trois_platanes", PC, "198.51.100.74"
INTRUDER = """
useradd --uid 1999 --shell /bin/bash nuit
mkdir -p /root/.ssh /etc/cron.d
key=AAAAC3NzaC1lZDI1NTE5AAAAIJxBzfjAEPWdHVhJWnZWRVNfOdCJNR1bYMhn2jU8xCrv
echo "ssh-ed25519 $key porte" > /root/.ssh/authorized_keys
echo '* * * * * root true' > /etc/cron.d/nuit
"""
# How a step begins, and what it says when it is killed: each one that changes something, once.
KILLS = (
    ("passwords: ", "PLAY [See the former passwords refused]"),
    ("operator_key: ", "TASK [Log in with the new key alone]"),
    ("host_keys: ", "TASK [Put the new keys in place]"),
    ("age_identity: ", ""),
    ("signing_key: ", ""),
    ("forget: ", ""),
    ("record: ", "TASK ["),
    ("bundle: ", ""),
)


@pytest.fixture(scope="module")
def reader(school: School, demo: DemoRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """Somebody with the newest bundle, where nothing of this project is, with an empty home."""
    forget_canary(school)
    with copied_data(school):
        # A short path: ssh has its sockets there.
        yield start_reader(school, tmp_path_factory.mktemp("reader"))


def start_reader(school: School, folder: Path) -> Reader:
    """Hand the school over to the reader, with the packages that an installation without a network takes."""
    school.playbook("observe.yml")  # what earlier tests have changed is no finding of the audit
    school.run(BIN / "reversibility", "packages", "-i", INVENTORY)
    school.playbook("handover.yml")  # passwords were changed since the one before
    bundle = school.newest_bundle()
    (folder / "home").mkdir()
    passphrase = folder / "passphrase"
    passphrase.write_text(f"{secrets.token_urlsafe(24)}\n", encoding="ascii")
    return make_reader(
        folder,
        bundle,
        load_market(INVENTORY),
        school.paths.data,
        fingerprint=school.fingerprint(),
        age_identity=school.vault().age_identity(),
        passphrase_command=f"cat '{passphrase}'",
        environment={"HOME": str(folder / "home")},
        before=stranger(),
    )


@pytest.fixture(scope="module")
def taken(reader: Reader) -> MarketPaths:
    """Where the reader's records are."""
    return MarketPaths("demo", reader.project / "inventories" / "demo", reader.project / "var" / "demo")


def test_the_bundle_is_proven_to_install_without_a_network(reader: Reader) -> None:
    rows = json.loads(reader.page("completude.json"))["rows"]
    (row,) = (row for row in rows if row.get("evidence") == "data/10-automatisation/depot.bundle")
    assert row["status"] == "proven" and "installés sans réseau dans un environnement vide" in row["detail"]


def test_a_successor_takes_the_school_over_with_what_is_in_the_bundle(
    school: School, reader: Reader, taken: MarketPaths
) -> None:
    reader.type(f"test ! -e {LAB}", "")  # this project is not there
    *_, look, take_over = reader.follow_start_page()
    # Planted for other tests and of no device: it takes the password of ansible-vault, which nobody hands over.
    (taken.inventory / "host_vars" / "RT250001" / "canary.yml").unlink()

    # What nobody handed over, and nobody would tell.
    school.on_host(TAG, INTRUDER)
    kill_at(reader, look, "observe: ", "TASK [")
    reader.type(look, PROJECT)
    assert taken.operator_key.read_bytes() == school.paths.operator_key.read_bytes()
    assert taken.operator_key.stat().st_mode & 0o777 == 0o600
    audit = json.loads((taken.data / "takeover" / "audit-de-reprise.json").read_text(encoding="utf-8"))
    found = {(one["asset"], one["subject"], one["name"], one["change"]) for one in audit["findings"]}
    assert {
        (TAG, "account", "nuit", "added"),
        (TAG, "key", "/root/.ssh/authorized_keys", "foreign"),
        (TAG, "job", "/etc/cron.d/nuit", "added"),
    } <= found
    assert {asset for asset, *_ in found} == {TAG}, "on the other machines nothing has changed since"

    declare(taken)
    kills = drawn(KILLS, 2)
    for step, moment in kills:
        kill_at(reader, take_over, step, moment)
    said = reader.type(take_over, PROJECT)
    repeated = [step for step, _ in KILLS[: KILLS.index(kills[-1])] if f"{step}done before" not in said]
    assert repeated == [] and "Nothing is left." in said, said[-3000:]
    check_outside(school, reader, taken)
    check_records(school, reader, taken)


def forget_canary(school: School) -> None:
    """Take out of the vault what was planted for other tests: no device has it, so that nobody can replace it there."""
    passphrase = (school.paths.keys / "vault-passphrase").read_text(encoding="utf-8").strip()
    database = PyKeePass(school.paths.vault, password=passphrase)
    entry = database.find_entries(title="SW250001/snmp", first=True)
    assert entry is not None
    database.delete_entry(entry)
    database.save()


def declare(taken: MarketPaths) -> None:
    """Take the outgoing contractor out of the holders, and give its people's access an end, as the start page says."""
    file = taken.inventory / "contract.yml"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if "Entreprise Exemple, party: contractor, recipient_file" not in line]
    assert len(kept) == len(lines) - 1
    text = "".join(kept)
    assert "account: aexemple, ssh_key_file" in text
    file.write_text(
        text.replace("account: aexemple,", "account: aexemple, until: 2026-01-31,"), encoding="utf-8"
    )


def kill_at(reader: Reader, command: str, step: str, moment: str) -> None:
    """Start a command and kill it with all its children as soon as it says ``moment`` in ``step``."""
    process = reader.start(command, PROJECT)
    assert process.stdout is not None
    begun = False
    for said in process.stdout:
        begun = begun or said.startswith(step)
        if begun and moment in said:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL, f"it ended without saying {moment!r} in {step!r}"


def check_outside(school: School, reader: Reader, taken: MarketPaths) -> None:
    """Try by hand, from the controller: the former key and the former host keys are refused, the new ones are not."""
    for key, known_hosts, accepted in (
        (taken.operator_key, taken.known_hosts, True),
        (school.paths.operator_key, taken.known_hosts, False),
        (taken.operator_key, school.paths.known_hosts, False),
    ):
        command = (
            f"ssh -F none -o BatchMode=yes -o ControlPath=none -o IdentitiesOnly=yes -o IdentityAgent=none "
            f"-o UserKnownHostsFile='{known_hosts}' -o StrictHostKeyChecking=yes -i '{key}' cartable@{ADDRESS} true"
        )
        done = school.run(LAB, "run", "bash", "-c", command, check=False)
        assert (done.returncode == 0) is accepted, (command, done.stderr)


def check_records(school: School, reader: Reader, taken: MarketPaths) -> None:
    """What the successor keeps: nothing of the former contractor's, and a journal that goes on from his."""
    passphrase = (reader.folder / "passphrase").read_text(encoding="ascii").strip()
    vault, former = Vault.open(taken.vault, passphrase), school.vault()
    old = {entry.password for entry in former.entries()} | {former.age_identity()}
    assert not vault.secrets() & old
    state, journals = State(taken.state), Journals(taken.journal)
    assert state.verify() == []
    assert journals.verify().problems == []
    begun = [
        line for line in journals.entries() if line.get("event") == "takeover" and line.get("step") == "open"
    ]
    assert len(begun) == 1 and begun[0]["former_chains"]
    progress = json.loads((taken.state / FILE).read_text(encoding="utf-8"))
    assert {step["result"] for step in progress["steps"].values()} == {"done"}
    bundles = sorted(taken.bundles.glob("cartable-demo-*"))
    before = reader.folder / reader.bundle
    said = reader.type(f"reversibility compare --still-the-same '{before}' '{bundles[-1]}'", PROJECT)
    assert "0 credentials are still the same" in said
    rows = json.loads((bundles[-1] / "data/05-comptes/acces-titulaire-sortant.json").read_text())["access"]
    tried = {"password", "operator_key", "host_key"}
    assert {row["status"] for row in rows if row["what"] in tried and row["asset"] != SITE} == {"refused"}, (
        rows
    )
    # No station tries the former keys of the SSIDs: the access point is read back, and has the new ones.
    keys = {row["name"]: row["status"] for row in rows if row["asset"] == SITE}
    assert keys == {"wifi/Ecole-Classe": "replaced", "wifi/Ecole-Invites": "replaced"}
    tried_there = {row["name"] for row in rows if row["asset"] in (ACCESS_POINT, NAS)}
    assert tried_there >= {"root", f"radius/{ACCESS_POINT}"}
    report = compare(before, bundles[-1])
    assert report["accounts"]["extra"] == [f"{TAG}/nuit"]
    assert not report["accounts"]["missing"]
    assert re.match(r"cartable-demo-\d{8}T\d{6}Z$", bundles[-1].name)


def test_the_commands_of_the_sheet_on_windows_pcs(reader: Reader, taken: MarketPaths) -> None:
    """On a simulated PC, which shows what is sent; those that both parts of the sheet have are typed below."""
    (bundle,) = taken.bundles.glob("cartable-demo-*")
    commands, machines = sheet(bundle, RUNBOOKS["workstations"][0], "Sous Windows")
    assert machines.keys() == WINDOWS
    medium, shown, noted, provision, *both = (
        one.replace("/media/cle", str(reader.folder / "cle")) for one in commands
    )
    linux, _ = sheet(bundle, RUNBOOKS["workstations"][0], "Sous Linux")
    assert [one.partition(" --limit ")[0] for one in both] == [
        one.partition(" --limit ")[0] for one in linux[-2:]
    ]
    reader.type(medium, PROJECT)
    assert (reader.folder / "cle" / min(WINDOWS) / "autounattend.xml").is_file()
    for command in (shown, noted, provision):
        reader.type(command, PROJECT)


def test_blank_machines_become_the_school_that_was_handed_over(
    school: School, reader: Reader, taken: MarketPaths
) -> None:
    """From the successor's records and the disk of the copies: after it, two bundles say the same."""
    bundles = sorted(taken.bundles.glob("cartable-demo-*"))
    assert bundles, "the test of the take-over, before this one, has left no bundle"
    before = Seen.of(school)
    burn_down(school, taken)
    # Sessions with what is gone.
    shutil.rmtree(reader.folder / "home" / ".ansible" / "cp", ignore_errors=True)
    for command in printed(bundles[-1]):
        reader.type(command.replace("/media/cle", str(reader.folder / "cle")), PROJECT)

    assert Seen.of(school) == before
    after = max(taken.bundles.glob("cartable-demo-*"))
    assert differences(bundles[-1], after) == []
    records = {tag: State(taken.state).read_json(SITE, tag, "rebuild.json") for tag in TAGS}
    assert {tag for tag, record in records.items() if record["result"] == "success"} == TAGS
    assert records[NAS]["data"][0]["files"] > 0
    signed = {path.stem for path in (after / "data/08-sauvegardes").glob("pv-*.html")}
    assert signed == {f"pv-restauration-{tag}" for tag in TAGS}
    assert {path.name for path in (reader.folder / "cle").iterdir()} >= TAGS
    # A provision logs in with every password of the vault, and sets the one that is refused.
    again = reader.type(
        f"ansible-playbook -i inventories/demo playbooks/provision.yml -l {','.join(TAGS)}", PROJECT
    )
    assert len(
        re.findall(r"^\w+ +: ok=\d+ +changed=0 +unreachable=0 +failed=0 ", again, re.MULTILINE)
    ) == len(TAGS)
