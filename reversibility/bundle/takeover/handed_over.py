"""What a bundle hands over and its former operator still has: passwords, keys, halves of the vault's key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reversibility.bundle import layout
from reversibility.bundle.signature import fingerprint_of
from reversibility.market.paths import OPERATOR_KEY
from reversibility.records.inventory_summary import dicts
from reversibility.records.journals import Journals
from reversibility.records.json_text import read_json
from reversibility.records.logins import METHODS
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
        "passwords": _passwords(vault, state),
    }


def _passwords(vault: Vault, state: State) -> list[dict[str, str]]:
    """Every entry with a password, its revision, and by which method a login with it was proven ("" for none)."""
    found = []
    for entry in vault.entries():
        if not (entry.password or entry.flaw):
            continue
        row = {name: str(getattr(entry, name)) for name in ("site", "asset", "account", "username", "policy")}
        found.append(
            {**row, "revision": entry.revision, "method": _method(state, entry.asset, entry.account)}
        )
    return found


def _method(state: State, asset: str, account: str) -> str:
    place = state.find(asset)
    for name, method in METHODS.items() if place else ():
        assert place is not None
        logins = dicts(state.read_json(*place, method.record), "logins")
        if any((login.get("account"), login.get("method")) == (account, method.login) for login in logins):
            return name
    return ""
