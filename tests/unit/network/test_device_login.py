"""The action device_login: which secret it tries, and a refused login as a result."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.cartable.fleet.plugins.action import device_login
from ansible_collections.cartable.fleet.plugins.plugin_utils.network import action, device

from reversibility.errors import CartableError
from reversibility.platforms.registry import switch_driver
from reversibility.records.vault import KdfCost, Vault

SITE, TAG = "trois_platanes", "SW250001"


@pytest.fixture
def vault(tmp_path: Path, password: str) -> Vault:
    """The account ``admin``, whose password was changed twice."""
    made = Vault.create(tmp_path / "v.kdbx", "six words nobody knows", cost=KdfCost(19, 2, 1))
    for secret in ("Kd7m-first", password, "Rz9b-newest"):
        with made.transaction() as change:
            change.put_current(SITE, TAG, "admin", username="admin", password=secret)
    return made


@pytest.fixture
def log_in(ios, target, vault, monkeypatch: pytest.MonkeyPatch):
    """Run the action against the simulated device, which has the second password."""
    _device, simulators = ios
    monkeypatch.setattr(action.vault_session, "opened_vault", lambda _: vault)

    def run(**arguments: object) -> dict[str, object]:
        made = object.__new__(device_login.ActionModule)
        made.market, made.asset = SimpleNamespace(assets={}), SimpleNamespace(tag=TAG, site=SITE)
        made.paths = SimpleNamespace(vault=vault.path)
        made.arguments = {"account": "admin", "former": False, "revision": "", **arguments}
        made.driver = driver = switch_driver("cisco_ios")
        there = device.Device(target(simulators), driver, driver.dialogue, made.secret)
        made.device = lambda: there
        return made.act()

    return run


def test_a_login_is_a_result_whether_it_succeeds_or_not(log_in, vault: Vault, password: str) -> None:
    refused = log_in()
    assert refused["logged_in"] is False
    assert refused["detail"] and password not in str(refused) and "Rz9b" not in str(refused)
    assert log_in(former=True) == {"changed": False, "logged_in": True, "detail": ""}


def test_a_pending_password_is_the_one_that_is_tried(log_in, vault: Vault, password: str) -> None:
    with vault.transaction() as change:
        change.put_pending(SITE, TAG, "admin", username="admin", password=password)
    assert log_in()["logged_in"] is True


def test_a_former_password_is_found_by_its_revision(log_in, vault: Vault, password: str) -> None:
    second = vault.find(TAG, "admin").revision
    with vault.transaction() as change:
        change.put_current(SITE, TAG, "admin", username="admin", password=password)
    third = vault.find(TAG, "admin").revision
    with vault.transaction() as change:
        change.put_current(SITE, TAG, "admin", username="admin", password="Qx4c-last")
    assert log_in(former=True, revision=third)["logged_in"] is True
    assert log_in(former=True, revision=second)["logged_in"] is False


def test_what_the_vault_does_not_have_is_an_error(log_in) -> None:
    with pytest.raises(CartableError, match="SW250001/backup"):
        log_in(account="backup")
    with pytest.raises(CartableError, match="former password of SW250001/nobody"):
        log_in(account="nobody", former=True)
