"""``reversibility obtain``: what another party gives of its devices, from the file to the proof."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from reversibility.cli import main
from reversibility.contract.context import AssessmentContext, Found, Verdict
from reversibility.contract.obligations import Subject
from reversibility.contract.profile_loader import load_profile
from reversibility.contract.proofs.configuration import parsed_back
from reversibility.market.load import load_market
from reversibility.operations.obtained import others_devices
from reversibility.platforms.recognition import marked_platforms, recognized
from reversibility.records.configuration import open_restorable
from reversibility.records.journals import Journals
from reversibility.records.state import State
from reversibility.records.vault import KdfCost, Vault

ROOT = Path(__file__).parents[3]
RECORDED = ROOT / "tests" / "fixtures" / "network"
DAY = date.today() - timedelta(days=28)
SITE = "trois_platanes"
PASSPHRASE = "six mots pour un essai"
KEY = "un-secret-partage-42"
ASA = f"""\
: Saved
ASA Version 9.16(4)
hostname PF240001
names
username agence password $sha512$5000$abc$def pbkdf2 privilege 15
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.2 255.255.255.224
route outside 0.0.0.0 0.0.0.0 198.51.100.1 1
tunnel-group 203.0.113.9 ipsec-attributes
 ikev1 pre-shared-key {KEY}
"""
DEVICES = {
    "PF240001": ("firewall", "cisco-asa-9.16", {}),
    "PF240002": ("firewall", None, {}),
    "SW240001": ("switch", "aos-s-16", {"baseline_hostname": "Aruba-Stack-2930M"}),
    "SW240002": ("switch", "cisco-ios-17.12", {"baseline_hostname": "Switch"}),
    "SW240003": ("switch", "nx-os-9", {"baseline_hostname": "jcy-spine-01"}),
    "SW240004": ("switch", "aos-cx-10", {"baseline_hostname": "spine-01"}),
}  # fmt: skip
FIXTURE = {"SW240001": "aruba_aoss_2930m", "SW240002": "cisco_ios_catalyst9300",
           "SW240003": "cisco_nxos_9k", "SW240004": "aruba_aoscx_8325"}  # fmt: skip


@dataclass
class Place:
    """A market with devices of the agglomeration, and its data."""

    folder: Path
    data: Path
    vault: Vault

    @property
    def state(self) -> State:
        return State(self.data / "state")

    def give(self, tag: str, name: str, content: str | bytes) -> str:
        """Put a file where the party's files are put; its name."""
        path = self.data / "obtained" / tag / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def obtain(
        self,
        tag: str,
        *files: str,
        party: str = "agglomeration",
        day: str = DAY.isoformat(),
        check: bool = False,
    ) -> int:
        options = ["--check"] if check else []
        words = ["obtain", "-i", str(self.folder), tag, *files, "--from", party, "--date", day, *options]
        return main(words)

    def lines(self) -> list[dict[str, object]]:
        return list(Journals(self.state.directory / "journal").entries())

    def kept(self, tag: str) -> dict[str, bytes]:
        data = self.state.read_bytes(SITE, tag, "config.age")
        assert data is not None
        return open_restorable(data, self.vault.age_identity())

    def proof(self, tag: str, bag: Path) -> Verdict:
        """What the contract's proof says of the device in a bag."""
        market = load_market(self.folder)
        asset = market.assets[tag]
        target = bag / "data" / "02-equipements" / SITE / tag
        shutil.copytree(self.state.directory / SITE / tag, target)
        journal = Journals(self.state.directory / "journal")
        context = AssessmentContext(
            market, self.state, journal, self.vault, bag, datetime.now(UTC), exported_vault=self.vault
        )
        wanted = next(o for o in load_profile("jurancon").obligations if o.id == "J-3.14-reseaux")
        return parsed_back(
            Found("x", (target / "config.age").read_bytes()), context, Subject(asset.site, asset), wanted
        )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    folder = tmp_path / "projet" / "inventories" / "essai"
    shutil.copytree(ROOT / "tests" / "unit" / "market" / "base", folder)
    hosts = yaml.safe_load((folder / "hosts.yml").read_text())
    rack = hosts["all"]["children"]["site_trois_platanes"]["children"]["room_baie"]["hosts"]
    for number, (tag, (kind, system, variables)) in enumerate(DEVICES.items(), start=20):
        asset = {"kind": kind, "vendor": "Exemple", "model": "Exemple", "serial": f"AGG-{number}",
                 "purchased": date(2024, 7, 8), "vlan": "administration", "mac": f"02:00:5e:00:77:{number:02x}",
                 "managed": False, "responsible": "agglomeration"}  # fmt: skip
        rack[tag] = {
            "ansible_host": f"198.51.100.{number}",
            "asset": asset | ({"os": system} if system else {}),
        }
        if variables:
            (folder / "host_vars" / f"{tag}.yml").write_text(yaml.safe_dump(variables))
    (folder / "hosts.yml").write_text(yaml.safe_dump(hosts, sort_keys=False))
    data = tmp_path / "donnees" / "essai"
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(data.parent))
    data.mkdir(parents=True)
    vault = Vault.create(data / "vault.kdbx", PASSPHRASE, cost=KdfCost(19, 2, 1))
    State.create(data / "state").write_recipient(vault.age_recipient())
    return Place(folder, data, vault)


