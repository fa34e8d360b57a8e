"""Makes what the tests assess: the demonstration market, its records as a run leaves them, and a bundle of them.

All files are real: a State in Git, a Journal, a vault of KeePass, age files, a Git bundle. A test then damages one of
them and looks at the rows that must follow.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from reversibility.contract.assessment import Assessment, Row, assess
from reversibility.contract.context import AssessmentContext
from reversibility.documents.inventories import tags_in_vault, write_inventories
from reversibility.market.load import load_market
from reversibility.market.model import Asset, Market
from reversibility.records import configuration
from reversibility.records.journals import Journals
from reversibility.records.password_policy import POLICIES
from reversibility.records.state import State
from reversibility.records.vault import KdfCost, Vault
from tests.lab import router
from tests.lab.plan import plan
from tests.project import PROJECT

DEMO = PROJECT / "inventories" / "demo"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LOGGED_IN = NOW - timedelta(days=2)
CHEAP = KdfCost(memory_mib=19, passes=2, lanes=1)
PASSPHRASE = "six mots pour ouvrir ce coffre-ci"
KEY_FILE = b"a key file of the tests: thirty-two bytes or more"
OPERATOR_KEY = {
    "operator_ed25519": b"a private key of the tests\n",
    "operator_ed25519.pub": b"its other half\n",
}
# What a real Open vSwitch gave: only that it is whole is looked at.
SWITCH_DATABASE = PROJECT / "tests/unit/asset/switches/openvswitch-3.5/commands/ovsdb-client-9c12a1.txt"
VLAN_IDS = {"administration": 10, "direction": 20, "teachers": 30, "pupils": 40, "guests": 50}


@dataclass
class Handover:
    """A market, its records, and the bag that is being built of them."""

    market: Market
    state: State
    journal: Journals
    vault: Vault
    bundle: Path
    copy: Vault

    @property
    def data(self) -> Path:
        """The payload."""
        return self.bundle / "data"

    def folder(self, tag: str) -> Path:
        """The folder of an asset in the bag."""
        return self.data / "02-equipements" / self.market.assets[tag].site / tag

    def assess(self, **changes: Any) -> Assessment:
        """Assess the bag as it is now."""
        context = AssessmentContext(
            self.market, self.state, self.journal, self.vault, self.bundle, NOW, exported_vault=self.copy
        )
        profile = changes.pop("profile", None)
        return assess(replace(context, **changes), profile=profile)

    def row(self, obligation: str, subject: str | None = None, **changes: Any) -> Row:
        """Assess the bag and return the row of an obligation for an asset, a site or the market."""
        for row in self.assess(**changes).rows:
            if row.obligation == obligation and subject in (
                row.asset,
                row.site if row.asset is None else None,
            ):
                return row
        raise AssertionError(f"there is no row of {obligation} for {subject}")


_FOLDER = tempfile.TemporaryDirectory()  # removed when the tests end


def demo_market() -> Market:
    """The demonstration's market without its simulated devices: the records that are made here are Debian's."""
    inventory = Path(_FOLDER.name) / DEMO.name
    if not inventory.exists():
        copy_demo(inventory)
    return load_market(inventory)


def copy_demo(target: Path) -> None:
    """The folder of that market."""
    shutil.copytree(DEMO, target, ignore=shutil.ignore_patterns("family_windows.yml", "AP250001.yml"))
    for name, indent in (("hosts.yml", 12), ("catalogue.yml", 2), ("host_vars/SW250001.yml", 2)):
        entries = re.split(rf"^(?= {{0,{indent}}}\S)", (target / name).read_text("utf-8"), flags=re.MULTILINE)
        kept = [
            one for one in entries if not any(word in one for word in ("windows", "UC250003", "AP250001"))
        ]
        (target / name).write_text("".join(kept), encoding="utf-8")


def make_handover(root: Path, market: Market | None = None) -> Handover:
    """Make the records of every managed asset of ``market`` (the demonstration's) and a bag of them."""
    market = market or demo_market()
    vault = Vault.create(root / "vault.kdbx", PASSPHRASE, cost=CHEAP)
    state = State.create(root / "state")
    state.write_recipient(vault.age_recipient())
    managed = [asset for asset in market.assets.values() if asset.managed]
    with vault.transaction() as change:
        for asset in managed:
            for account, policy in accounts_of(asset).items():
                names = (asset.site, asset.tag, account)
                rules = POLICIES[policy]
                change.put_pending(
                    *names,
                    username=account,
                    password=rules.generate(),
                    policy=policy,
                    expires=rules.expiry(NOW - timedelta(days=3)),
                )
                change.make_current(*names)
    for asset in managed:
        write_records(state, market, asset, vault)
    state.commit("observe")
    journal = Journals(state.directory / "journal", "poste7")
    for day in range(0, 400, 40):
        when = NOW - timedelta(days=399 - day)
        journal.own.append({"who": "operator", "task": f"task {day}", "result": "changed"}, when=when)
    bundle = root / "bag"
    fill_bag(bundle, root, market, state, vault)
    copy = Vault.open(bundle / "data/06-secrets/vault.kdbx", PASSPHRASE, KEY_FILE)
    return Handover(market, state, journal, vault, bundle, copy)


def accounts_of(asset: Asset) -> dict[str, str]:
    """The accounts of an asset and their password policies."""
    users = {"director": "direction", "teacher": "enseignant", "pupil": "eleve"}
    role = asset.attributes.get("user_role")
    return {"cartable": "administrator", **({users[role]: "user"} if role else {})}


def write_records(state: State, market: Market, asset: Asset, vault: Vault) -> None:
    """Write what an observation of ``asset`` would leave."""
    names = (asset.site, asset.tag)
    packages = [("bash", "5.2.37"), ("gtypist", "2.9.5"), ("qpdf", "12.2.0"), ("=danger", "1")]
    record = {
        "deviceid": f"{asset.tag}-cartable",
        "itemtype": "Computer",
        "action": "inventory",
        "tag": asset.tag,
        "content": {
            "versionclient": "cartable-1",
            "bios": {"assettag": asset.tag, "ssn": asset.attributes["serial"]},
            "hardware": {"name": asset.tag, "memory": 4096},
            "cpus": [{"name": "Exemple 3000"}],
            "storages": [{"name": "sda", "disksize": 238475}],
            "operatingsystem": {"name": "Debian", "full_name": "Debian GNU/Linux 13", "version": "13.1"},
            "softwares": [
                {"name": name, "version": version, "publisher": "Debian"} for name, version in packages
            ],
        },
    }
    state.write(*names, "inventory.json", record)
    seen = [
        {"login": "root", "uid": 0, "administrator": True, "locked": True, "declared": True},
        *(
            {
                "login": login,
                "uid": uid,
                "administrator": policy == "administrator",
                "locked": False,
                "declared": True,
            }
            for uid, (login, policy) in enumerate(accounts_of(asset).items(), 1000)
        ),
    ]
    state.write(*names, "accounts.json", {"accounts": seen})
    if str(asset.attributes.get("os", "")).startswith(("debian-", "ubuntu-")):
        rule = {"rule": "pam-quality", "group": "passwords", "state": "complies"}
        state.write(*names, "compliance.json", {"rules": [rule]})
    state.write(*names, "updates.json", {"known": True, "pending": []})
    logins = []
    for entry in vault.entries():
        if entry.asset == asset.tag:
            login = {
                "account": entry.account,
                "method": "pam",
                "result": "success",
                "vault_revision": entry.revision,
            }
            logins.append(login)
    state.write(*names, "logins.json", {"logins": logins})
    files = configuration_files(market, asset)
    state.write(*names, "config/etc/hostname", files["/etc/hostname"])
    state.write(*names, "config.age", restorable(files, vault))
    state.note_volatile(*names, {"logins.json": f"{LOGGED_IN:%Y-%m-%dT%H:%M:%SZ}"})
    state.note_seen(*names, NOW - timedelta(days=1), reachable=True)


def configuration_files(market: Market, asset: Asset) -> dict[str, bytes]:
    """The files that an observation collects and that restoring ``asset`` takes; the router's are the lab's own."""
    logins = {"root": 0, **{login: uid for uid, login in enumerate(accounts_of(asset), 1000)}}
    texts = {
        "/etc/hostname": f"{asset.tag.lower()}\n",
        "/etc/passwd": "".join(
            f"{name}:x:{uid}:{uid}::/home/{name}:/bin/bash\n" for name, uid in logins.items()
        ),
        "/etc/group": "".join(f"{name}:x:{uid}:\n" for name, uid in logins.items()),
        "/etc/shadow": "".join(
            f"{name}:{'$y$j9T$x$x' if uid else '*'}:20000:0:99999:7:::\n" for name, uid in logins.items()
        ),
    }
    if asset.kind == "nas":
        texts["/etc/samba/smb.conf"] = "[global]\n   workgroup = ECOLE\n"
    if asset.kind == "router":
        texts["/etc/nftables.conf"] = router.ruleset(market.network, plan(market))
    if asset.kind == "switch":
        texts["/switch.json"] = json.dumps({"bridges": [], "ports": switch_ports(asset)})
        texts["/openvswitch/conf.db"] = SWITCH_DATABASE.read_text(encoding="utf-8")
    return {path: text.encode() for path, text in texts.items()}


def restorable(files: Mapping[str, bytes], vault: Vault) -> bytes:
    """An encrypted configuration of these files."""
    archive = configuration.pack([configuration.ConfigurationFile(*item) for item in files.items()])
    return configuration.encrypt(archive, vault.age_recipient())


def switch_ports(asset: Asset) -> list[dict[str, Any]]:
    """The ports of a switch as they are read from it."""
    ports = []
    for name, port in asset.variables["ports"].items():
        tag = VLAN_IDS[port["vlan"]] if "vlan" in port else None
        trunks = sorted(VLAN_IDS[vlan] for vlan in port.get("vlans", ()))
        ports.append({"name": name, "tag": tag, "trunks": trunks, "internal": False})
    return ports


def fill_bag(bundle: Path, root: Path, market: Market, state: State, vault: Vault) -> None:
    """Copy the records to the places that the bundle has for them."""
    data = bundle / "data"
    for site, tag in state.assets():
        target = data / "02-equipements" / site / tag
        shutil.copytree(state.directory / site / tag, target)
    for name in ("01-inventaire", "04-logiciels", "09-journal", "10-automatisation"):
        (data / name).mkdir()
    write_inventories(data / "01-inventaire", market, state, in_vault=tags_in_vault(vault), now=NOW)
    shutil.copy(market.path / "catalogue.yml", data / "04-logiciels")
    lock = shutil.ignore_patterns(".lock")
    shutil.copytree(state.directory / "journal", data / "09-journal", ignore=lock, dirs_exist_ok=True)
    compared = Journals(state.directory / "journal").verify()
    verification = {"lines": compared.lines, "notes": compared.notes, "problems": compared.problems}
    (data / "09-journal" / "verification.json").write_text(json.dumps(verification))
    secrets = data / "06-secrets"
    for group in ("a", "b"):
        for holder in market.contract["holders"][group]:
            recipient = pyrage.x25519.Identity.generate().to_public()
            (secrets / f"moitie-{group}").mkdir(parents=True, exist_ok=True)
            name = "".join(c for c in holder["name"].lower() if c.isalnum())
            (secrets / f"moitie-{group}" / f"{name}.age").write_bytes(pyrage.encrypt(b"half", [recipient]))
    vault.export(secrets / "vault.kdbx", PASSPHRASE, KEY_FILE, operator_key=OPERATOR_KEY, cost=CHEAP)
    automation = data / "10-automatisation"
    (automation / "known_hosts").write_text(known_hosts_of(market))
    shutil.copytree(market.path, automation / "marche")
    (automation / "requirements.txt").write_text("# pinned\nansible==14.5.0\npyrage==1.4.0\n")
    git_bundle(root / "project", automation / "depot.bundle", "ansible.cfg")


def known_hosts_of(market: Market) -> str:
    """A line for each managed asset, with a key that is nobody's."""
    addresses = [asset.address for asset in market.assets.values() if asset.managed]
    return "".join(f"{address} ssh-ed25519 {'A' * 68}\n" for address in addresses)


def git_bundle(folder: Path, target: Path, name: str) -> None:
    """Make a repository with one file, and a Git bundle of it."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("[defaults]\n")
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    for arguments in (
        ("init", "--quiet"),
        ("add", name),
        (*identity, "commit", "--quiet", "-m", "first"),
        ("bundle", "create", "--quiet", str(target), "HEAD"),
    ):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def without_waivers(market: Market) -> Market:
    """The market without its waivers, which another profile than its own does not have."""
    return replace(market, contract={**market.contract, "waivers": []})


def edit(path: Path, change: Any) -> None:
    """Change a JSON file in the bag."""
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps(change(content) or content), encoding="utf-8")


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Handover:
    """One hand-over of the demonstration market a session: the records and the bag, which nobody may change."""
    return make_handover(tmp_path_factory.mktemp("handover"))


@pytest.fixture
def handover(pristine: Handover, tmp_path: Path) -> Handover:
    """A copy of its bag, to do harm to."""
    shutil.copytree(pristine.bundle, tmp_path / "bag")
    return replace(pristine, bundle=tmp_path / "bag")
