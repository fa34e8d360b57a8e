"""Where the passphrase comes from."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest

from reversibility.errors import CartableError
from reversibility.records import passphrase, session
from reversibility.records.passphrase import PassphraseError, configured_source, read_passphrase
from reversibility.records.vault import Vault, VaultError

NO_SETTINGS = ("ANSIBLE_CONFIG", passphrase.COMMAND_VARIABLE, passphrase.DESCRIPTOR_VARIABLE)


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NO_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def descriptor(content: bytes) -> int:
    """A pipe with ``content``, closed at its other end."""
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return reading


@pytest.mark.parametrize("content", [b"a secret\n", b"a secret", b"a secret\r\n", b"a secret\nlogin: me\n"])
def test_the_first_line_counts(content: bytes, tmp_path: Path) -> None:
    assert read_passphrase(fd=descriptor(content)) == "a secret"
    (tmp_path / "file").write_bytes(content)
    assert read_passphrase(command="cat file") == "a secret"


def test_a_descriptor_is_closed_when_it_is_read() -> None:
    fd = descriptor(b"a secret")
    read_passphrase(fd=fd)
    with pytest.raises(PassphraseError, match=f"file descriptor {fd}"):
        read_passphrase(fd=fd)


def test_a_command_runs_without_a_shell() -> None:
    assert read_passphrase(command="printf '%s' '$HOME; two words'") == "$HOME; two words"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no-such-command --now", "No such file or directory: no-such-command"),
        ("false the-argument", r"\(false\) failed with 1; run it by hand"),
        ("true", "is empty"),
        ("printf 'unfinished", "cannot be read"),
        ("   ", "cannot be read"),
        ("head -c 5000 /dev/zero", "More than 4096 bytes"),
        (r"printf \\377", "not UTF-8"),
    ],
)
def test_a_command_that_fails_is_said(command: str, message: str) -> None:
    with pytest.raises(PassphraseError, match=message) as error:
        read_passphrase(command=command)
    assert "the-argument" not in str(error.value)  # an argument may be a secret, a program's name is none


def test_without_a_terminal_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passphrase, "has_terminal", lambda: False)
    with pytest.raises(PassphraseError, match=r"vault_passphrase_command .* run on a terminal"):
        read_passphrase()
    with pytest.raises(PassphraseError, match="run on a terminal"):
        passphrase.ask_new()


def on_a_terminal(code: str, typed: list[bytes]) -> bytes:
    """Run Python on a real terminal and type; what the terminal showed."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", code])
    shown = b""
    while True:
        try:
            data = os.read(terminal, 1000)
        except OSError:  # the child has ended
            break
        if not data:
            break
        shown += data
        if typed and shown.rstrip(b" ").endswith(b":"):
            os.write(terminal, typed.pop(0))
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown
    return shown


def test_a_prompt_does_not_show_what_is_typed() -> None:
    code = "from reversibility.records.passphrase import read_passphrase; print(len(read_passphrase()))"
    shown = on_a_terminal(code, [b"a secret\n"])
    assert b"Passphrase of the vault:" in shown
    assert b"8" in shown
    assert b"secret" not in shown


def test_a_new_passphrase_is_typed_twice() -> None:
    code = (
        "from reversibility.records.passphrase import ask_new, PassphraseError\n"
        "try: print(len(ask_new()))\nexcept PassphraseError as error: print(error)"
    )
    assert b"8" in on_a_terminal(code, [b"a secret\n", b"a secret\n"])
    assert b"differ" in on_a_terminal(code, [b"a secret\n", b"a secrte\n"])


def test_settings_from_the_environment_and_ansible_cfg(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not configured_source().configured
    (tmp_path / "ansible.cfg").write_text("[cartable]\nvault_passphrase_command = cat 100%  ; a note\n")
    assert configured_source().command == "cat 100%"
    monkeypatch.setenv(passphrase.COMMAND_VARIABLE, "from environment")
    assert configured_source().command == "from environment"
    assert configured_source(command="given").command == "given"
    monkeypatch.setenv(passphrase.DESCRIPTOR_VARIABLE, "7")
    assert configured_source() == passphrase.PassphraseSource(fd=7)
    monkeypatch.setenv(passphrase.DESCRIPTOR_VARIABLE, "seven")
    with pytest.raises(PassphraseError, match="'seven'; give the number"):
        configured_source()


def test_the_session_asks_once(
    vault_path: Path, passphrase: str, monkeypatch: pytest.MonkeyPatch, derivations: list[int]
) -> None:
    with pytest.raises(VaultError, match="is not open; set vault_passphrase_command"):
        session.opened_vault(vault_path)
    monkeypatch.setenv("CARTABLE_VAULT_PASSPHRASE_FD", str(descriptor(passphrase.encode())))
    first = session.current_vault(vault_path)
    other = Vault.open(vault_path, passphrase)  # another process
    with other.transaction() as change:
        change.put_current("s", "UC250001", "cartable", username="u", password="Kd7m-Tq6w-Rz9b")
    again = session.current_vault(vault_path)
    assert again is first
    assert again.find("UC250001", "cartable")
    assert derivations == [1, 1]  # one by the session, one by the other process


def test_a_missing_vault_is_said_before_a_passphrase_is_asked(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="reversibility vault init -i DIR"):
        session.current_vault(tmp_path / "vault.kdbx")


def test_the_vault_of_a_host_is_that_of_its_market(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    market = tmp_path / "inventories" / "tiny"
    market.mkdir(parents=True)
    (market / "hosts.yml").write_text("all: {}\n")
    monkeypatch.delenv("CARTABLE_DATA_DIR", raising=False)
    expected = tmp_path / "var" / "tiny" / "vault.kdbx"
    assert session.vault_of(market) == expected
    with pytest.raises(CartableError, match="is not a market"):
        session.vault_of(tmp_path)
