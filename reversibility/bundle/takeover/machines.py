"""Steps on the machines, through the project's playbooks; their results are read from the records."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from reversibility.bundle.signature import fingerprint_of, public_half
from reversibility.bundle.takeover.context import Context
from reversibility.bundle.takeover.keys import former_of, remove_former, replace_operator_key
from reversibility.market.model import Asset
from reversibility.operations.takeover.access import TRIED
from reversibility.operations.takeover.progress import Outcome
from reversibility.records import revocations
from reversibility.records.logins import METHODS

PLAYBOOK = "takeover.yml"
REASON = "Reprise du marché{}: tous les mots de passe du titulaire sortant".format("\u00a0")


def observe(context: Context) -> Outcome:
    """Record every managed machine; the step is incomplete for those that did not answer."""
    begun = context.clock().replace(microsecond=0)
    status = context.playbooks.run("observe.yml")
    wanted = [
        one for one in context.market.assets.values() if one.managed and one.platform.family != "unmanaged"
    ]
    left = [f"{one.tag} did not answer" for one in wanted if not _seen_since(context, one, begun)]
    return Outcome(f"{len(wanted) - len(left)} of {len(wanted)} machines (exit status {status})", tuple(left))


def _seen_since(context: Context, asset: Asset, begun: datetime) -> bool:
    try:
        seen = datetime.fromisoformat(str(context.state.volatile(asset.site, asset.tag)["last_seen"]))
    except (KeyError, ValueError):
        return False
    return seen.astimezone(UTC) >= begun


def passwords(context: Context) -> Outcome:
    """Change every password that was handed over, then log in with the former ones, which must be refused."""
    due = _former(context)
    if due:
        revisions = sorted({str(row["revision"]) for row in due})
        context.playbooks.run("rotate.yml", {"rotate_reason": REASON, "rotate_revisions": revisions})
    left = _former(context)
    changed = [row for row in context.handed_over["passwords"] if row not in left]
    untried = [row for row in changed if row["method"] in TRIED and not _refused(context, row)]
    again = {row["asset"] for row in untried}  # the record of an asset is written as a whole
    # A closed account has left the vault: roles/accounts has tried its password, and recorded that.
    kept = {(entry.asset, entry.account) for entry in context.vault.entries()}
    tried: dict[str, list[dict[str, str]]] = {}
    for row in changed:
        if row["method"] in TRIED and row["asset"] in again and (row["asset"], row["account"]) in kept:
            found = {"name": row["account"], "username": row["username"] or row["account"]}
            found |= {"mark": row["revision"], "method": row["method"], "policy": row["policy"]}
            tried.setdefault(row["asset"], []).append(found)
    if tried:
        context.playbooks.run(PLAYBOOK, {"takeover_former": tried}, tags=["passwords"], limit=sorted(tried))
    notes = tuple(
        f"{row['asset']}/{row['account']}: the former password was not tried ({_how(row)})"
        for row in changed
        if row["method"] not in TRIED
    )
    return Outcome(
        f"{len(changed)} of {len(context.handed_over['passwords'])} changed",
        (
            *(f"{row['asset']}/{row['account']}: still the former password" for row in left),
            *(
                f"{row['asset']}/{row['account']}: the former password was not refused"
                for row in untried
                if not _refused(context, row)
            ),
        ),
        notes,
    )


def _former(context: Context) -> list[dict[str, str]]:
    """The handed-over accounts whose password is still current."""
    context.vault.refresh()
    current = {(entry.asset, entry.account): entry.revision for entry in context.vault.entries()}
    rows: Iterable[dict[str, str]] = context.handed_over["passwords"]
    return [row for row in rows if current.get((row["asset"], row["account"])) == row["revision"]]


def _refused(context: Context, row: dict[str, str]) -> bool:
    found = revocations.refused(context.state, row["site"], row["asset"], revocations.PASSWORDS)
    return (row["account"], row["revision"]) in found


def _how(row: dict[str, str]) -> str:
    return METHODS[row["method"]].place if row["method"] else "no login with it was ever proven"


def operator_key(context: Context) -> Outcome:
    """Install a new operators' SSH key on every Linux machine, log in with it, and check that the former is refused."""
    former, path = str(context.handed_over["operator_key"]), context.paths.operator_key
    replace_operator_key(path, former, f"operators of {context.paths.market}")
    present = fingerprint_of(public_half(path))
    if not former:
        return Outcome(f"none was handed over; {present} is new")
    due = _without_refusal(context, revocations.OPERATOR_KEY, former)
    if due:
        variables = {
            "takeover_new_key": str(path),
            "takeover_former_key": str(former_of(path)),
            "takeover_former_fingerprint": former,
        }
        context.playbooks.run(PLAYBOOK, variables, tags=["operator_key"], limit=due)
    left = _without_refusal(context, revocations.OPERATOR_KEY, former)
    if not left:
        remove_former(path)
    return Outcome(f"{present} is new", tuple(f"{tag}: {former} may still open it" for tag in left))


def host_keys(context: Context) -> Outcome:
    """Give every Linux machine new SSH host keys: the former private ones were in the bundle."""
    former = list(context.handed_over["host_keys"])
    due = _with_former_host_key(context, former)
    if due:
        file = context.paths.data / "takeover" / "former_known_hosts"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in former), encoding="utf-8")
        variables = {
            "takeover_former_known_hosts": str(file),
            "takeover_known_hosts": str(context.paths.known_hosts),
            "takeover_former_lines": former,
        }
        context.playbooks.run(PLAYBOOK, variables, tags=["host_keys"], limit=due)
    left = _with_former_host_key(context, former)
    return Outcome("", tuple(f"{tag}: still shows its former host key" for tag in left))


def _without_refusal(context: Context, credential: str, mark: str) -> list[str]:
    return [
        asset.tag
        for asset in context.linux()
        if mark
        not in {found for _, found in revocations.refused(context.state, asset.site, asset.tag, credential)}
    ]


def _with_former_host_key(context: Context, former: list[str]) -> list[str]:
    known = {asset.tag: asset for asset in context.linux()}
    names = {str(asset.address): tag for tag, asset in known.items()}
    with_key = {names[name] for line in former if (name := line.split()[0]) in names}
    return sorted(
        tag
        for tag in with_key
        if not revocations.refused(context.state, known[tag].site, tag, revocations.HOST_KEYS)
    )
