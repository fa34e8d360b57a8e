"""The command, from a bundle that was carried to the end of the take-over, in one call or in two."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reversibility.bundle.signature import fingerprint_of, public_half
from reversibility.cli import main
from reversibility.commands import takeover
from reversibility.market.paths import MarketPaths
from reversibility.operations.takeover.progress import Progress
from reversibility.records.passphrase import COMMAND_VARIABLE
from reversibility.records.vault import Vault
from tests.unit.takeover.school import NEW_PASSPHRASE, School, Successor


@pytest.fixture(autouse=True)
def answered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A school answers the playbooks, and a command knows the passphrase."""
    (tmp_path / "passphrase").write_text(f"{NEW_PASSPHRASE}\n", encoding="utf-8")
    monkeypatch.setenv(COMMAND_VARIABLE, f"cat '{tmp_path / 'passphrase'}'")

    def school(paths: MarketPaths, passphrase: str, emergency: Mapping[str, str] | None = None) -> School:
        return School(paths, Vault.open(paths.vault, passphrase))

    monkeypatch.setattr(takeover, "Playbooks", school)


def typed(successor: Successor, *more: str, fingerprint: str = "") -> int:
    words: list[Any] = ["takeover", successor.bundle, "-i", successor.paths.inventory]
    return main(
        [str(word) for word in (*words, "--fingerprint", fingerprint or successor.fingerprint, *more)]
    )


def identities(successor: Successor) -> list[str]:
    holders = (successor.case.market.contract["holders"][group][0] for group in "ab")
    keys = [successor.case.paths.data / str(holder["recipient_file"]) for holder in holders]
    return [word for key in keys for word in ("--identity", str(key.with_suffix(".key")))]


def test_nothing_is_opened_of_a_bundle_that_somebody_else_signed(
    successor: Successor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(successor, *identities(successor), fingerprint="SHA256:" + "A" * 43) == 2
    assert "is refused" in capsys.readouterr().err
    assert typed(successor, fingerprint="abc") == 2
    assert "is no fingerprint" in capsys.readouterr().err
    assert not successor.paths.data.exists()


def test_the_holders_keys_are_asked_for_once(
    successor: Successor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(successor) == 2
    assert "give --identity twice" in capsys.readouterr().err
    assert typed(successor, *identities(successor), "--until", "open") == 0
    assert successor.paths.vault.is_file() and not (successor.paths.data / "takeover").exists()

    assert typed(successor, "--until", "audit") == 0
    assert typed(successor) == 1, "the outgoing contractor is declared"
    assert "LEFT  declare: Entreprise Exemple" in capsys.readouterr().out
    successor.declare()
    assert typed(successor, "--keep-former-until", "2999-12-31", "--until", "forget") == 1
    assert typed(successor) == 0
    assert "Nothing is left." in capsys.readouterr().out
    own = max(successor.paths.bundles.glob("cartable-*"))
    fingerprint = fingerprint_of(public_half(successor.paths.keys / "signing_ed25519"))
    words = ["takeover", str(own), "-i", str(successor.paths.inventory), "--fingerprint", fingerprint]
    assert main(words) == 2
    assert f"is of the take-over of {successor.bundle.name}" in capsys.readouterr().err
    progress = Progress.read(successor.paths.state)
    assert progress is not None and progress.bundle == successor.bundle.name


def test_an_emergency_without_a_ticket_is_refused_before_anything(
    successor: Successor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(successor, *identities(successor), "--emergency", "The contract ended today") == 2
    assert "needs a reason of at least" in capsys.readouterr().err
    assert not successor.paths.data.exists()


def test_a_day_that_is_none_is_refused(successor: Successor) -> None:
    with pytest.raises(SystemExit):
        typed(successor, "--keep-former-until", "demain")
