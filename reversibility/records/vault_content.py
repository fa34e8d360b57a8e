"""The entries of a decrypted vault, found by a dictionary that is built once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from pykeepass import Entry as KeePassEntry

from reversibility.records import vault_fields as kdbx
from reversibility.records.vault_entry import OWN_FIELDS, PLACEHOLDER, Entry, read_entry, value_flaw
from reversibility.records.vault_file import OpenFile, VaultError


class VaultContent:
    """Content of one decrypted file. A refresh makes a new object."""

    def __init__(self, opened: OpenFile) -> None:
        """Index the entries; linear in their number."""
        self.opened = opened
        self.duplicates: list[str] = []
        self._elements: dict[tuple[str, str], list[tuple[str, Any]]] = {}
        for site, element in kdbx.filed_entries(opened.database):
            entry = read_entry(site, element)
            if entry is not None:
                places = self._elements.setdefault((entry.asset, entry.account), [])
                if places:
                    self.duplicates.append(entry.title)
                places.append((site, element))
        self._groups = {
            group.findtext("Name") or "": group
            for group in opened.database.tree.find("Root/Group").findall("Group")
        }

    def locate(self, asset: str, account: str, site: str | None = None) -> tuple[str, Any] | None:
        """The site and the element of an entry: the one of ``site`` where there are several."""
        places = self._elements.get((asset, account))
        if not places:
            return None
        return next((place for place in places if place[0] == site), places[0])

    def get(self, asset: str, account: str, site: str | None = None) -> Entry | None:
        """The entry of an account, or None. Raises VaultError for one that cannot be used as it is written."""
        place = self.locate(asset, account, site)
        entry = read_entry(*place) if place else None
        if entry is not None and entry.flaw:
            raise VaultError(f"The vault's entry {entry.title} cannot be used: {entry.flaw}")
        return entry

    def former(self, asset: str, account: str, revision: str = "") -> str | None:
        """The password of an account before the current one, or the one of a revision; None without one."""
        place = self.locate(asset, account)
        return kdbx.former_password(place[1], revision) if place else None

    def entries(self) -> Iterator[Entry]:
        """Every entry that has a title of ours, in the order of the file; one with a flaw has no password."""
        for places in self._elements.values():
            for site, element in places:
                entry = read_entry(site, element)
                if entry is not None:
                    yield entry

    def secret(self, asset: str, account: str, name: str) -> str | None:
        """A named protected field of an entry, or None."""
        check_secret_name(name)
        place = self.locate(asset, account)
        value = kdbx.fields(place[1]).get(name) if place else None
        if value and PLACEHOLDER.search(value):
            raise VaultError(f"The vault's entry {asset}/{account} cannot be used: {value_flaw(name, value)}")
        return value

    def attachment(self, asset: str, account: str, filename: str) -> bytes | None:
        """The content of an attached file, or None."""
        place = self.locate(asset, account)
        for name, number in kdbx.attachments(place[1]) if place else ():
            if name == filename:
                return self._attached(asset, account, name, number)
        return None

    def attachments(self, asset: str, account: str) -> dict[str, bytes]:
        """All files that are attached to an entry, by their names; none when there is no such entry."""
        place = self.locate(asset, account)
        found = kdbx.attachments(place[1]) if place else ()
        return {name: self._attached(asset, account, name, number) for name, number in found}

    def _attached(self, asset: str, account: str, filename: str, number: int) -> bytes:
        """The content of the attached file with that number in the vault."""
        stored = self.opened.database.payload.inner_header.binary
        if number >= len(stored):
            raise VaultError(
                f"The attachment {filename} of {asset}/{account} is not in the vault any more; "
                f"bring it back "
                "from a backup."
            )
        return bytes(stored[number].data[1:])  # the first byte says whether it is protected

    @contextlib.contextmanager
    def lent(self, site: str, asset: str, account: str, files: Mapping[str, bytes]) -> Iterator[None]:
        """Within the block, add an entry with these attached files, for a copy of the vault; removed afterwards."""
        database, element = self.opened.database, kdbx.new_entry(f"{asset}/{account}")
        stored = database.payload.inner_header.binary
        former, kept = self.locate(asset, account), len(stored)
        group = former[1].getparent() if former else self._group(site)
        place = group.index(former[1]) if former else len(group)
        for name, data in files.items():
            element.append(kdbx.attachment(name, database.add_binary(data, protected=True)))
        if former:
            group.remove(former[1])
        if files:
            group.append(element)
        try:
            yield
        finally:
            if files:
                group.remove(element)
            if former:
                group.insert(place, former[1])
            del stored[kept:]

    # ---- changes, for VaultTransaction

    def add(self, site: str, asset: str, account: str) -> Any:
        """Make an empty entry and return its element."""
        element = kdbx.new_entry(f"{asset}/{account}")
        self._group(site).append(element)
        self._elements[(asset, account)] = [(site, element)]
        return element

    def move(self, site: str, asset: str, account: str, element: Any) -> None:
        """File an entry under another site, where its asset is now."""
        self._group(site).append(element)
        self._elements[(asset, account)] = [(site, element)]

    def accounts(self, asset: str) -> list[str]:
        """The accounts that an asset has entries of, sorted."""
        return sorted(account for tag, account in self._elements if tag == asset)

    def rename(self, site: str, old: str, new: str, account: str) -> list[Any]:
        """Give the entries of an account another asset's tag, and file them under its site; return their elements."""
        places = self._elements.pop((old, account))
        for _, element in places:
            kdbx.set_field(element, kdbx.TITLE, f"{new}/{account}")
            self._group(site).append(element)
        self._elements[(new, account)] = [(site, element) for _, element in places]
        return [element for _, element in places]

    def trash(self, asset: str, account: str, element: Any) -> None:
        """Put an entry into the recycle bin of the vault, from where KeePassXC brings it back."""
        database = self.opened.database
        database.trash_entry(KeePassEntry(element=element, kp=database))
        places = [place for place in self._elements[(asset, account)] if place[1] is not element]
        if places:
            self._elements[(asset, account)] = places
        else:
            del self._elements[(asset, account)]

    def empty_bin_of(self, asset: str, account: str) -> bool:
        """Take the entries of an account out of the recycle bin, for good; False when there are none."""
        title = f"{asset}/{account}"
        found = [
            element
            for element in kdbx.trashed_entries(self.opened.database)
            if kdbx.fields(element).get(kdbx.TITLE) == title
        ]
        for element in found:
            element.getparent().remove(element)
        return bool(found)

    def _group(self, site: str) -> Any:
        """The group of a site, made where it is missing."""
        if site not in self._groups:
            database = self.opened.database
            database.add_group(database.root_group, site)
            self._groups[site] = next(
                group
                for group in database.tree.find("Root/Group").findall("Group")
                if group.findtext("Name") == site
            )
        return self._groups[site]


def check_secret_name(name: str) -> None:
    """Raise VaultError for the name of a secret that KeePass or this project uses for something else."""
    if (
        not name
        or not name.isprintable()
        or name != name.strip()
        or name in kdbx.RESERVED_FIELDS | OWN_FIELDS
    ):
        raise VaultError(f"{name!r} cannot be the name of a secret in the vault; choose another.")
