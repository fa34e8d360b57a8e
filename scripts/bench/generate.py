"""Generate a market of any size with its state, vault and journal, as a year of work would leave them.

The shape is that of contract S (148 schools, 17,000 PCs): most assets are PCs with an inventory record, accounts and
a restorable configuration; some are only declared. Everything is derived from the number of assets; nothing is random
but the secrets.
"""

from __future__ import annotations

import argparse
import base64
import io
import ipaddress
import subprocess
import tarfile
from datetime import date
from pathlib import Path
from typing import Any

import pyrage
import yaml

from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.records.journals import Journals
from reversibility.records.state import State
from reversibility.records.vault import Vault

KINDS = ["classroom_pc"] * 12 + ["pupil_laptop"] * 5 + ["director_laptop", "projector", "printer"]
PACKAGES = 60  # software lines an asset: what a school PC has beside the base system


def generate(project: Path, assets: int) -> MarketPaths:
    """Write the market below ``project/inventories/generated`` and its records below ``project/var/generated``."""
    inventory = project / "inventories" / "generated"
    inventory.mkdir(parents=True)
    sites = max(1, assets // 170)
    write_wanted(inventory, assets, sites)
    paths = MarketPaths.for_inventory(inventory)
    market = load_market(inventory)
    paths.keys.mkdir(parents=True)
    for key in (paths.keys / "signing_ed25519", paths.operator_key):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = " ".join(paths.operator_key.with_suffix(".pub").read_text(encoding="ascii").split()[:2])
    hosts = [asset.address for asset in market.assets.values() if asset.managed and asset.address]
    # Whose key it is does not matter here, only that each machine has one.
    paths.known_hosts.write_text("".join(f"{host} {public}\n" for host in hosts), encoding="ascii")
    for holder in (holder for group in market.contract["holders"].values() for holder in group):
        file = paths.data / holder["recipient_file"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{pyrage.x25519.Identity.generate().to_public()}\n", encoding="utf-8")
    vault = Vault.create(paths.vault, "benchmark")
    managed = [asset for asset in market.assets.values() if asset.managed]
    with vault.transaction() as change:
        for asset in managed:
            for account in ("cartable", "enseignant"):
                change.put_current(
                    asset.site,
                    asset.tag,
                    account,
                    username=account,
                    password=f"Ab1-{asset.tag}-{account}",
                    policy="user",
                )
    write_seen(State.create(paths.state), managed, vault.age_recipient())
    journal = Journals(paths.journal).own
    for number in range(min(assets, 2000)):
        journal.append(
            {
                "event": "task",
                "asset": managed[number % len(managed)].tag,
                "task": "Install updates",
                "result": "changed",
            }
        )
    State(paths.state).commit("generated")
    return paths


def write_wanted(inventory: Path, assets: int, sites: int) -> None:
    """The four files and hosts.yml."""

    def dump(name: str, content: Any) -> None:
        text = yaml.dump(content, allow_unicode=True, Dumper=yaml.CSafeDumper)
        (inventory / name).write_text(text, encoding="utf-8")

    site_ids = [f"ecole_{number:03d}" for number in range(sites)]
    contact = [
        {
            "role": "director",
            "name": "Camille Exemple",
            "email": "direction@ecole.example",
            "phone": "+33 5 99 00 00 01",
        }
    ]
    dump(
        "sites.yml",
        {
            "sites": {
                site: {
                    "name": f"École {site}",
                    "kind": "elementary",
                    "holiday_zone": "A",
                    "pupils": 100,
                    "classes": 4,
                    "contacts": contact,
                    "address": {"street": "1 place de l'École", "postcode": "64110", "town": "Villedemo"},
                    "rooms": {f"salle_{site}": {"name": "Classe", "kind": "classroom"}},
                }
                for site in site_ids
            }
        },
    )
    networks = ipaddress.ip_network("10.0.0.0/8").subnets(new_prefix=22)
    subnets = {site: next(networks) for site in site_ids}
    dump(
        "network.yml",
        {
            "vlans": {"teachers": {"id": 30, "purpose": "Postes"}},
            "ssids": [],
            "flows": [],
            "services": {},
            "subnets": [
                {"site": site, "vlan": "teachers", "cidr": str(net), "gateway": str(net[1])}
                for site, net in subnets.items()
            ],
        },
    )
    dump("catalogue.yml", {"software": {}})
    demo = yaml.safe_load(
        (Path(__file__).resolve().parents[2] / "inventories" / "demo" / "contract.yml").read_text(
            encoding="utf-8"
        )
    )
    dump("contract.yml", demo | {"waivers": []})
    children: dict[str, Any] = {}
    for number in range(assets):
        site, rank, kind = site_ids[number % sites], number // sites, KINDS[(number // sites) % len(KINDS)]
        managed = kind not in ("projector", "printer")
        asset = {
            "kind": kind,
            "vendor": "Exemple",
            "model": f"Modèle {kind}",
            "serial": f"SN{number:08d}",
            "purchased": date(2025, 4, 14),
            "managed": managed,
        }
        host: dict[str, Any] = {"asset": asset}
        if managed:
            asset |= {
                "os": "debian-13",
                "vlan": "teachers",
                "user_role": "teacher",
                "mac": f"02:00:{number >> 24 & 255:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",  # noqa: E501
            }
            host["ansible_host"] = str(subnets[site][10 + rank])
        rooms = children.setdefault(f"site_{site}", {"children": {f"room_salle_{site}": {"hosts": {}}}})[
            "children"
        ]
        rooms[f"room_salle_{site}"]["hosts"][f"{'PC' if managed else 'VP'}{number:06d}"] = host
    dump("hosts.yml", {"all": {"children": children}})


def write_seen(state: State, managed: list[Any], recipient: str) -> None:
    """An inventory record, accounts, logins, a readable and a restorable configuration for each managed asset."""
    key = pyrage.x25519.Recipient.from_str(recipient)
    content = base64.b64encode(bytes(range(256)) * 8)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in ("etc/hostname", "etc/ssh/sshd_config"):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    restorable = pyrage.encrypt(archive.getvalue(), [key])
    softwares = [
        {"name": f"paquet-{rank}", "version": f"{rank}.4-1", "arch": "amd64", "from": "deb"}
        for rank in range(PACKAGES)
    ]
    for asset in managed:
        state.write(
            asset.site,
            asset.tag,
            "inventory.json",
            {
                "deviceid": f"{asset.tag}-cartable",
                "action": "inventory",
                "itemtype": "Computer",
                "content": {
                    "versionclient": "Cartable-0.1.0",
                    "hardware": {"name": asset.tag.lower(), "memory": 8192},
                    "bios": {"ssn": asset.attributes["serial"], "assettag": asset.tag},
                    "operatingsystem": {
                        "name": "Debian GNU/Linux",
                        "version": "13",
                        "full_name": "Debian GNU/Linux 13 (trixie)",
                    },
                    "softwares": softwares,
                },
            },
        )
        state.write(
            asset.site,
            asset.tag,
            "accounts.json",
            {
                "accounts": [
                    {
                        "login": "cartable",
                        "uid": 1000,
                        "gid": 1000,
                        "groups": ["sudo"],
                        "home": "/home/cartable",
                        "shell": "/bin/bash",
                        "administrator": True,
                        "declared": True,
                        "locked": False,
                    },
                    {
                        "login": "enseignant",
                        "uid": 1001,
                        "gid": 1001,
                        "groups": [],
                        "home": "/home/enseignant",
                        "shell": "/bin/bash",
                        "administrator": False,
                        "declared": True,
                        "locked": False,
                    },
                ]
            },
        )
        state.write(asset.site, asset.tag, "updates.json", {"pending": []})
        state.write(asset.site, asset.tag, "config/hostname", f"{asset.tag.lower()}\n")
        state.write(asset.site, asset.tag, "config.age", restorable)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="an empty folder")
    parser.add_argument("--assets", type=int, default=120)
    arguments = parser.parse_args()
    print(generate(arguments.project, arguments.assets).data)


if __name__ == "__main__":
    main()
