"""A market with one Windows server, reached at an address: for .github/workflows/windows.yml, and for its test.

Run as ``python runner_market.py FOLDER ADDRESS[:PORT]``, the administrator's password in ``CARTABLE_CI_SECRET``.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from datetime import date
from pathlib import Path

import yaml

from reversibility.market.known_certificates import Endpoint
from reversibility.market.paths import MarketPaths
from reversibility.operations.certificates.pc_certificates import note, shown_by
from reversibility.records.password_policy import POLICIES
from reversibility.records.vault import Vault

MARKET = Path(__file__).parent / "market"
TAG = "SV990001"
LOG_SERVER = {
    "NA990001": {
        "ansible_host": "198.51.100.8",
        "asset": {
            "kind": "nas", "vendor": "Exemple", "model": "Serveur de fichiers", "serial": "ESSAI-NA-1", "purchased": date(2025, 4, 14),
            "vlan": "printing", "managed": False,
        },
    },
}  # fmt: skip
"""The asset that ``logs_server`` names; nobody connects to it."""


def _replace(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def make(folder: Path, address: str, password: str, os_name: str = "windows-server-2025") -> MarketPaths:
    """Make inventory, vault and passphrase file; the administrator is ``cartable``."""
    paths = MarketPaths("ecoles", folder / "ecoles", folder / "data" / "ecoles")
    shutil.copytree(MARKET, paths.inventory)
    host, _, port = address.partition(":")
    prefix = host.rpartition(".")[0]
    _replace(paths.inventory / "catalogue.yml", "@SHA256@", "0" * 64)
    _replace(paths.inventory / "network.yml", "127.0.1.", f"{prefix}.")
    asset = {
        "kind": "server", "os": os_name, "vendor": "Exemple", "model": "Machine d’essai", "serial": "ESSAI-SV-1",
        "purchased": date(2025, 4, 14), "vlan": "teachers", "mac": "02:00:5e:00:99:01", "managed": True,
    }  # fmt: skip
    hosts = {TAG: {"ansible_host": host, "ansible_port": int(port or 5986), "asset": asset}, **LOG_SERVER}
    rooms = {"room_atelier": {"hosts": hosts}}
    text = yaml.safe_dump({"all": {"children": {"site_essais": {"children": rooms}}}}, allow_unicode=True)
    (paths.inventory / "hosts.yml").write_text(text, encoding="utf-8")
    passphrase = secrets.token_urlsafe(24)
    file = folder / "passphrase"
    file.touch(mode=0o600)
    file.write_text(passphrase, encoding="utf-8")
    paths.data.mkdir(parents=True)
    with Vault.create(paths.vault, passphrase).transaction() as change:
        policy = POLICIES["administrator"]
        change.put_current(
            "essais", TAG, "cartable", username="cartable", password=password, policy="administrator",
            expires=policy.expiry(),
        )  # fmt: skip
    endpoint = Endpoint(host, int(port or 5986))
    [shown] = shown_by([endpoint])  # a machine that the runner made for itself: nobody is between
    if shown.certificate:
        note(paths.known_certificates, endpoint, shown.fingerprint)
    return paths


if __name__ == "__main__":
    made = make(Path(sys.argv[1]), sys.argv[2], os.environ["CARTABLE_CI_SECRET"])
    sys.stdout.write(f"{made.inventory}\n")
