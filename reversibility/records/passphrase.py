"""Source of the vault's passphrase: a command, a file descriptor or a prompt.

Never from an argument, and never from an environment variable: other processes read those.
"""

from __future__ import annotations

import configparser
import getpass
import os
import shlex
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from reversibility.errors import CartableError

COMMAND_VARIABLE = "CARTABLE_VAULT_PASSPHRASE_COMMAND"
DESCRIPTOR_VARIABLE = "CARTABLE_VAULT_PASSPHRASE_FD"
SECTION, COMMAND_KEY = "cartable", "vault_passphrase_command"
LONGEST = 4096  # bytes; more is an error, such as a wrong command
HOW = (
    f"set {COMMAND_KEY} in the section [{SECTION}] of ansible.cfg (or {COMMAND_VARIABLE}), pass a file "
    f"descriptor with "
    f"{DESCRIPTOR_VARIABLE}, or run on a terminal"
)


class PassphraseError(CartableError):
    """The passphrase is not available."""


@dataclass(frozen=True)
class PassphraseSource:
    """The configured source: a command, a file descriptor, or neither (then a prompt)."""

    command: str | None = None
    fd: int | None = None

    @property
    def configured(self) -> bool:
        """Whether the passphrase is available without a prompt."""
        return self.command is not None or self.fd is not None


def configured_source(command: str | None = None, fd: int | str | None = None) -> PassphraseSource:
    """The source that is configured: what is given, else the environment, else ansible.cfg.

    The environment says *where* the passphrase is, never what it is.
    """
    fd = fd if fd not in (None, "") else os.environ.get(DESCRIPTOR_VARIABLE) or None
    command = command or os.environ.get(COMMAND_VARIABLE) or None
    if fd is not None:
        try:
            number = int(fd)
        except ValueError as error:
            raise PassphraseError(
                f"{DESCRIPTOR_VARIABLE} is {fd!r}; give the number of a file descriptor."
            ) from error
        return PassphraseSource(fd=number)
    return PassphraseSource(command=command or _command_of_ansible_cfg())


def _command_of_ansible_cfg() -> str | None:
    """The setting of the ansible.cfg that Ansible would use: $ANSIBLE_CONFIG, this folder's, or the user's own.

    A file that others can write is ignored, since it names a command to run.
    """
    named = os.environ.get("ANSIBLE_CONFIG")
    places = [Path(named)] if named else [Path("ansible.cfg"), Path("~/.ansible.cfg").expanduser()]
    path = next((place for place in places if place.is_file() and (named or _is_ours(place))), None)
    if path is None:
        return None
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",))
    try:
        parser.read(path, encoding="utf-8")
    except configparser.Error as error:
        raise PassphraseError(
            f"{path} cannot be read ({error.message.splitlines()[0]}); correct it."
        ) from error
    return parser.get(SECTION, COMMAND_KEY, fallback="").strip() or None


def _is_ours(file: Path) -> bool:
    """Whether only the user or root can have written it: neither it nor its folder is open, and no bundle is around."""
    folder = file.resolve().parent
    for path in (file, folder):
        status = path.stat()
        if status.st_uid not in (0, os.geteuid()) or status.st_mode & stat.S_IWOTH:
            return False
    return not any((parent / "bagit.txt").exists() for parent in (folder, *folder.parents))


def read_passphrase(*, command: str | None = None, fd: int | None = None, prompt: bool = True) -> str:
    """Read the passphrase from ``command`` (its first line), from the descriptor ``fd`` or by a prompt.

    ``fd`` is read to its end and closed, so it works once. The command runs without a shell; its messages go
    to ours. Raises PassphraseError when there is no way, or when what comes is empty.
    """
    if fd is not None:
        passphrase = _from_descriptor(fd)
    elif command is not None:
        passphrase = _from_command(command)
    elif prompt and has_terminal():
        passphrase = ask("Passphrase of the vault: ")
    else:
        raise PassphraseError(f"There is no way to ask for the vault's passphrase here; {HOW}.")
    if not passphrase:
        raise PassphraseError(
            "The passphrase that came is empty; check the command, the descriptor or the typing."
        )
    return passphrase


def _from_descriptor(fd: int) -> str:
    try:
        with os.fdopen(fd, "rb") as stream:
            data = stream.read(LONGEST + 1)
    except OSError as error:
        raise PassphraseError(
            f"The passphrase cannot be read from the file descriptor {fd} ({error.strerror}); open it for "
            f"the command "
            f"that needs it, such as {DESCRIPTOR_VARIABLE}=3 ansible-playbook … 3<FILE."
        ) from error
    return _first_line(data, f"the file descriptor {fd}")


def _from_command(command: str) -> str:
    try:
        words = shlex.split(command)
        result = subprocess.run(words, stdout=subprocess.PIPE, check=False)
    except (ValueError, IndexError) as error:
        raise PassphraseError(
            f"The command for the vault's passphrase cannot be read ({error}); correct it."
        ) from error
    except OSError as error:
        raise PassphraseError(
            f"The command for the vault's passphrase cannot be run ({error.strerror}: {words[0]}); correct "
            f"{COMMAND_KEY} or {COMMAND_VARIABLE}."
        ) from error
    if result.returncode != 0:
        raise PassphraseError(
            f"The command for the vault's passphrase ({words[0]}) failed with {result.returncode}; run it "
            f"by hand to "
            "see why."
        )
    return _first_line(result.stdout, f"the command {words[0]}")


def _first_line(data: bytes, origin: str) -> str:
    """The passphrase in what came; the end of its line is not part of it."""
    if len(data) > LONGEST:
        raise PassphraseError(
            f"More than {LONGEST} bytes came from {origin}, which is no passphrase; check it."
        )
    try:
        return data.decode("utf-8").split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError as error:
        raise PassphraseError(f"What came from {origin} is not UTF-8 text; check it.") from error


def has_terminal() -> bool:
    """Whether a person can be asked."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def ask(question: str) -> str:
    """Ask on the terminal without showing what is typed."""
    try:
        return getpass.getpass(question)
    except EOFError as error:
        raise PassphraseError("No passphrase was typed; run again.") from error


def confirm(question: str) -> bool:
    """Ask on the terminal whether to go on; anything but a yes is a no."""
    with Path("/dev/tty").open("r+b", buffering=0) as terminal:
        terminal.write(question.encode())
        return terminal.readline().strip().lower() in {b"y", b"yes", b"o", b"oui"}


def ask_new() -> str:
    """Ask twice for the passphrase of a new vault."""
    if not has_terminal():
        raise PassphraseError(f"There is no way to ask for the new vault's passphrase here; {HOW}.")
    passphrase = ask("New passphrase of the vault: ")
    if passphrase != ask("The same again: "):
        raise PassphraseError("The two passphrases differ; run again.")
    return passphrase
