"""Changes of the vault: a secret is pending until a real login has succeeded with it, then current."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from reversibility.records import vault_fields as kdbx
from reversibility.records.vault_content import VaultContent, check_secret_name
from reversibility.records.vault_entry import (
    PENDING,
    PENDING_EXPIRES,
    PENDING_REVISION,
    POLICY,
    REVISION,
    check_names,
    value_flaw,
)
from reversibility.records.vault_file import VaultError


class VaultTransaction:
    """Changes within ``Vault.transaction()``; ``changed`` says whether there is anything to save."""

    def __init__(self, content: VaultContent) -> None:
        """Start from ``content``, which is changed in place."""
        self._content = content
        self.changed = False

    def put_pending(
        self,
        site: str,
        asset: str,
        account: str,
        *,
        username: str,
        password: str,
        address: str = "",
        policy: str = "",
        expires: datetime | None = None,
    ) -> str:
        """Keep the next secret of an account beside its current one; return the secret's revision.

        Until ``make_current`` both are kept: whatever happens in between, one of the two works. An earlier
        pending secret that was never made current goes into the entry's history, since a device may have it.
        """
        _check_password(PENDING, password, asset, account)
        element = self._described(site, asset, account, username, address, policy)
        found = kdbx.fields(element)
        if found.get(PENDING) and found[PENDING] != password:
            kdbx.archive(element)
        revision = uuid.uuid4().hex
        kdbx.set_field(element, PENDING, password, protected=True)
        kdbx.set_field(element, PENDING_REVISION, revision)
        if expires is None:
            kdbx.remove_field(element, PENDING_EXPIRES)
        else:
            kdbx.set_field(element, PENDING_EXPIRES, expires.isoformat())
        self._modified(element)
        return revision

    def make_current(self, site: str, asset: str, account: str) -> str:
        """Let the pending secret replace the current one, which goes into the history; return its revision.

        Done again after it was done, it changes nothing. Raises VaultError when there is no secret at all.
        """
        element = self._existing(asset, account, site)
        found = kdbx.fields(element)
        pending = found.get(PENDING)
        if not pending:
            if not found.get(kdbx.PASSWORD):
                raise VaultError(
                    f"{asset}/{account} has no secret in the vault that could be current; prepare one."
                )
            return found.get(REVISION, "")
        expires = found.get(PENDING_EXPIRES)
        return self._replace(
            element,
            found,
            password=pending,
            revision=found.get(PENDING_REVISION) or uuid.uuid4().hex,
            expires=datetime.fromisoformat(expires) if expires else None,
        )

    def put_current(
        self,
        site: str,
        asset: str,
        account: str,
        *,
        username: str,
        password: str,
        address: str = "",
        policy: str = "",
        expires: datetime | None = None,
    ) -> str:
        """Keep a secret that is known to work (one that was taken over, for example); return its revision."""
        _check_password(kdbx.PASSWORD, password, asset, account)
        element = self._described(site, asset, account, username, address, policy)
        found = kdbx.fields(element)
        return self._replace(element, found, password=password, revision=uuid.uuid4().hex, expires=expires)

    def describe(
        self, site: str, asset: str, account: str, *, username: str, address: str = "", policy: str = ""
    ) -> None:
        """Update the attributes of an account (user name, address, policy, site), not its secrets."""
        self._existing(asset, account, site)
        self._described(site, asset, account, username, address, policy)

    def put_secret(self, site: str, asset: str, account: str, name: str, value: str) -> None:
        """Keep a named secret (a recovery key) as a protected field of an entry.

        The entry is made where it is missing. A former value goes into the entry's history.
        """
        check_secret_name(name)
        element = self._found_or_made(site, asset, account)
        former = kdbx.fields(element).get(name)
        if former == value:
            return
        if former:
            kdbx.archive(element)
        kdbx.set_field(element, name, value, protected=True)
        self._modified(element)

    def remove_secret(self, site: str, asset: str, account: str, name: str) -> None:
        """Take a named secret out of an entry, into its history; nothing where there is none."""
        check_secret_name(name)
        element = self._existing(asset, account, site)
        if name in kdbx.fields(element):
            kdbx.archive(element)
            kdbx.remove_field(element, name)
            self._modified(element)

    def put_attachment(self, site: str, asset: str, account: str, filename: str, data: bytes) -> None:
        """Attach a file to an entry, made where it is missing; a former content goes into the history."""
        check_secret_name(filename)
        element = self._found_or_made(site, asset, account)
        former = self._content.attachment(asset, account, filename)
        if former == data:
            return
        if former is not None:
            kdbx.archive(element)
            for binary in list(element.iterchildren("Binary")):
                if binary.findtext("Key") == filename:
                    element.remove(binary)
        number = self._content.opened.database.add_binary(data, protected=True)
        element.append(kdbx.attachment(filename, number))
        self._modified(element)

    def remove(self, site: str, asset: str, account: str) -> bool:
        """Move an entry to the vault's recycle bin; False when there is none."""
        place = self._content.locate(asset, account, site)
        if place is None:
            return False
        self._content.trash(asset, account, place[1])
        self.changed = True
        return True

    def forget_former(self, asset: str, account: str) -> bool:
        """Take the former secrets of an account out of its history and the recycle bin, for good; False for none."""
        trashed = self._content.empty_bin_of(asset, account)
        self.changed = self.changed or trashed
        place = self._content.locate(asset, account)
        if place is None or not kdbx.forget(place[1]):
            return trashed
        self._modified(place[1])
        return True

    def rename(self, site: str, old: str, new: str) -> list[str]:
        """Let the entries of the asset ``old`` be those of ``new``, secrets and history included; return the accounts.

        Raises VaultError where both have an entry of one account.
        """
        accounts = self._content.accounts(old)
        both = sorted(set(accounts) & set(self._content.accounts(new)))
        if both:
            raise VaultError(
                f"The vault has {', '.join(both)} of both {old} and {new}; one of them is another machine's, or was "
                "made after the renaming. Move one to the recycle bin with KeePassXC."
            )
        for account in accounts:
            check_names(site, new, account)
            for element in self._content.rename(site, old, new, account):
                self._modified(element)
        return accounts

    # ---- helpers

    def _replace(
        self, element: Any, found: dict[str, str], *, password: str, revision: str, expires: datetime | None
    ) -> str:
        """Set the current secret of an entry; ``found`` are its fields so far, which go into its history."""
        if found.get(kdbx.PASSWORD) or found.get(PENDING, password) != password:
            kdbx.archive(element)
        kdbx.set_field(element, kdbx.PASSWORD, password, protected=True)
        kdbx.set_field(element, REVISION, revision)
        kdbx.set_expiry(element, expires)
        for name in (PENDING, PENDING_REVISION, PENDING_EXPIRES):
            if name in found:
                kdbx.remove_field(element, name)
        self._modified(element)
        return revision

    def _existing(self, asset: str, account: str, site: str) -> Any:
        place = self._content.locate(asset, account, site)
        if place is None:
            raise VaultError(f"There is no entry {asset}/{account} in the vault; prepare one first.")
        return place[1]

    def _found_or_made(self, site: str, asset: str, account: str) -> Any:
        """The element of an entry, filed under the site where its asset is now."""
        check_names(site, asset, account)
        place = self._content.locate(asset, account, site)
        if place is None:
            self.changed = True
            return self._content.add(site, asset, account)
        former_site, element = place
        if former_site != site:
            self._content.move(site, asset, account, element)
            self._modified(element)
        return element

    def _described(
        self, site: str, asset: str, account: str, username: str, address: str, policy: str
    ) -> Any:
        element = self._found_or_made(site, asset, account)
        found = kdbx.fields(element)
        for name, value in ((kdbx.USERNAME, username), (kdbx.ADDRESS, address), (POLICY, policy)):
            if found.get(name, "") != value:
                kdbx.set_field(element, name, value)
                self._modified(element)
        return element

    def _modified(self, element: Any) -> None:
        kdbx.touch(element)
        self.changed = True


def _check_password(name: str, password: str, asset: str, account: str) -> None:
    """Raise VaultError for a password that no login could prove later; it is not repeated."""
    if not password:
        raise VaultError(f"An empty password cannot be kept for {asset}/{account}; generate one.")
    if flaw := value_flaw(name, password):
        raise VaultError(f"The password for {asset}/{account} cannot be kept: {flaw}")
