"""A shared secret that FreeRADIUS would read as configuration is refused before anything is written."""

from __future__ import annotations

import pytest

from reversibility.records import password_policy
from tests.project import PROJECT
from tests.unit.vault.tiny_market import TinyMarket

pytestmark = pytest.mark.playbook


TASKS = f"""
    - ansible.builtin.include_tasks: {PROJECT}/roles/secrets/tasks/set_radius_secret.yml
      vars:
        secrets_tried: [{{name: switch, username: switch}}]
"""


def keep(tiny: TinyMarket, secret: str) -> None:
    with tiny.opened().transaction() as change:
        names = ("trois_platanes", "UC250001", "switch")
        change.put_pending(*names, username="switch", password=secret, policy="administrator")


@pytest.mark.parametrize(
    "secret", ['Aa1-"\nclient tous {', "Aa1-${prefix}-secret", "Aa1-%{exec:id}", "Aa1-back\\slash"]
)
def test_a_secret_that_is_configuration_is_refused_and_not_shown(tiny: TinyMarket, secret: str) -> None:
    keep(tiny, secret)
    done = tiny.run(TASKS, "--limit", "UC250001", "-vvv")
    assert done.returncode != 0
    assert "the secret switch in the vault has a quote" in done.stdout
    assert secret not in done.stdout + done.stderr
    assert "Set the shared secrets" not in done.stdout


def test_every_character_of_a_made_secret_is_taken(tiny: TinyMarket) -> None:
    keep(tiny, f"Aa1{password_policy.SYMBOLS}")
    done = tiny.run(TASKS, "--limit", "UC250001", "--check")
    assert "Set the shared secrets" in done.stdout
    assert "has a quote" not in done.stdout
