"""What a successor must know of the network besides configurations: what nobody told is missing."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

from reversibility.bundle.sections import networks
from reversibility.contract.assessment import Row
from reversibility.records.vault import Vault
from tests.unit.contract.handover import CHEAP, PASSPHRASE, Handover

SITE = "trois_platanes"


def seen(handover: Handover, obligation: str, network: dict[str, Any]) -> tuple[str, str]:
    """Status and detail of an obligation about the site, were ``network`` what is declared and handed over."""
    market = replace(handover.market, network=network)
    folder = handover.data / "03-reseaux"
    folder.mkdir(exist_ok=True)
    networks.write_tables(folder, market)
    row = handover.row(obligation, SITE, market=market)
    return row.status, row.detail


def test_addresses_and_name_servers_are_told_for_every_subnet_or_the_row_says_of_which_not(
    handover: Handover,
) -> None:
    network = copy.deepcopy(dict(handover.market.network))
    assert seen(handover, "B-6.2-dhcp-dns", network)[0] == "proven"
    own = network["subnets"]
    own[0] |= {
        "dhcp": {"first": "198.51.100.20", "last": "198.51.100.30", "server": "RT250001"},
        "dns": ["192.0.2.1"],
    }
    assert seen(handover, "B-6.2-dhcp-dns", network)[0] == "proven"
    table = (handover.data / "03-reseaux/plan-adressage.csv").read_text(encoding="utf-8-sig")
    assert "198.51.100.20 à 198.51.100.30, par RT250001;192.0.2.1;" in table
    del own[1]["dns"]
    state, said = seen(handover, "B-6.2-dhcp-dns", network)
    assert state == "present" and said.endswith(own[1]["cidr"])
    for subnet in own:
        subnet.pop("dns", None), subnet.pop("dhcp", None)
    assert seen(handover, "B-6.2-dhcp-dns", network)[0] == "missing"


def test_the_way_to_the_internet_is_told_for_a_site_or_missing(handover: Handover) -> None:
    network = copy.deepcopy(dict(handover.market.network))
    assert seen(handover, "B-6.2-internet", network)[0] == "proven"
    network["flows"] = [flow for flow in network["flows"] if flow["to"] != "internet"]
    assert seen(handover, "B-6.2-internet", network)[0] == "missing"
    network["flows"] = [{"from": "elsewhere", "to": ["internet"], "services": ["web"], "reason": "r"}]
    assert seen(handover, "B-6.2-internet", network)[0] == "missing", "of VLANs that the site has not"


def test_the_key_of_each_ssid_is_in_the_vault_or_missing(handover: Handover, tmp_path: Path) -> None:
    vault = Vault.create(tmp_path / "vault.kdbx", PASSPHRASE, cost=CHEAP)
    names = [ssid["name"] for ssid in handover.market.network["ssids"] if "personal" in ssid["security"]]

    def row(**changes: Any) -> Row:
        return handover.row("B-6.2-cles-wifi", SITE, exported_vault=vault, **changes)

    def keep(name: str, password: str) -> None:
        with vault.transaction() as change:
            change.put_current(SITE, SITE, f"wifi/{name}", username=name, password=password, address="")

    assert row().status == "missing"
    for name, expected in zip(names, ("present", "proven"), strict=True):
        keep(name, "huit-signes-au-moins")
        assert row().status == expected
    keep(names[0], "court")
    assert row().status == "present", "shorter than WPA takes"
    enterprise = [{**ssid, "security": "wpa3-enterprise"} for ssid in handover.market.network["ssids"]]
    network = {**handover.market.network, "ssids": enterprise}
    assert row(market=replace(handover.market, network=network)).status == "proven", "there is no such key"
