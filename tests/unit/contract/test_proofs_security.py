"""C 9, B 6.2: rules of passwords in force on the machine, and its logs whole and elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.log_store import seal
from reversibility.contract.profile_loader import load_profile
from reversibility.records.log_archive import LogArchive
from tests.unit.contract.handover import NOW, Handover
from tests.unit.contract.test_proofs_bourget import without_waivers

PC, SERVER = "UC250001", "NA250001"
KEPT = {"rule": "pam-quality", "group": "passwords", "state": "complies"}
WAIVED = {
    "rule": "pam-history", "group": "passwords", "state": "waived", "reason": "vieux logiciel", "author": "Mairie",
    "until": "2026-08-31",
}  # fmt: skip


def compared(handover: Handover, *rules: Mapping[str, Any]) -> tuple[str, str]:
    (handover.folder(PC) / "compliance.json").write_text(json.dumps({"rules": list(rules)}))
    row = handover.row("C-9-regles-imposees", PC)
    return row.status, row.detail


def test_rules_in_force_prove_the_policy_and_a_waiver_is_said(handover: Handover) -> None:
    other = {"rule": "ssh-root", "group": "ssh", "state": "missing"}
    assert compared(handover, KEPT, WAIVED, other) == (
        "proven",
        "1\u00a0règle relue en vigueur, 1\u00a0dérogation motivée",
    )


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({**KEPT, "state": "present"}, "règle non tenue\u00a0: pam-quality"),
        ({**KEPT, "state": "missing"}, "règle non tenue\u00a0: pam-quality"),
        ({**KEPT, "state": "declined"}, "règle écartée sans motif\u00a0: pam-quality"),
        ({**WAIVED, "until": "2026-03-01"}, "dérogation échue\u00a0: pam-history"),
        ({**WAIVED, "until": None}, "dérogation échue\u00a0: pam-history"),
    ],
)
def test_a_rule_that_is_not_kept_proves_nothing(
    handover: Handover, rule: Mapping[str, Any], said: str
) -> None:
    assert compared(handover, {**KEPT, "rule": "pam-other"}, rule) == ("present", said)


def test_rules_that_are_all_set_aside_prove_nothing(handover: Handover) -> None:
    assert compared(handover, WAIVED)[0] == "present"
    assert compared(handover)[0] == "present"


@pytest.fixture
def logs(handover: Handover) -> Path:
    """The sealed logs of two days of the PC on the school's server, by the program that seals there."""
    folder = handover.data / "09-journal" / "journaux" / SERVER
    for age in (3, 2):
        day = (NOW - timedelta(days=age)).date().isoformat()
        path = folder / "hosts" / PC / f"{day}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f"{day}T08:00:00Z auth.info sshd: hello"
        path.write_text(f"127.0.0.1 0 {len(text)} {text}\n")
    seal(folder, NOW.date())
    return folder


def judged(
    handover: Handover, obligation: str = "B-6.2-journaux-des-machines", tag: str = PC, **changes: Any
) -> tuple[str, str]:
    row = handover.row(
        obligation,
        tag,
        profile=load_profile("bourget"),
        market=without_waivers(handover.market),
        **changes,
    )
    return row.status, row.detail


def test_sealed_days_elsewhere_prove_the_logs(handover: Handover, logs: Path) -> None:
    assert judged(handover) == ("proven", "2\u00a0journées scellées depuis le 27/02/2026")


def test_a_network_device_counts_by_the_lines_that_its_server_took_in(handover: Handover, logs: Path) -> None:
    asked = {"obligation": "B-6.2-journaux-du-reseau", "tag": "SW250001"}
    assert judged(handover, **asked)[0] == "missing"
    day = (NOW - timedelta(days=2)).date().isoformat()
    path = logs / "hosts" / "SW250001" / f"{day}.log"
    path.parent.mkdir()
    text = f"{day}T08:00:00Z local7.notice syslog: 45: *Dec  1 10:01:02.123: %SYS-5-CONFIG_I: Configured"
    path.write_text(f"198.51.100.3 - {len(text)} {text}\n" * 2)
    seal(logs, NOW.date())
    assert judged(handover, **asked) == ("proven", "1\u00a0journée scellée depuis le 28/02/2026")
    [first, second] = LogArchive(logs).lines(asset="SW250001")
    assert (first.place, second.place) == (0, len(text) + 1) and first.program == "syslog"
    assert first.message == "45: *Dec  1 10:01:02.123: %SYS-5-CONFIG_I: Configured"


def test_logs_that_were_changed_after_their_seal_prove_nothing(handover: Handover, logs: Path) -> None:
    path = next(logs.glob("hosts/*/*.gz"))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes()[:-1])
    assert before != hashlib.sha256(path.read_bytes()).hexdigest()
    assert judged(handover) == ("present", f"{SERVER}\u00a0: journaux modifiés depuis leur scellement (1)")


def test_old_logs_and_logs_with_gaps_prove_nothing(handover: Handover, logs: Path) -> None:
    assert judged(handover, now=NOW + timedelta(days=60)) == (
        "present",
        "aucun journal depuis le 28/02/2026",
    )
    day = (NOW - timedelta(days=1)).date().isoformat()
    (logs / "hosts" / PC / f"{day}.log").write_text(f"127.0.0.1 40 10 {day}\n")
    seal(logs, NOW.date())
    assert judged(handover)[1].startswith("lignes manquantes\u00a0: 2026-03-01")


def test_a_machine_without_logs_elsewhere_is_named(handover: Handover) -> None:
    assert judged(handover)[0] == "missing"
