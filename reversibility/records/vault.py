"""The vault: the one KeePass file that has every secret of a market.

Opened by KeePassXC as well as by this. ``group = site``, ``title = asset/account``. Reading takes no lock,
since the file is only ever replaced as a whole; writing is a transaction under a lock, which starts from what
is on the disk.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyrage

from reversibility.errors import CartableError
from reversibility.records import vault_file
from reversibility.records.atomic import remove_leftovers, write_atomically
from reversibility.records.locking import file_lock
from reversibility.records.password_policy import problems_of_entry
from reversibility.records.vault_content import VaultContent
from reversibility.records.vault_entry import AGE_IDENTITY, OPERATOR_SSH, OWN_ASSET, Entry
from reversibility.records.vault_file import AcceptCost, Credentials, KdfCost, VaultError
from reversibility.records.vault_transaction import VaultTransaction

__all__ = ["Entry", "KdfCost", "Vault", "VaultError", "VaultTransaction"]

MODE = 0o600
LOCK_TIMEOUT = 300.0  # seconds; a save of 25,000 entries takes a few, and twenty forks may queue


class Vault:
    """An opened vault. Made by ``create`` or ``open``; copied with its derived key into forked workers."""

    def __init__(
        self,
        path: Path,
        credentials: Credentials,
        known: vault_file.OpenFile | None = None,
        accept_cost: AcceptCost | None = None,
    ) -> None:
        """Open ``path``, without the slow derivation where ``known`` has its key; prefer ``Vault.open``."""
        self.path = path
        self._credentials = credentials
        self._accept_cost = accept_cost
        self._opened = known
        self._stamp: tuple[int, int, int] | None = None
        self._content: VaultContent | None = None
        self.refresh()

    def __repr__(self) -> str:
        """Name the file and nothing that is inside."""
        return f"Vault({str(self.path)!r})"

    @classmethod
    def create(
        cls, path: Path, passphrase: str, key_file: Path | bytes | None = None, *, cost: KdfCost | None = None
    ) -> Vault:
        """Make the vault and the age identity inside it.

        Raises VaultError when there is a file already: a vault is never overwritten.
        """
        credentials = _credentials(passphrase, key_file)
        opened = vault_file.blank(f"Cartable {path.absolute().parent.name}", credentials, cost or KdfCost())
        with file_lock(_lock_path(path), LOCK_TIMEOUT):
            if path.exists():
                raise VaultError(
                    f"There is a vault already: {path}; use it, or move it away before making another."
                )
            transaction = VaultTransaction(VaultContent(opened))
            identity = pyrage.x25519.Identity.generate()
            transaction.put_current(
                OWN_ASSET,
                OWN_ASSET,
                AGE_IDENTITY,
                username=str(identity.to_public()),
                password=str(identity),
                policy="age",
            )
            write_atomically(path, vault_file.build(opened), MODE)
        return cls(path, credentials, opened)

    @classmethod
    def open(
        cls,
        path: Path,
        passphrase: str,
        key_file: Path | bytes | None = None,
        *,
        accept_cost: AcceptCost | None = None,
    ) -> Vault:
        """Open the vault; most of a second by design, so once a run.

        ``accept_cost`` is asked about a file that somebody made to take very long. Raises WrongPassphraseError,
        DamagedVaultError, CostlyVaultError, or VaultError when the file is missing or unreadable.
        """
        return cls(path, _credentials(passphrase, key_file), accept_cost=accept_cost)

    @property
    def previous(self) -> Path:
        """The previous version of the file."""
        return self.path.with_name(self.path.name + ".previous")

    # ---- reading

    def refresh(self) -> bool:
        """Read the file again if another process has saved it; cheap when none has. True when it was read.

        The slow key derivation is repeated only after a program that changes the salt (KeePassXC) has saved.
        """
        if self._content is not None and self._stamp == self._stamp_on_disk():
            return False
        self._load()
        return True

    def release(self) -> None:
        """Free the content's memory; the next use reads the file again, without the slow derivation."""
        self._content = None
        if self._opened is not None:
            self._opened = dataclasses.replace(self._opened, database=None)
        gc.collect()  # pykeepass's objects refer to one another

    def _load(self) -> bytes:
        """Read the file, whatever was read before; return its bytes."""
        try:
            stamp = (
                self._stamp_on_disk()
            )  # before the bytes: a save in between is then noticed at the next refresh
            data = self.path.read_bytes()
        except OSError as error:
            raise VaultError(
                f"The vault {self.path} cannot be read ({error.strerror}); check its rights."
            ) from error
        self._content = None
        self._opened = vault_file.read(
            data, str(self.path), self._credentials, self._opened, self._accept_cost
        )
        self._content = VaultContent(self._opened)
        self._stamp = stamp
        return data

    def _stamp_on_disk(self) -> tuple[int, int, int]:
        """Stamp that changes when the file is replaced."""
        try:
            status = self.path.stat()
        except FileNotFoundError as error:
            raise VaultError(
                f"There is no vault at {self.path}; make it with `reversibility vault init`, or bring it "
                f"back from "
                "a backup."
            ) from error
        except OSError as error:
            raise VaultError(
                f"The vault {self.path} cannot be read ({error.strerror}); check its rights."
            ) from error
        return (status.st_ino, status.st_size, status.st_mtime_ns)

    @property
    def content(self) -> VaultContent:
        """What was read; read again after a transaction that failed."""
        if self._content is None:
            self._load()
        assert self._content is not None
        return self._content

    def get(self, site: str, asset: str, account: str) -> Entry | None:
        """The entry of an account, or None; that of an asset that has moved is found as well."""
        return self.content.get(asset, account, site)

    def find(self, asset: str, account: str) -> Entry | None:
        """The entry of an account, wherever it is filed: an asset tag is unique in a market (R40)."""
        return self.content.get(asset, account)

    def former(self, asset: str, account: str, revision: str = "") -> str | None:
        """The password of an account before the current one, or None: what no login may succeed with any more.

        With ``revision``, the one that had this revision, however many came after it.
        """
        return self.content.former(asset, account, revision)

    def entries(self) -> list[Entry]:
        """All accounts of assets by site, asset and account; the project's own secrets are not among them."""
        found = (entry for entry in self.content.entries() if entry.asset != OWN_ASSET)
        return sorted(found, key=lambda entry: (entry.site, entry.asset, entry.account))

    def accounts(self, asset: str) -> list[str]:
        """The accounts that the vault has entries of for an asset, sorted."""
        return self.content.accounts(asset)

    def secret(self, asset: str, account: str, name: str) -> str | None:
        """A named secret beside an account's password (a recovery key), or None."""
        return self.content.secret(asset, account, name)

    def attachment(self, asset: str, account: str, filename: str) -> bytes | None:
        """The content of a file that is attached to an entry, or None."""
        return self.content.attachment(asset, account, filename)

    def age_identity(self) -> str:
        """The age identity that decrypts every ``config.age``; secret."""
        entry = self.find(OWN_ASSET, AGE_IDENTITY)
        if entry is None:
            raise VaultError(
                f"{self.path} has no entry {OWN_ASSET}/{AGE_IDENTITY}, without which no configuration can "
                f"be read; "
                f"bring it back with KeePassXC from {self.previous.name} or from the recycle bin."
            )
        return entry.password

    def age_recipient(self) -> str:
        """The public key to which configurations are encrypted."""
        try:
            return str(pyrage.x25519.Identity.from_str(self.age_identity()).to_public())
        except pyrage.IdentityError as error:
            raise VaultError(
                f"The age identity in {self.path} is damaged; bring it back with KeePassXC from the "
                f"entry's history."
            ) from error

    def secrets(self) -> frozenset[str]:
        """Every secret text, including former ones and those in the recycle bin, which no other file may contain."""
        protected = self.content.opened.database.tree.iterfind(".//Value[@Protected='True']")
        return frozenset(value.text for value in protected if value.text)

    # ---- writing

    @contextlib.contextmanager
    def transaction(self) -> Iterator[VaultTransaction]:
        """Change the vault: ``with vault.transaction() as change: change.put_pending(…)``.

        Takes the lock, starts from what is on the disk, and saves once at the end. When the body raises, or
        when the save fails, the file is as it was. Not to be nested: the second one would wait for the first.
        """
        with file_lock(_lock_path(self.path), LOCK_TIMEOUT):
            self.refresh()
            change = VaultTransaction(self.content)
            try:
                yield change
                if change.changed:
                    self._save()
            except BaseException:
                self._content = (
                    None  # what is in memory is not what is on the disk: read it again at the next use
                )
                raise

    def _save(self) -> None:
        """Replace the file, keeping the one before; the lock is held.

        At every instant ``path`` is a whole vault: both files are written aside and renamed.
        """
        try:
            before = self.path.read_bytes()
        except OSError as error:
            raise VaultError(
                f"The vault {self.path} cannot be read ({error.strerror}); check its rights."
            ) from error
        data = vault_file.build(self.content.opened)
        try:
            remove_leftovers(self.path.parent)
            write_atomically(self.previous, before, MODE)
            write_atomically(self.path, data, MODE)
        except (CartableError, OSError) as error:
            raise VaultError(f"The vault was not saved and is as it was: {error}") from error
        self._stamp = self._stamp_on_disk()

    def export(
        self,
        path: Path,
        passphrase: str,
        key_file: bytes,
        *,
        operator_key: Mapping[str, bytes] | None = None,
        cost: KdfCost | None = None,
    ) -> None:
        """Write a copy for the bundle that opens with ``passphrase`` and ``key_file`` together only.

        Everything is in it: entries, their history, attachments; and the files of the operators' SSH key by their
        names, which are no part of this vault itself. Its data is re-encrypted with a key of its own.
        """
        if not key_file:
            raise VaultError(
                "The copy of the vault needs a key file, or one group of holders could open it alone."
            )
        self.refresh()
        credentials = Credentials(passphrase, key_file)
        with self.content.lent(OWN_ASSET, OWN_ASSET, OPERATOR_SSH, operator_key or {}):
            data = vault_file.rebuild(self.content.opened, credentials, cost or KdfCost())
        write_atomically(path, data, MODE)

    def operator_key(self) -> dict[str, bytes]:
        """The files of the operators' SSH key by their names, in the vault of a bundle; empty when it has none."""
        return self.content.attachments(OWN_ASSET, OPERATOR_SSH)

    # ---- checking

    def verify(self, now: datetime | None = None) -> list[str]:
        """Problems, a sentence each, without any secret."""
        self._load()
        problems = [f"{title}: two entries have this title; keep one." for title in self.content.duplicates]
        if not vault_file.uses_argon2id(self.content.opened.database):
            problems.append(
                "The key derivation is not Argon2id; change it in KeePassXC (Database settings, Security)."
            )
        if (mode := self.path.stat().st_mode & 0o777) & 0o077:
            problems.append(f"Others may read the file (mode {mode:04o}); run chmod 600 {self.path}.")
        try:
            self.age_recipient()
        except VaultError as error:
            problems.append(str(error))
        for entry in self.entries():
            problems.extend(problems_of_entry(entry, now or datetime.now(UTC)))
        return problems


def _credentials(passphrase: str, key_file: Path | bytes | None) -> Credentials:
    """Read the key file where a path is given."""
    if not isinstance(key_file, Path):
        return Credentials(passphrase, key_file)
    try:
        return Credentials(passphrase, key_file.read_bytes())
    except OSError as error:
        raise VaultError(
            f"The key file {key_file} cannot be read ({error.strerror}); check its path."
        ) from error


def _lock_path(path: Path) -> Path:
    """The file that writers lock; never the vault itself, which is replaced."""
    return path.with_name(path.name + ".lock")
