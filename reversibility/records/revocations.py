"""Records of refused logins: which credentials of an outgoing contractor open an asset no longer."""

from __future__ import annotations

from reversibility.records.inventory_summary import dicts
from reversibility.records.state import State

PASSWORDS, OPERATOR_KEY, HOST_KEYS = "passwords", "operator_key", "host_keys"
RECORDS = {
    PASSWORDS: "revoked-passwords.json",
    OPERATOR_KEY: "revoked-operator-key.json",
    HOST_KEYS: "revoked-host-keys.json",
}
REFUSED = "refused"


def refused(state: State, site: str, asset: str, credential: str) -> frozenset[tuple[str, str]]:
    """What was refused on an asset, as (name, mark); the mark is a password's revision or a key's fingerprint."""
    rows = dicts(state.read_json(site, asset, RECORDS[credential]), "revoked")
    return frozenset(
        (str(row.get("name", "")), str(row.get("mark", ""))) for row in rows if row.get("result") == REFUSED
    )
