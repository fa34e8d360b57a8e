"""Credentials in a bundle that the former operator still has: passwords, keys, halves of the vault's key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reversibility.bundle import layout
from reversibility.bundle.signature import fingerprint_of
from reversibility.market.load import load_market
from reversibility.market.paths import OPERATOR_KEY
from reversibility.operations.takeover.access import CONTRACTOR, handed_over_passwords
from reversibility.records.inventory_summary import dicts
from reversibility.records.journals import Journals
from reversibility.records.json_text import read_json
from reversibility.records.state import State
from reversibility.records.vault import Vault


def handed_over(bundle: Path, vault: Vault, state: State, signing_key: str) -> dict[str, Any]:
    """Describe it by names, revisions, fingerprints and public keys, as it was when ``vault`` was opened."""
    data = bundle / layout.DATA
    known_hosts = data / layout.AUTOMATION / layout.KNOWN_HOSTS
    holders = read_json((data / layout.SECRETS / layout.HOLDERS_FILE).read_bytes())
    lines = known_hosts.read_text(encoding="utf-8").splitlines() if known_hosts.is_file() else []
    public = vault.operator_key().get(f"{OPERATOR_KEY}.pub", b"").decode()
    heads = ((name, chain.head()) for name, chain in Journals(state.directory / "journal").chains().items())
    contract = load_market(data / layout.AUTOMATION / layout.MARKET).contract
    people = [
        str(person["name"])
        for person in contract.get("administrators") or ()
        if person.get("party") == CONTRACTOR
    ]
    return {
        "signing_key": signing_key,
        "age_recipient": vault.age_recipient(),
        "operator_key": fingerprint_of(public) if public else "",
        "host_keys": [line.strip() for line in lines if line.strip() and not line.startswith("#")],
        "holders": [
            {name: holder.get(name) for name in ("name", "group", "party", "recipient")}
            for holder in dicts(holders, "holders")
        ],
        "journal": {name: {"lines": head.count, "hash": head.hash} for name, head in heads if head},
        "passwords": handed_over_passwords(vault.entries(), state),
        "people": people,
    }
