"""The manual step: contract.yml must declare the new contractor and the holders of the vault's halves."""

from __future__ import annotations

from reversibility.bundle.dual_control import load_holders
from reversibility.bundle.takeover.context import Context
from reversibility.market.people import people
from reversibility.operations.takeover.progress import Outcome

OUTGOING = "contractor"


def check_declared(context: Context) -> Outcome:
    """See that no half of the vault's key goes to the outgoing contractor, and that its people's access ends."""
    outgoing = [one for one in context.handed_over["holders"] if one.get("party") == OUTGOING]
    holders = load_holders(context.market.contract, context.paths.data)
    file = context.paths.inventory / "contract.yml"
    left = [
        f"{holder.name} still holds a half of the vault's key; take it out of holders in {file}, and name yourself"
        for holder in (*holders.a, *holders.b)
        if any(holder.recipient == one["recipient"] or holder.name == one["name"] for one in outgoing)
    ]
    day = context.clock().date()
    known = set(context.handed_over.get("people", ()))
    notes = []
    for person in people(context.market.contract):
        if (
            not person.account
            or person.party != OUTGOING
            or person.name not in known
            or person.has_ended(day)
        ):
            continue
        if person.ends is None:
            left.append(
                f"{person.name} has an account on the machines ({person.account}) without an end; give it until in "
                f"administrators of {file}, or declare the transition"
            )
        else:
            notes.append(f"{person.name} ({person.account}) has access until {person.ends}")
    return Outcome(f"{len(holders.a) + len(holders.b)} holders", tuple(left), tuple(notes))
