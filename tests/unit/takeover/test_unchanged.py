"""What two bundles still share of what opens things."""

from __future__ import annotations

import pytest

from reversibility.bundle.takeover.steps import run_steps
from reversibility.bundle.unchanged import unchanged
from reversibility.cli import main
from tests.unit.takeover.school import Successor
from tests.unit.takeover.test_steps import silent


def test_after_a_take_over_only_the_host_keys_that_no_machine_changed_are_the_same(
    successor: Successor, capsys: pytest.CaptureFixture[str]
) -> None:
    """The school of these tests answers for its machines, and writes no known_hosts."""
    same = unchanged(successor.bundle, successor.bundle)
    assert {"age identity", "operators' SSH key", "signing key"} <= set(same)
    assert {"holder's key of the contractor Entreprise Exemple", "password of UC250002/eleve"} <= set(same)

    successor.declare()
    context, _ = successor.begin()
    assert run_steps(context, silent) == []
    bundle = max(context.paths.bundles.glob("cartable-*"))
    left = unchanged(successor.bundle, bundle)
    assert left and all(line.startswith("SSH host key of ") for line in left)
    assert main(["compare", "--still-the-same", str(successor.bundle), str(bundle)]) == 1
    assert f"{len(left)} credentials are still the same" in capsys.readouterr().out
