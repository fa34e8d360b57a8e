"""A vault made to keep whoever opens it busy for years: refused with what to do, or begun when a person says so."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest

from reversibility.bundle.dual_control import load_holders, write_secrets
from reversibility.bundle.open import halves, load_identity
from reversibility.cli import main
from reversibility.records import passphrase as passphrases
from reversibility.records import vault_file
from reversibility.records.vault import KdfCost, Vault
from reversibility.records.vault_file import CostlyVaultError, Credentials

CHEAP = KdfCost(memory_mib=19, passes=2, lanes=1)
ABSURD = {
    "passes": ("I", 2**32 - 1),
    "memory": ("M", 2**42),
    "threads": ("P", 2**20),
    "many passes": ("I", 6_000),
}


@dataclass
class Found:
    """A bundle's folder, and the options with both holders' keys."""

    bundle: Path
    options: list[str]

    @property
    def vault(self) -> Path:
        return self.bundle / "data" / "06-secrets" / "vault.kdbx"

    def demand(self, name: str, value: int) -> None:
        """Make the file ask for more, as whoever knows both halves can."""
        identities = [load_identity(Path(path))[0] for path in self.options[1::2]]
        opened = vault_file.blank("found", Credentials(*halves(self.bundle, identities)), CHEAP)
        opened.database.kdbx.header.value.dynamic_header.kdf_parameters.data.dict[name].value = value
        self.vault.write_bytes(vault_file.build(opened))


@pytest.fixture
def found(tmp_path: Path) -> Found:
    options, holders = [], {}
    for group in "ab":
        identity = pyrage.x25519.Identity.generate()
        (tmp_path / f"{group}.key").write_text(f"{identity}\n")
        (tmp_path / f"{group}.pub").write_text(f"{identity.to_public()}\n")
        holders[group] = [{"name": group, "recipient_file": f"{group}.pub"}]
        options += ["--identity", str(tmp_path / f"{group}.key")]
    folder = tmp_path / "cartable-found" / "data" / "06-secrets"
    folder.mkdir(parents=True)
    vault = Vault.create(tmp_path / "vault.kdbx", "x", cost=CHEAP)
    write_secrets(folder, vault, load_holders({"holders": holders}, tmp_path), "found", cost=CHEAP)
    return Found(tmp_path / "cartable-found", options)


@pytest.mark.parametrize(("name", "value"), ABSURD.values(), ids=ABSURD)
def test_without_a_person_it_is_refused_and_the_sentence_says_how(
    found: Found, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: int
) -> None:
    found.demand(name, value)
    monkeypatch.setattr(passphrases, "has_terminal", lambda: False)
    assert main(["open", str(found.bundle), "--unverified", *found.options]) == 2
    said = capsys.readouterr().err
    assert "asks for a key derivation of" in said and "It was not begun" in said
    assert "lower the decryption time" in said and "--accept-cost" in said


@pytest.mark.parametrize(("answer", "status"), [(True, 0), (False, 2)])
def test_a_person_is_asked(
    found: Found,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: bool,
    status: int,
) -> None:
    """The limit is lowered, so that what it holds off ends within the test."""
    monkeypatch.setattr(vault_file, "MOST_PASSES_TIMES_BYTES", 1)
    asked: list[str] = []
    monkeypatch.setattr(passphrases, "has_terminal", lambda: True)
    monkeypatch.setattr(passphrases, "confirm", lambda question: asked.append(question) or answer)
    assert main(["open", str(found.bundle), "--unverified", *found.options]) == status
    assert len(asked) == 1 and "2 passes over 19 MiB in 1 threads, about" in asked[0]
    output, errors = capsys.readouterr()
    assert ("The vault opens" in output) is answer and ("was not begun" in errors) is not answer


def test_the_option_asks_nobody(
    found: Found, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vault_file, "MOST_MEMORY", 1)
    monkeypatch.setattr(passphrases, "has_terminal", lambda: False)
    assert main(["open", str(found.bundle), "--unverified", "--accept-cost", *found.options]) == 0
    assert "The vault opens" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "answer"), [("y", True), ("oui", True), ("", False), ("no", False), ("yn", False)]
)
def test_only_a_yes_is_one(typed: str, answer: bool) -> None:
    script = (
        "import sys; from reversibility.records.passphrase import confirm; sys.exit(40 + confirm('Begin? '))"
    )
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", script])
    shown = b""
    while b"Begin?" not in shown:
        shown += os.read(terminal, 100)
    os.write(terminal, f"{typed}\n".encode())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 40 + answer
    os.close(terminal)


def test_what_was_begun_can_be_interrupted(found: Found) -> None:
    found.demand(*ABSURD["passes"])
    command = [
        sys.executable,
        "-m",
        "reversibility",
        "open",
        str(found.bundle),
        "--unverified",
        "--accept-cost",
    ]
    with subprocess.Popen(
        [*command, *found.options], stderr=subprocess.PIPE, start_new_session=True
    ) as opening:
        tasks = Path(f"/proc/{opening.pid}/task")
        while len(list(tasks.iterdir())) < 2:  # the derivation has its own threads
            assert opening.poll() is None
            time.sleep(0.02)
        opening.send_signal(signal.SIGINT)
        try:
            assert opening.wait(10) == 130
        finally:
            opening.kill()
        assert opening.stderr is not None and b"interrupted" in opening.stderr.read()


def test_a_vault_that_was_accepted_is_not_derived_again(
    found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_file, "MOST_MEMORY", 1)
    asked: list[str] = []
    identities = [load_identity(Path(path))[0] for path in found.options[1::2]]
    passphrase, key_file = halves(found.bundle, identities)
    with pytest.raises(CostlyVaultError):
        Vault.open(found.vault, passphrase, key_file)
    vault = Vault.open(found.vault, passphrase, key_file, accept_cost=lambda text: asked.append(text) is None)
    os.utime(found.vault, (1, 1))
    assert vault.refresh() and vault.age_identity()
    assert len(asked) == 1
