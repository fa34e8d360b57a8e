"""The steps of a take-over, in order. Each does its remaining work, and reports what it could not do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reversibility.bundle.takeover import audit_step, declared, machines, own_secrets
from reversibility.bundle.takeover.context import Context
from reversibility.operations.takeover.progress import Outcome
from reversibility.records.journals import record
from reversibility.records.origin import origin


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name and what it does.

    The steps after a ``required`` one wait until it is complete. A ``closing`` step is repeated if an earlier step had
    work.
    """

    name: str
    title: str
    run: Callable[[Context], Outcome]
    required: bool = False
    closing: bool = False


STEPS = (
    Step("observe", "record what is there, changing nothing", machines.observe),
    Step("audit", "compare it with what was handed over", audit_step.write_audit),
    Step("declare", "see who holds what from now on", declared.check_declared, required=True),
    Step("passwords", "new passwords; the former ones are refused", machines.passwords),
    Step("operator_key", "a new operators' SSH key; the former one is refused", machines.operator_key),
    Step("host_keys", "new SSH host keys of the machines", machines.host_keys),
    Step("age_identity", "a new age identity; every record encrypted to it", own_secrets.age_identity),
    Step("signing_key", "a key of one's own that signs bundles", own_secrets.signing_key),
    Step("forget", "former secrets out of the vault's history", own_secrets.forget, closing=True),
    Step("record", "record the machines as they are now", machines.observe, closing=True),
    Step("bundle", "the first bundle of the successor", own_secrets.first_bundle, closing=True),
)
NAMES = tuple(step.name for step in STEPS)


def run_steps(
    context: Context,
    say: Callable[[str], None],
    *,
    steps: tuple[Step, ...] = STEPS,
    until: str = "",
) -> list[str]:
    """Run the steps that are not done, up to ``until``; returns a line for each open point.

    A step that raises, or is killed, is the first one of the next start.
    """
    wanted, ran = [], False
    for step in steps:
        wanted.append(step.name)
        if context.progress.done(step.name) and not (step.closing and ran):
            say(f"{step.name}: done before ({context.progress.steps[step.name]['time']})")
        else:
            say(f"{step.name}: {step.title}")
            ran = True
            outcome = step.run(context)
            context.progress.note(step.name, outcome, context.clock())
            _journal(context, step, outcome)
            say(f"{step.name}: {outcome.result}{f', {outcome.detail}' if outcome.detail else ''}")
            for left in outcome.left:
                say(f"  left: {left}")
            for note in outcome.notes:
                say(f"  note: {note}")
            if outcome.left and step.required:
                break
        if step.name == until:
            break
    return context.progress.left(wanted)


def _journal(context: Context, step: Step, outcome: Outcome) -> None:
    record(
        context.paths.journal,
        {
            "event": "takeover",
            "step": step.name,
            "result": outcome.result,
            "detail": outcome.detail,
            "left": list(outcome.left),
            "market": context.paths.market,
            **origin(context.paths.inventory),
        },
        context.vault.secrets(),
    )
    context.state.commit(f"takeover: {step.name} {outcome.result}")
