"""A destroyed school: blank machines replace it, and only the backup disk is left.

What a machine had comes back by cartable.fleet.restore_configuration, from the successor's records.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reversibility.bundle.compare import compare, describe
from reversibility.documents.runbooks import RUNBOOKS
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from tests.e2e.conftest import INVENTORY, LAB, TAGS, School

NAS, ROUTER, SWITCH, PC = "NA250001", "RT250001", "SW250001", "UC250001"
DISK, SHARES = "/srv/sauvegarde", "/srv/partages"
FILES = """
umask 007
mkdir -p /srv/partages/eleves/cm2
printf 'Il était une fois' > /srv/partages/eleves/cm2/redaction.txt
chown -R eleve:eleve /srv/partages/eleves/cm2
systemctl start cartable-backup.service
"""
LOOK = f"getfacl --recursive --numeric --absolute-names {SHARES}; cat {SHARES}/eleves/cm2/redaction.txt"
PORTS = "ovs-vsctl --format=csv --columns=name,tag,trunks,vlan_mode,protected list Port | sort"


@contextmanager
def copied_data(school: School) -> Iterator[None]:
    """Have a pupil's work on the NAS, and a copy of it on a disk, which the inventory names meanwhile."""
    declared = INVENTORY / "host_vars" / f"{NAS}.yml"
    declared.write_text(f"backup_repository: {DISK}\n", encoding="ascii")
    try:
        school.playbook("provision.yml", "--limit", NAS)
        school.on_host(NAS, FILES)
        yield
    finally:
        declared.unlink()


@dataclass(frozen=True)
class Seen:
    """What the school is, beyond its records: the data with their rights, what the router lets through, the ports."""

    data: str
    rules: str
    ports: str

    @classmethod
    def of(cls, school: School) -> Seen:
        """Look at it."""
        return cls(
            data=school.on_host(NAS, LOOK),
            rules=school.on_host(ROUTER, "nft --stateless list ruleset"),
            ports=school.on_host(SWITCH, PORTS),
        )


def burn_down(school: School, taken: MarketPaths) -> None:
    """Destroy every machine; blank ones take their places, and the disk is plugged in."""
    disk = school.on_host(NAS, f"tar -C / -c {DISK[1:]} | base64")
    kept = taken.known_hosts.read_bytes()
    school.run(LAB, "down")
    school.run("env", f"CARTABLE_DATA_DIR={taken.data.parent}", LAB, "up", "-i", taken.inventory)
    taken.known_hosts.write_bytes(
        kept
    )  # the lab has noted those of the blank machines, which the sheets read
    school.on_host(NAS, "base64 -d | tar -C / -x", stdin=disk)
    # What the lab sets up so that a school works at all, and an installation does not leave.
    school.on_host(ROUTER, "nft flush ruleset; : > /etc/nftables.conf")
    school.on_host(SWITCH, "ovs-vsctl clear port p_guest tag -- set port p_guest protected=false")


def printed(bundle: Path) -> list[str]:
    """The commands of the four sheets on Linux machines: the same but for the machine, typed for all at once."""
    assets = load_market(bundle / "data/10-automatisation/marche").assets
    found, listed = {}, dict[str, str]()
    for tag, (name, _) in zip((PC, NAS, ROUTER, SWITCH), RUNBOOKS.values(), strict=True):
        commands, machines = sheet(bundle, name, "Sous Linux")
        listed |= machines
        (first, address), *_ = machines.items()
        found[tag] = [one.replace(first, "TAG").replace(address, "ADDRESS") for one in commands]
    assert found[PC] == found[NAS] == found[ROUTER] == found[SWITCH]
    assert {tag: str(assets[tag].address) for tag in TAGS} == listed
    words = {"TAG": ",".join(listed), "ADDRESS": " ".join(listed.values())}
    return [re.sub("TAG|ADDRESS", lambda found: words[found[0]], one) for one in found[PC]]


def sheet(bundle: Path, name: str, system: str) -> tuple[list[str], dict[str, str]]:
    """A part of a sheet: its commands, and the addresses of its machines by their tags."""
    page = (bundle / f"data/10-automatisation/fiches/{name}.html").read_text(encoding="utf-8")
    part = page.partition(f"<h2>{system}</h2>")[2].partition("<h2>")[0]
    commands = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", part, re.DOTALL)
    machines = re.findall(r'<th scope="row">(\w+)</th><td>([\d.]+)</td>', part)
    return [html.unescape(one) for one in commands], dict(machines)


def differences(before: Path, after: Path) -> list[str]:
    """What differs between two bundles, but for the new network cards of the router and the switch."""
    found = list(describe(compare(before, after)))
    for tag in (ROUTER, SWITCH):
        name = f"data/02-equipements/trois_platanes/{tag}/inventory.json"
        old, new = (
            without_cards(json.loads((one / name).read_text(encoding="utf-8"))) for one in (before, after)
        )
        if old == new:
            found = [line for line in found if f"/{tag}: inventory.json:" not in line]
    return found


def without_cards(value: Any) -> Any:
    """A record without the addresses of network cards."""
    if isinstance(value, dict):
        return {key: without_cards(item) for key, item in value.items() if key != "mac"}
    return [without_cards(item) for item in value] if isinstance(value, list) else value
