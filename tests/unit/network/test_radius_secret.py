"""A device takes the shared secret of the market's RADIUS server from that server's entry: it is kept once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.cartable.fleet.plugins.plugin_utils.network import action

from reversibility.errors import CartableError
from reversibility.market.load import load_market
from reversibility.records.vault import KdfCost, Vault
from tests.project import PROJECT

MARKET = load_market(PROJECT / "inventories" / "demo")
SITE, SERVER, SWITCH = "trois_platanes", "NA250001", "SW250001"


def device(
    kind: type, vault: Vault, monkeypatch: pytest.MonkeyPatch, tag: str = SWITCH
) -> action.DeviceAction:
    """An action for a device, with its market and its vault, and without Ansible."""
    monkeypatch.setattr(action.vault_session, "opened_vault", lambda _: vault)
    made = object.__new__(kind)
    made.market, made.asset = MARKET, MARKET.assets[tag]
    made.paths = SimpleNamespace(vault=vault.path)
    return made


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = Vault.create(
        tmp_path / "v.kdbx", "six words nobody knows", cost=KdfCost(memory_mib=19, passes=2, lanes=1)
    )
    with made.transaction() as change:
        change.put_pending(SITE, SERVER, f"radius/{SWITCH}", username=SWITCH, password="Kd7m-Tq6w-Rz9b-55")
    return made


@pytest.mark.parametrize("kind", [action.DeviceAction, action.ShellAction])
@pytest.mark.parametrize("server", [SERVER, str(MARKET.assets[SERVER].address)])
def test_the_secret_is_that_of_the_server(
    kind: type, server: str, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert device(kind, vault, monkeypatch).secret(f"radius/{server}") == "Kd7m-Tq6w-Rz9b-55"


def test_another_devices_secret_is_not_taken_and_its_own_comes_first(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CartableError, match="RT250001/radius"):
        device(action.DeviceAction, vault, monkeypatch, "RT250001").secret(f"radius/{SERVER}")
    with vault.transaction() as change:
        change.put_current(SITE, SWITCH, f"radius/{SERVER}", username=SWITCH, password="Wq8n-Own-secret-77")
    assert device(action.DeviceAction, vault, monkeypatch).secret(f"radius/{SERVER}") == "Wq8n-Own-secret-77"
