"""A market with records, holders and keys, in a project of its own: what ``build`` takes."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyrage

from reversibility.bundle.build import BuiltBundle, build
from reversibility.bundle.dual_control import load_holders
from reversibility.market.load import load_market
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths
from reversibility.records.journals import Journals
from reversibility.records.state import State
from reversibility.records.vault import Vault
from tests.unit.bundle.conftest import make_key
from tests.unit.contract.handover import CHEAP, NOW, PROJECT, copy_demo, known_hosts_of, make_handover


@dataclass
class Case:
    """Everything about the market of a test."""

    paths: MarketPaths
    market: Market
    vault: Vault

    @property
    def project(self) -> Path:
        return self.paths.inventory.parent.parent

    @property
    def state(self) -> State:
        return State(self.paths.state)

    @property
    def journal(self) -> Journals:
        return Journals(self.paths.journal)

    @property
    def signing_key(self) -> Path:
        return self.paths.keys / "signing_ed25519"

    def build(self, minutes: int = 0, **changes: Any) -> BuiltBundle:
        """Build a bundle, ``minutes`` after the records were made."""
        arguments: dict[str, Any] = {
            "output": self.paths.bundles,
            "signing_key": self.signing_key,
            "holders": load_holders(self.market.contract, self.paths.data),
            "now": NOW + timedelta(minutes=minutes),
            "cost": CHEAP,
        }
        return build(self.market, self.paths, self.vault, **{**arguments, **changes})


def git(folder: Path, *arguments: str) -> str:
    """Run Git as somebody."""
    who = ["-c", "user.name=Essai", "-c", "user.email=essai@ecole.example"]
    command = ["git", *who, "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def make_case(root: Path) -> Case:
    """The demonstration market, with what a run leaves, in a fresh project that is a Git repository."""
    paths = make_project(root, "demo")
    market = load_market(paths.inventory)
    made = make_handover(paths.data, market)
    shutil.rmtree(made.bundle)
    make_keys(paths, market)
    make_key(paths.operator_key)
    paths.known_hosts.write_text(known_hosts_of(market))
    return Case(paths, market, made.vault)


def make_project(root: Path, name: str) -> MarketPaths:
    """A fresh project, which is a Git repository, with one of our markets; no records yet."""
    project = root / "project"
    (project / "inventories").mkdir(parents=True)
    if name == "demo":  # the records that the tests make are Debian's
        copy_demo(project / "inventories" / name)
    else:
        shutil.copytree(PROJECT / "inventories" / name, project / "inventories" / name)
    shutil.copyfile(PROJECT / "ansible.cfg", project / "ansible.cfg")
    (project / ".gitignore").write_text("/var/\n")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "project")
    paths = MarketPaths(market=name, inventory=project / "inventories" / name, data=project / "var" / name)
    paths.data.mkdir(parents=True)
    return paths


def make_keys(paths: MarketPaths, market: Market) -> None:
    """The signing key, and the pairs of the holders who have one: the private key beside the public one."""
    paths.keys.mkdir()
    make_key(paths.keys / "signing_ed25519")
    for holder in (*market.contract["holders"]["a"], *market.contract["holders"]["b"]):
        if holder.get("passphrase"):
            continue
        public = paths.data / holder["recipient_file"]
        public.parent.mkdir(exist_ok=True)
        identity = pyrage.x25519.Identity.generate()
        public.with_suffix(".key").write_text(f"{identity}\n")
        public.write_text(f"{identity.to_public()}\n")


def moment(text: str) -> datetime:
    """A time of a test, in UTC."""
    return datetime.fromisoformat(f"{text}+00:00")
