"""Steps on the controller only: the age identity, the signing key, the vault's history, the first bundle."""

from __future__ import annotations

from datetime import date

from reversibility.bundle.build import SIGNING_KEY, build
from reversibility.bundle.dual_control import load_holders
from reversibility.bundle.takeover.context import Context
from reversibility.bundle.takeover.keys import make_ssh_key, replace_age_identity, write_public_half
from reversibility.errors import CartableError
from reversibility.operations.takeover.access import TRIED
from reversibility.operations.takeover.progress import Outcome
from reversibility.records import revocations
from reversibility.records.vault_entry import AGE_IDENTITY, OWN_ASSET


def age_identity(context: Context) -> Outcome:
    """Replace the age identity, so that the former one cannot decrypt later records."""
    former = str(context.handed_over["age_recipient"])
    count = replace_age_identity(context.vault, context.state, former)
    return Outcome(f"{count} configurations are encrypted to {context.vault.age_recipient()}")


def signing_key(context: Context) -> Outcome:
    """Make a signing key for bundles; the former operator keeps the former one."""
    path = context.paths.keys / SIGNING_KEY
    if not path.exists():
        make_ssh_key(path, f"bundles of {context.paths.market}")
    fingerprint = write_public_half(path)
    if fingerprint == context.handed_over["signing_key"]:
        raise CartableError(
            f"{path} is the key that signed {context.progress.bundle}, which its former operator has too; move it away "
            "and start again."
        )
    return Outcome(f"give this fingerprint to the town on paper: {fingerprint}")


def forget(context: Context) -> Outcome:
    """Remove former secrets from the vault's history if they were refused everywhere."""
    today = f"{context.clock():%Y-%m-%d}"
    if context.kept_until and date.fromisoformat(context.kept_until).isoformat() > today:
        return Outcome(left=(f"former secrets are kept on purpose until {context.kept_until}",))
    context.vault.refresh()
    current = {(entry.asset, entry.account): entry.revision for entry in context.vault.entries()}
    count, left = 0, []
    with context.vault.transaction() as change:
        for row in context.handed_over["passwords"]:
            names = (row["asset"], row["account"])
            found = revocations.refused(context.state, row["site"], row["asset"], revocations.PASSWORDS)
            if current.get(names) == row["revision"]:
                left.append(f"{row['asset']}/{row['account']}: it is still the current password")
                continue
            if (row["account"], row["revision"]) in found or row["method"] not in TRIED:
                count += change.forget_former(*names)
            else:
                left.append(f"{row['asset']}/{row['account']}: kept, since no login with it was refused")
        if context.vault.age_recipient() != context.handed_over["age_recipient"]:
            count += change.forget_former(OWN_ASSET, AGE_IDENTITY)
    context.vault.previous.unlink(missing_ok=True)  # it has what was just forgotten
    return Outcome(f"of {count} entries", tuple(left))


def first_bundle(context: Context) -> Outcome:
    """Build and sign the successor's first bundle."""
    market = context.market
    built = build(
        market,
        context.paths,
        context.vault,
        output=context.paths.bundles,
        signing_key=context.paths.keys / SIGNING_KEY,
        holders=load_holders(market.contract, context.paths.data),
        cost=context.cost,
    )
    return Outcome(f"{built.path}; {built.completeness}", notes=built.findings)
