"""Records of refused logins: credentials of an outgoing contractor that an asset no longer accepts."""

from __future__ import annotations

from reversibility.records.inventory_summary import dicts
from reversibility.records.state import State

PASSWORDS, OPERATOR_KEY, HOST_KEYS = "passwords", "operator_key", "host_keys"
RECORDS = {
    PASSWORDS: "revoked-passwords.json",
    OPERATOR_KEY: "revoked-operator-key.json",
    HOST_KEYS: "revoked-host-keys.json",
}
# A person's access was over: roles/accounts has closed the account, and seen its password refused.
CLOSED = "closed-accounts.json"
REFUSED = "refused"


def refused(state: State, site: str, asset: str, credential: str) -> frozenset[tuple[str, str]]:
    """Refused credentials of an asset, as (name, mark); the mark is a password's revision or a key's fingerprint."""
    names = (RECORDS[credential], *((CLOSED,) if credential == PASSWORDS else ()))
    rows = [row for name in names for row in dicts(state.read_json(site, asset, name), "revoked")]
    return frozenset(
        (str(row.get("name", "")), str(row.get("mark", ""))) for row in rows if row.get("result") == REFUSED
    )
