"""Runbooks for the replacement of a machine, by group of kinds, in French, with commands made from the inventory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reversibility.documents.completeness import market_title, party_name
from reversibility.documents.names import room_name, site_name
from reversibility.documents.render import render_html
from reversibility.market.kinds import kind_groups
from reversibility.market.model import Asset, Market

RUNBOOKS = {
    "workstations": ("remplacer-un-poste", "Remplacer un poste"),
    "file_servers": ("remplacer-un-nas", "Remplacer un serveur de fichiers"),
    "gateways": ("remplacer-un-routeur", "Remplacer un routeur"),
    "switches": ("remplacer-un-commutateur", "Remplacer un commutateur"),
}
NBSP = "\u00a0"
SHOWN = 60  # assets that a page lists; the inventory has them all
LINUX, WINDOWS, DEVICE = "linux", "windows", "network"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its purpose, and the command ("" for manual work)."""

    text: str
    command: str = ""


def steps(market: str, asset: Asset, group: str) -> list[Step]:
    """The steps that replace ``asset``, in order. Commands are typed at the project's root, in its environment."""
    play = f"ansible-playbook -i inventories/{market} playbooks/"
    begin = {LINUX: _linux, WINDOWS: _windows, DEVICE: _device}[asset.platform.family]
    return [
        *begin(play, asset, group),
        Step("Relevez-le.", f"{play}observe.yml --limit {asset.tag}"),
        Step("Établissez un nouveau dossier.", f"{play}handover.yml"),
    ]


def _medium(play: str, asset: Asset) -> Step:
    command = f"{play}bootstrap.yml --limit {asset.tag} -e bootstrap_directory=/media/cle"
    return Step("Préparez la clé d’installation, puis démarrez la machine neuve sur cette clé.", command)


def _linux(play: str, asset: Asset, group: str) -> list[Step]:
    repository = asset.variables.get("backup_repository") if group == "file_servers" else None
    disk = [Step(f"Rendez accessible le dépôt des sauvegardes, {repository}.")] if repository else []
    return [
        _medium(play, asset),
        Step("Relevez sa clé d’hôte.", f"ssh-keyscan -t ed25519 {asset.address} > known_hosts-neuf"),
        Step(
            "Comparez son empreinte avec celle que la machine affiche "
            "(ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub).",
            "ssh-keygen -l -f known_hosts-neuf",
        ),
        *disk,
        Step(
            f"Reconstruisez la machine{NBSP}: comptes, configuration, logiciels, mots de passe et données.",
            f"{play}rebuild.yml --limit {asset.tag} -e rebuild_known_hosts=$PWD/known_hosts-neuf",
        ),
    ]


def _windows(play: str, asset: Asset, _: str) -> list[Step]:
    scan = play.replace("ansible-playbook", "reversibility certificates scan").removesuffix("playbooks/")
    return [
        _medium(play, asset),
        Step(
            "Relevez son certificat et comparez-le avec celui que la machine affiche dans PowerShell "
            f"(Get-ChildItem Cert:\\LocalMachine\\My){NBSP}: l’empreinte «{NBSP}thumbprint{NBSP}».",
            f"{scan}{asset.tag}",
        ),
        Step("Notez-le, s’il est le sien.", f"{scan}{asset.tag} --replace"),
        Step("Configurez la machine.", f"{play}provision.yml --limit {asset.tag}"),
    ]


def _device(play: str, asset: Asset, _: str) -> list[Step]:
    return [
        Step(
            "Donnez à l’appareil neuf l’adresse et le compte de l’ancien, et notez sa clé d’hôte dans known_hosts."
        ),
        Step(
            "Remettez la configuration conservée.", f"{play}restore_device.yml -e restore_device={asset.tag}"
        ),
    ]


def write_runbooks(folder: Path, market: Market, moment: datetime) -> None:
    """Write a page for each group of which the market has a managed asset."""
    for group, (name, title) in RUNBOOKS.items():
        assets = [
            asset
            for asset in market.assets.values()
            if asset.managed
            and group in kind_groups(asset.kind)
            and asset.platform.family in (LINUX, WINDOWS, DEVICE)
        ]
        if assets:
            folder.mkdir(exist_ok=True)
            html = _page(market, group, title, assets, moment)
            (folder / f"{name}.html").write_text(html, encoding="utf-8")


def _page(market: Market, group: str, title: str, assets: Sequence[Asset], moment: datetime) -> str:
    by_family: dict[str, list[Asset]] = {}
    for asset in sorted(assets, key=lambda one: one.tag):
        by_family.setdefault(asset.platform.family, []).append(asset)
    context = {
        "title": title,
        "market_title": market_title(market),
        "contractor": party_name(market, "contractor"),
        "moment": moment,
        "places": {
            one.tag: (site_name(market, one.site), room_name(market, one.site, one.room)) for one in assets
        },
        "parts": [
            {
                "family": family,
                "assets": found[:SHOWN],
                "more": len(found[SHOWN:]),
                "steps": steps(market.name, found[0], group),
            }
            for family, found in by_family.items()
        ],
    }
    return render_html("fiche_remplacement.html.j2", context)
