"""The whole take-over against a school that answers its playbooks: cut anywhere, it is started again and ends."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pyrage
import pytest

from reversibility.bundle.signature import fingerprint_of, public_half
from reversibility.bundle.takeover.keys import former_of
from reversibility.bundle.takeover.steps import NAMES, STEPS, run_steps
from reversibility.records.configuration import open_restorable
from reversibility.records.journals import Journals
from reversibility.records.revocations import PASSWORDS, refused
from reversibility.records.state import State
from tests.unit.takeover.school import Successor

OFF = "UC250002"
# The two that take longest, which only the first two tests are about.
MACHINES = tuple(step for step in STEPS if step.name not in ("audit", "bundle"))


def silent(_: str) -> None:
    """Say nothing."""


def test_nothing_is_changed_while_the_outgoing_contractor_is_declared(successor: Successor) -> None:
    context, school = successor.begin()
    left = run_steps(context, silent)
    assert school.runs == ["observe.yml"]
    assert [line for line in left if line.startswith("declare: Entreprise Exemple")]
    assert [
        line
        for line in left
        if line.startswith("declare: Alex Exemple has an account on the machines (aexemple)")
    ]
    assert (context.paths.data / "takeover" / "audit-de-reprise.html").is_file()


def test_a_take_over_that_is_cut_at_any_moment_ends_all_the_same(successor: Successor) -> None:
    """Killed before and after each run of a playbook; no password is changed twice."""
    successor.declare()
    changes: dict[str, int] = {}
    cuts: list[str] = []

    def cut_once(moment: str) -> None:
        if moment not in cuts:
            cuts.append(moment)
            raise KeyboardInterrupt

    left: list[str] | None = None
    while left is None:
        context, school = successor.begin()
        school.changes, school.interrupt = changes, cut_once
        with contextlib.suppress(KeyboardInterrupt):
            left = run_steps(context, silent)
    playbooks = ("observe.yml", "rotate.yml", "passwords", "operator_key", "host_keys")
    assert cuts == [f"{when} {name}" for name in playbooks for when in ("before", "after")]
    assert left == []
    assert set(changes.values()) == {1} and len(changes) == len(context.handed_over["passwords"])
    assert all(context.progress.done(step) for step in NAMES)
    check_locked_out(successor)


def check_locked_out(successor: Successor) -> None:
    """Nothing that was handed over is in use any more, and the journal goes on from the old one."""
    context, _ = successor.begin()
    known, paths = context.handed_over, context.paths
    current = {entry.revision for entry in context.vault.entries()}
    assert not current & {row["revision"] for row in known["passwords"]}
    assert fingerprint_of(public_half(paths.operator_key)) != known["operator_key"]
    assert not former_of(paths.operator_key).exists()
    assert context.vault.age_recipient() != known["age_recipient"] == successor.case.vault.age_recipient()
    for site, tag in context.state.assets():
        data = context.state.read_bytes(site, tag, "config.age")
        if data is not None:
            assert open_restorable(data, context.vault.age_identity())
            with pytest.raises(pyrage.DecryptError):
                pyrage.decrypt(data, [pyrage.x25519.Identity.from_str(successor.case.vault.age_identity())])
    old = {entry.password for entry in successor.case.vault.entries()} | {successor.case.vault.age_identity()}
    assert not context.vault.secrets() & old, "former secrets are out of the vault's history"
    assert not context.vault.previous.exists()
    report = Journals(paths.journal).verify()
    assert report.problems == []
    assert known["journal"], "the old chain was handed over"
    assert [line for line in Journals(paths.journal).entries() if line.get("event") == "takeover"]
    assert State(paths.state).verify() == []


def test_a_machine_that_is_off_is_left_and_taken_over_later(successor: Successor) -> None:
    successor.declare()
    context, school = successor.begin()
    school.off = {OFF}
    left = run_steps(context, silent, steps=MACHINES)
    assert f"operator_key: {OFF}: {context.handed_over['operator_key']} may still open it" in left
    assert any(line.startswith(f"passwords: {OFF}/") for line in left)
    assert former_of(context.paths.operator_key).is_file(), "it is reached with the former key until then"
    former = successor.case.vault.find(OFF, "cartable")
    assert former is not None and former.password in context.vault.secrets()

    context, school = successor.begin()
    assert run_steps(context, silent, steps=MACHINES) == []
    assert school.runs.count("rotate.yml") == 1
    check_locked_out(successor)


def test_a_secret_that_still_opens_an_account_is_said_and_kept(successor: Successor) -> None:
    successor.declare()
    context, school = successor.begin()
    school.stubborn = {OFF}
    left = run_steps(context, silent, steps=MACHINES)
    assert f"passwords: {OFF}/cartable: the former password was not refused" in left
    assert f"forget: {OFF}/cartable: kept, since no login with it was refused" in left
    assert not context.progress.done("passwords")


def test_an_account_that_was_closed_on_the_way_is_not_tried_again(successor: Successor) -> None:
    successor.declare()
    context, school = successor.begin()
    [closed, other] = [row for row in context.handed_over["passwords"] if row["asset"] == OFF][:2]
    school.closes = {(OFF, closed["account"])}
    assert run_steps(context, silent, steps=MACHINES, until="passwords") == []
    context.vault.refresh()
    assert context.vault.find(OFF, closed["account"]) is None
    assert refused(context.state, closed["site"], OFF, PASSWORDS) >= {
        (row["account"], row["revision"]) for row in (closed, other)
    }


def test_former_secrets_are_kept_on_purpose_until_a_day(successor: Successor) -> None:
    successor.declare()
    context, _ = successor.begin()
    context.kept_until = "2999-01-01"
    assert run_steps(context, silent, steps=MACHINES, until="forget") == [
        "forget: former secrets are kept on purpose until 2999-01-01"
    ]
    assert successor.case.vault.age_identity() in context.vault.secrets()


def test_it_stops_where_it_is_told(successor: Successor) -> None:
    context, school = successor.begin()
    assert run_steps(context, silent, until="audit") == []
    assert school.runs == ["observe.yml"] and not (Path(context.paths.keys) / "signing_ed25519").exists()
