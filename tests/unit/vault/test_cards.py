"""Cards for a director: exactly the accounts of the school's people."""

from __future__ import annotations

import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reversibility import cli
from reversibility.documents.cards import cards, cards_page
from reversibility.market.load import load_market
from reversibility.records import session
from reversibility.records.vault import KdfCost, Vault
from reversibility.records.vault_entry import Entry
from tests.project import PROJECT

DEMO = PROJECT / "inventories" / "demo"
MARKET = load_market(DEMO)
SITE, NOW = "trois_platanes", datetime(2026, 11, 30, tzinfo=UTC)
PASSPHRASE = "six words that nobody else knows"


def entry(
    asset: str, account: str, policy: str, password: str, site: str = SITE, pending: str | None = None
) -> Entry:
    return Entry(
        site=site, asset=asset, account=account, username=account, password=password, pending=pending, address="",
        expires=NOW + timedelta(days=300), policy=policy, revision="r",
    )  # fmt: skip


ENTRIES = [
    entry("UC250002", "eleve", "readable", "lampe-Tigre-nuage-poire-aigle-47"),
    entry("UC250002", "cartable", "administrator", "zzz-administrateur"),
    entry("UC250001", "enseignant", "user", "Kx7v-m2Qz-bRt8"),
    entry("UC250001", "coupe", "user", "zzz-coupe", pending="zzz-pending"),
    entry("UC250001", "ailleurs", "user", "zzz-ailleurs", site="autre_ecole"),
    entry("UC999999", "parti", "user", "zzz-parti"),
    entry("IM250001", "copieur", "user", "zzz-tiers"),
    entry("SW250001", "backup", "administrator", "zzz-switch"),
]


def test_a_director_sees_the_accounts_of_the_schools_people_and_no_others() -> None:
    found = cards(MARKET, SITE, ENTRIES)
    assert [(card.asset, card.account) for card in found] == [
        ("UC250002", "eleve"),
        ("UC250001", "enseignant"),
    ]
    page = cards_page(MARKET, SITE, found, NOW)
    assert "zzz" not in page
    assert "lampe-Tigre-nuage-poire-aigle-47" in page


@pytest.mark.judge("pdftotext")
def test_the_command_writes_a_pdf_for_its_owner_only_and_never_over_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "var"
    (data / "demo").mkdir(parents=True)
    monkeypatch.setenv("CARTABLE_DATA_DIR", str(data))
    monkeypatch.setenv("CARTABLE_VAULT_PASSPHRASE_COMMAND", f"echo {PASSPHRASE}")
    session.close_vaults()
    vault = Vault.create(
        data / "demo" / "vault.kdbx", PASSPHRASE, cost=KdfCost(memory_mib=19, passes=2, lanes=1)
    )
    with vault.transaction() as change:
        for account, policy, password in (
            ("eleve", "user", "Kx7v-m2Qz-bRt8"),
            ("cartable", "administrator", "zzz-admin"),
        ):
            change.put_current(SITE, "UC250002", account, username=account, password=password, policy=policy,
                               expires=datetime.now(UTC) + timedelta(days=9))  # fmt: skip
    pdf = tmp_path / "cartes.pdf"
    words = ["vault", "cards", "-i", str(DEMO), "--site", SITE, "--pdf", str(pdf)]
    assert cli.main(words) == 0
    assert stat.S_IMODE(pdf.stat().st_mode) == 0o600
    text = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
    assert "Kx7v-m2Qz-bRt8" in text and "zzz" not in text
    told = capsys.readouterr().out
    assert "wrote 1 cards" in told and "Kx7v" not in told

    assert cli.main(words) == 2, "a file that is there is not written over"
    assert cli.main([*words[:-3], "nowhere", "--pdf", str(tmp_path / "b.pdf")]) == 2
    assert not (tmp_path / "b.pdf").exists()
    session.close_vaults()
