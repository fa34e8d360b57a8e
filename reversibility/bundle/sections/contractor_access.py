"""Part of ``05-comptes``: what the contractor has access to, and what a take-over has made of the outgoing one's."""

from __future__ import annotations

from typing import Any

from reversibility.bundle.findings import Finding
from reversibility.bundle.sections.section import Build
from reversibility.bundle.signature import fingerprint_of
from reversibility.documents.outgoing_access import OUTGOING, PRESENT
from reversibility.errors import CartableError
from reversibility.market.paths import OPERATOR_KEY
from reversibility.operations.takeover.access import (
    CONTRACTOR,
    Access,
    Present,
    handed_over_passwords,
    outgoing_access,
)
from reversibility.operations.takeover.progress import Progress


def access_sheets(build: Build) -> dict[str, list[Access]]:
    """The rows of each sheet by its name.

    The contractor who hands over is the outgoing one. After a take-over that is the one whom it was taken over from,
    and the present one, who leaves some day, has a sheet of his own.
    """
    present = _present(build)
    own = outgoing_access(build.market, _handed_over(build, present), build.state, present)
    try:
        begun = Progress.read(build.state.directory)
    except CartableError as error:  # damaged: told, and the bundle is built all the same
        build.findings.setdefault(
            Finding(str(error), "Le relevé de la reprise (takeover.json) est illisible.")
        )
        begun = None
    if begun is None:
        return {OUTGOING: own}
    return {OUTGOING: outgoing_access(build.market, begun.handed_over, build.state, present), PRESENT: own}


def _present(build: Build) -> Present:
    public = build.access.operator_key.get(f"{OPERATOR_KEY}.pub", b"").decode()
    holders = (*build.holders.a, *build.holders.b)
    return Present(
        revisions={(entry.asset, entry.account): entry.revision for entry in build.vault.entries()},
        age_recipient=build.vault.age_recipient(),
        signing_key=build.fingerprint,
        operator_key=fingerprint_of(public) if public else "",
        recipients=frozenset(holder.recipient for holder in holders if holder.recipient),
    )


def _handed_over(build: Build, present: Present) -> dict[str, Any]:
    """What this bundle hands over, in the shape that a take-over keeps."""
    lines = build.access.known_hosts.splitlines()
    people = build.market.contract.get("administrators") or ()
    return {
        "passwords": handed_over_passwords(build.vault.entries(), build.state),
        "operator_key": present.operator_key,
        "age_recipient": present.age_recipient,
        "signing_key": present.signing_key,
        "host_keys": [line for line in lines if line.strip() and not line.startswith("#")],
        "holders": [
            {"name": one.name, "party": one.party, "recipient": one.recipient}
            for one in (*build.holders.a, *build.holders.b)
        ],
        "people": [str(person.get("name", "")) for person in people if person.get("party") == CONTRACTOR],
    }
