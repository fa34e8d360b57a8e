"""The step that a person takes: contract.yml declares who the contractor is and who holds the vault's halves."""

from __future__ import annotations

from reversibility.bundle.dual_control import load_holders
from reversibility.bundle.takeover.context import Context
from reversibility.operations.takeover.progress import Outcome

OUTGOING = "contractor"


def check_declared(context: Context) -> Outcome:
    """See that no half of the vault's key goes to the outgoing contractor any more."""
    outgoing = [one for one in context.handed_over["holders"] if one.get("party") == OUTGOING]
    holders = load_holders(context.market.contract, context.paths.data)
    file = context.paths.inventory / "contract.yml"
    left = [
        f"{holder.name} still holds a half of the vault's key; take it out of holders in {file}, and name yourself"
        for holder in (*holders.a, *holders.b)
        if any(holder.recipient == one["recipient"] or holder.name == one["name"] for one in outgoing)
    ]
    return Outcome(f"{len(holders.a) + len(holders.b)} holders", tuple(left))
