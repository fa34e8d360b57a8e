"""The check of new passwords that a machine runs from PAM, with a small dictionary."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from reversibility.records.password_policy import POLICIES
from reversibility.records.readable import word_list
from tests.project import PROJECT

FILE = PROJECT / "roles/security/files/password_check.py"
WORDS = frozenset(
    {"bibliotheque", "cheval", "lampe", "nuage", "tigre", "poire", "ecole", "soleil", "password", "lycee"}
)
SETTINGS = {"length": 12, "administrator_length": 14, "words": ["jules", "ferry", "jurançon"]}


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("password_check", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "password",
    [
        "Bibliotheque-2026", "Bibliothèque-2026", "B1bl10th3qu3-2026", "Ecole-Jules-Ferry-1", "Jurançon-64110!",
        "P@ssw0rd-2026!", "Soleil-Soleil-1", "Aaaaaaaa-1111", "Abcdefgh-12345", "Eleve2-Soleil-19",
    ],
)  # fmt: skip
def test_what_pwquality_lets_through_is_refused(check: ModuleType, password: str) -> None:
    assert check.problem(password, "eleve2", False, SETTINGS, WORDS)
    assert password not in (check.problem(password, "eleve2", False, SETTINGS, WORDS) or "")


@pytest.mark.parametrize(
    "password", ["Cheval-lampe-nuage-tigre-poire-7", "Kx7-vm2Qz+bRt", "wR4k-Zt8s-Np6x", "Zorglub3!Vifk"]
)
def test_random_characters_and_enough_words_are_accepted(check: ModuleType, password: str) -> None:
    assert check.problem(password, "eleve", False, SETTINGS, WORDS) is None


def test_an_administrator_needs_more(check: ModuleType) -> None:
    assert check.problem("Kx7-vm2Qz+bRt", "admin", False, SETTINGS, WORDS) is None
    assert "14" in check.problem("Kx7-vm2Qz+bRt", "admin", True, SETTINGS, WORDS)


@pytest.mark.parametrize("policy", POLICIES)
def test_what_the_vault_makes_is_accepted(check: ModuleType, policy: str) -> None:
    """Also where every word of it is in the dictionary of the machine."""
    words = WORDS | frozenset(word_list())
    for _ in range(200):
        assert (
            check.problem(POLICIES[policy].generate(), "cartable", policy == "administrator", SETTINGS, words)
            is None
        )


def test_the_program_says_why_and_never_repeats_the_password(check: ModuleType, tmp_path: Path) -> None:
    program = tmp_path / "check.py"
    text = FILE.read_text(encoding="utf-8")
    (tmp_path / "words").write_text("\n".join(sorted(WORDS)), encoding="ascii")
    (tmp_path / "settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    text = text.replace("/etc/security/cartable-passwords.json", str(tmp_path / "settings.json"))
    program.write_text(text.replace("/var/lib/cartable/words", str(tmp_path / "words")), encoding="utf-8")

    def run(password: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-I", program], input=password, capture_output=True, env={"PAM_USER": "eleve"}
        )

    refused = run(b"Bibliotheque-2026\0")
    assert (refused.returncode, refused.stderr) == (1, b"")
    assert "devine" in refused.stdout.decode()
    assert b"2026" not in refused.stdout
    assert run(b"Kx7-vm2Qz+bRt\0").returncode == 0
    (tmp_path / "settings.json").unlink()
    assert run(b"Kx7-vm2Qz+bRt\0").returncode != 0, "a check that cannot look refuses"
