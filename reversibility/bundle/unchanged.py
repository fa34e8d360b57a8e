"""Credentials that two bundles share: after a take-over, none of the former contractor's."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from reversibility.bundle import layout
from reversibility.errors import CartableError
from reversibility.market.host_keys import reached_by_ssh
from reversibility.market.load import load_market
from reversibility.operations.takeover.access import reached_with_key
from reversibility.records.inventory_summary import dicts
from reversibility.records.json_text import read_json

Credentials = Mapping[tuple[str, str], str]  # (what, whose) -> its public half, fingerprint or revision


def unchanged(first: Path, second: Path) -> list[str]:
    """The credentials that are equal in both bundles, a line each; empty after a complete take-over.

    Raises CartableError for a folder that is no bundle, or one made before bundles told.
    """
    before, after = credentials(first), credentials(second)
    same = sorted(key for key in before.keys() & after.keys() if before[key] == after[key])
    return [f"{what} {whose}".rstrip() for what, whose in same]


def credentials(bundle: Path) -> Credentials:
    """Credentials by type and owner, as public halves, fingerprints or revisions; none is secret."""
    data = bundle / layout.DATA
    try:
        return dict(_credentials(data))
    except (OSError, ValueError, KeyError) as error:
        raise CartableError(
            f"{bundle} does not say which credentials it hands over ({error}); verify it first."
        ) from error


def _credentials(data: Path) -> Iterator[tuple[tuple[str, str], str]]:
    secrets = data / layout.SECRETS
    names = {
        "age_recipient": "age identity",
        "operator_key": "operators' SSH key",
        "signing_key": "signing key",
    }
    for name, value in read_json((secrets / layout.KEYS_FILE).read_bytes()).items():
        if value:
            yield (names[name], ""), str(value)
    for holder in dicts(read_json((secrets / layout.HOLDERS_FILE).read_bytes()), "holders"):
        # A holder who keeps a half of the vault's key on purpose (the town) is in both.
        if holder.get("party") == "contractor":
            yield ("holder's key of the contractor", str(holder["name"])), str(holder["recipient"])
    known_hosts = data / layout.AUTOMATION / layout.KNOWN_HOSTS
    own = _keep_their_host_keys(data)
    for line in known_hosts.read_text(encoding="utf-8").splitlines() if known_hosts.is_file() else []:
        words = line.split()
        if len(words) >= 3 and not line.startswith("#") and words[0] not in own:
            yield ("SSH host key of", f"{words[0]} ({words[1]})"), words[2]
    with (data / layout.ACCOUNTS / "coffre.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream, delimiter=";"):
            yield ("password of", f"{row['Étiquette']}/{row['Compte']}"), row["Révision"]


def _keep_their_host_keys(data: Path) -> set[str]:
    """The names in ``known_hosts`` of devices whose private host key is in no record, so that nobody was given it."""
    market = load_market(data / layout.AUTOMATION / layout.MARKET)
    given = {asset.tag for asset in reached_with_key(market)}
    return {name for tag, name in reached_by_ssh(market).items() if tag not in given}