def test_from_the_file_to_the_proof(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = place.give("PF240001", "pare-feu.cfg", ASA)
    assert place.obtain("PF240001", name, check=True) == 0
    assert "would change: trois_platanes/PF240001/config.age" in capsys.readouterr().out
    assert place.state.files(SITE, "PF240001") == [] and place.lines() == []

    assert place.obtain("PF240001", name) == 0
    assert place.kept("PF240001") == {"/running-config": ASA.encode()}
    readable = place.state.read_bytes(SITE, "PF240001", "config/running-config").decode()
    assert "nameif outside" in readable and KEY not in readable
    given = place.state.read_json(SITE, "PF240001", "obtained.json")
    assert (given["from"], given["date"]) == ("agglomeration", DAY.isoformat())
    assert place.state.read_json(SITE, "PF240001", "accounts.json") == {
        "accounts": [{"locked": False, "login": "agence", "role": "admin"}]
    }
    verdict = place.proof("PF240001", tmp_path / "sac")
    assert verdict.ok
    assert verdict.detail.endswith(f"donnée par Agglomération de démonstration, état du {DAY:%d/%m/%Y}")
    (line,) = place.lines()
    assert (line["command"], line["asset"], line["party"]) == ("obtain", "PF240001", "agglomeration")
    assert KEY not in json.dumps(place.lines())

    assert main(["journal", "list", "-i", str(place.folder)]) == 0
    assert f"reversibility obtain PF240001: kept, from agglomeration, of {DAY}" in capsys.readouterr().out
    head = place.state.repository.run("rev-parse", "HEAD")
    assert place.obtain("PF240001", name) == 0
    assert "nothing changes" in capsys.readouterr().out
    assert place.state.repository.run("rev-parse", "HEAD") == head and len(place.lines()) == 1
    assert place.state.repository.run("status", "--porcelain") == ""


def test_a_device_that_nothing_here_reads_is_kept_encrypted_and_not_proven(
    place: Place, tmp_path: Path
) -> None:
    assert place.obtain("PF240002", place.give("PF240002", "SN210.na", bytes(range(256)))) == 0
    assert place.state.files(SITE, "PF240002") == ["config.age", "obtained.json"]
    assert place.kept("PF240002") == {"/SN210.na": bytes(range(256))}
    assert not place.proof("PF240002", tmp_path / "sac").ok


@pytest.mark.parametrize("tag", FIXTURE)
def test_a_recorded_configuration_is_kept_for_its_own_platform_only(
    place: Place, capsys: pytest.CaptureFixture[str], tag: str
) -> None:
    for other, fixture in FIXTURE.items():
        text = (RECORDED / fixture / "running-config.txt").read_bytes()
        status = place.obtain(tag, place.give(tag, f"{fixture}.txt", text))
        if other == tag:
            assert status == 0, capsys.readouterr().err
            assert place.kept(tag) == {"/running-config": text}
        else:
            assert status == 2 and "looks like a configuration of" in capsys.readouterr().err


REFUSED = {
    "stars": (ASA.replace(KEY, "*****"), "line 12: something stands in place of a secret"),
    "another device": (ASA.replace("PF240001", "PF240009"), 'is the configuration of "PF240009"'),
    "a declared device": (ASA.replace("PF240001", "SW250001"), '"SW250001" (SW250001)'),
    "unparseable": ("un texte\nquelconque\n", "cannot be read as a configuration of Cisco ASA"),
    "paging": (ASA.replace("names\n", "names\n<--- More --->\n"), "was recorded with paging"),
    "no text": (ASA.encode("utf-16"), "is not text in UTF-8"),
    "empty": (" \n", "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_right_is_refused_and_nothing_is_written(
    place: Place, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    content, words = REFUSED[case]
    assert place.obtain("PF240001", place.give("PF240001", "f.cfg", content)) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert place.state.files(SITE, "PF240001") == [] and place.lines() == []


def test_a_cut_configuration_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    text = (RECORDED / "cisco_ios_catalyst9300" / "running-config.txt").read_text()
    assert place.obtain("SW240002", place.give("SW240002", "sw.txt", text[: len(text) // 2])) == 2
    assert "damaged or cut" in capsys.readouterr().err


def test_the_sender_the_day_and_the_device_are_checked(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    name = place.give("PF240001", "f.cfg", ASA)
    tomorrow = (date.today() + timedelta(days=1)).isoformat()
    assert place.obtain("PF240001", name) == 0
    for tag, options, words in (
        ("PF240001", {"party": "contractor"}, "is no other party of contract.yml"),
        ("PF240001", {"party": "aglomeration"}, 'did you mean "agglomeration"'),
        ("PF240001", {"day": tomorrow}, "is in the future"),
        ("PF240001", {"day": (DAY - timedelta(days=1)).isoformat()}, f"that is kept is of {DAY}"),
        ("SW250001", {}, "is run by the contractor"),
        ("PF249999", {}, "is not declared"),
    ):
        place.give(tag, "f.cfg", ASA)
        capsys.readouterr()
        assert place.obtain(tag, name, **options) == 2
        assert words in capsys.readouterr().err
    assert len(place.lines()) == 1


def test_an_account_that_was_given_is_in_the_vault_once(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    monkeypatch.setenv("CARTABLE_VAULT_PASSPHRASE_COMMAND", f"cat {tmp_path}/passphrase")

    def add(entry: str, password: str, party: str = "agglomeration") -> int:
        reader, writer = os.pipe()
        os.write(writer, password.encode())
        os.close(writer)
        return main(["vault", "add", "-i", str(place.folder), entry, "--from", party, "--fd", str(reader)])

    assert add("PF240001/lecture", KEY) == 0
    place.vault.refresh()
    entry = place.vault.find("PF240001", "lecture")
    assert entry is not None and (entry.password, entry.site) == (KEY, SITE)
    assert place.vault.verify() == []
    assert add("PF240001/lecture", KEY) == 0 and "nothing changes" in capsys.readouterr().out
    (line,) = place.lines()
    assert (line["account"], line["party"]) == ("lecture", "agglomeration") and KEY not in json.dumps(line)
    assert add("SW250001/lecture", KEY) == 2 and add("PF240001/lecture", KEY, "contractor") == 2
    assert KEY not in capsys.readouterr().err
    ssid = load_market(place.folder).network["ssids"][1]["name"]
    assert add(f"{SITE}/wifi/{ssid}", KEY) == 0, "the key of a Wi-Fi network that another party runs"
    place.vault.refresh()
    kept = place.vault.find(SITE, f"wifi/{ssid}")
    assert kept is not None and (kept.password, kept.site) == (KEY, SITE)
    assert add(f"{SITE}/wifi/Ailleurs", KEY) == 2 and ssid in capsys.readouterr().err


def test_a_file_in_the_project_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    path = place.folder / "obtained.cfg"
    path.write_text(ASA)
    assert place.obtain("PF240001", str(path)) == 2
    assert "could get into Git" in capsys.readouterr().err


def test_preflight_s_line_counts_what_was_obtained(place: Place) -> None:
    assert place.obtain("PF240001", place.give("PF240001", "f.cfg", ASA)) == 0
    (line,) = others_devices(load_market(place.folder), place.state)
    assert line.startswith(
        "run by agglomeration, not configured here: 6 network device(s), configuration obtained of 1"
    )
    assert "PF240001" not in line and line.endswith(
        "missing: PF240002, SW240001, SW240002, SW240003, SW240004"
    )


def test_each_recording_is_recognized() -> None:
    for folder in RECORDED.iterdir():
        platform = next(name for name in marked_platforms() if folder.name.startswith(name))
        assert recognized((folder / "running-config.txt").read_text()) == {platform}
