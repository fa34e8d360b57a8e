"""The XML of one KeePass entry: its fields, times and history.

pykeepass searches by XPath at each access, which makes 25,000 entries take minutes; these functions walk the
few children of one entry instead. The layout is that of KDBX 4 (``Entry/String/{Key,Value}``, times in
base64).
"""

from __future__ import annotations

import base64
import copy
import struct
import unicodedata
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml.builder import E

from reversibility.records.vault_file import VaultError

TITLE, USERNAME, PASSWORD, ADDRESS = "Title", "UserName", "Password", "URL"
# What KeePass itself gives a meaning to; a secret of ours may not take these names.
RESERVED_FIELDS = frozenset(
    {TITLE, USERNAME, PASSWORD, ADDRESS, "Notes", "Tags", "IconID", "Times", "History", "otp"}
)
YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)


def new_entry(title: str) -> Any:
    """An entry that has a title and nothing else (an lxml element)."""
    now = encode_time(datetime.now(UTC))
    return E.Entry(
        E.UUID(base64.b64encode(uuid.uuid4().bytes).decode()),
        E.IconID("0"),
        E.Times(
            E.CreationTime(now),
            E.LastModificationTime(now),
            E.LastAccessTime(now),
            E.ExpiryTime(now),
            E.Expires("False"),
            E.UsageCount("0"),
            E.LocationChanged(now),
        ),
        E.String(E.Key(TITLE), E.Value(title)),
        E.String(E.Key(USERNAME), E.Value()),
        E.String(E.Key(PASSWORD), E.Value(Protected="True")),
        E.String(E.Key(ADDRESS), E.Value()),
    )


def fields(element: Any) -> dict[str, str]:
    """Every text field of an entry by its name."""
    return {
        string.findtext("Key") or "": string.findtext("Value") or ""
        for string in element.iterchildren("String")
    }


def set_field(element: Any, name: str, value: str, *, protected: bool = False) -> None:
    """Set one text field; KeePassXC hides a ``protected`` one, which is encrypted twice in the file."""
    attributes = {"Protected": "True"} if protected else {}
    replacement = E.String(E.Key(name), E.Value(storable(value, name), **attributes))
    for string in element.iterchildren("String"):
        if string.findtext("Key") == name:
            element.replace(string, replacement)
            return
    # Strings come before the other children in KeePass's own files; the order is free in the format.
    element.append(replacement)


def remove_field(element: Any, name: str) -> None:
    """Remove one text field if it is there."""
    for string in list(element.iterchildren("String")):
        if string.findtext("Key") == name:
            element.remove(string)


def storable(value: str, name: str) -> str:
    """Return ``value`` when a KeePass file keeps it as it is.

    Raises VaultError for control characters, surrogates and non-characters, which XML cannot carry, and for
    carriage returns and tabs, which are only ever typing errors in a credential. The value is not repeated in
    the error.
    """
    if value and not value.strip():  # an XML reader drops it
        raise VaultError(f"The field {name} holds nothing but spaces; leave it empty.")
    for character in value:
        code = ord(character)
        control = unicodedata.category(character) in ("Cc", "Cs") and character != "\n"
        if control or code in (0xFFFE, 0xFFFF):
            raise VaultError(
                f"The field {name} has the character U+{code:04X}, which a KeePass file cannot hold; put "
                f"it in an "
                "attachment, or leave the character out."
            )
    return value


def touch(element: Any) -> None:
    """Say that the entry was modified now: KeePassXC merges two copies of a vault by this time."""
    times = element.find("Times")
    now = encode_time(datetime.now(UTC))
    for name in ("LastModificationTime", "LastAccessTime"):
        found = times.find(name)
        if found is not None:
            found.text = now


def archive(element: Any) -> None:
    """Keep the entry as it is now in its history, where KeePassXC shows it."""
    old = copy.deepcopy(element)
    history = old.find("History")
    if history is not None:
        old.remove(history)
        element.find("History").append(old)
    else:
        element.append(E.History(old))


def former_password(element: Any, revision: str = "") -> str | None:
    """The last password in the history that is another one than the current; None when there is none.

    With ``revision``, the one that had this revision.
    """
    current = fields(element).get(PASSWORD)
    history = element.find("History")
    older = [] if history is None else [fields(old) for old in history.iterchildren("Entry")]
    passwords = [old.get(PASSWORD) for old in older if not revision or old.get("revision") == revision]
    return next((password for password in reversed(passwords) if password and password != current), None)


def forget(element: Any) -> bool:
    """Take the history out of an entry; False when it had none."""
    history = element.find("History")
    if history is None or not len(history):
        return False
    element.remove(history)
    return True


def expiry(element: Any) -> datetime | None:
    """When the entry's password expires (UTC), or None when it never does."""
    times = element.find("Times")
    if times is None or times.findtext("Expires") != "True":
        return None
    text = times.findtext("ExpiryTime")
    return decode_time(text) if text else None


def set_expiry(element: Any, when: datetime | None) -> None:
    """Set or clear the time at which the entry's password expires; ``when`` needs a time zone."""
    times = element.find("Times")
    times.find("Expires").text = "False" if when is None else "True"
    if when is not None:
        times.find("ExpiryTime").text = encode_time(when)


def encode_time(when: datetime) -> str:
    """KDBX 4's time: base64 of the seconds since the year 1, UTC, as 64 bits."""
    seconds = (when.astimezone(UTC) - YEAR_ONE) // timedelta(seconds=1)
    return base64.b64encode(struct.pack("<Q", seconds)).decode()


def decode_time(text: str) -> datetime:
    """Read a time of KDBX 4, or the ISO text that other programs write in its place."""
    try:
        (seconds,) = struct.unpack("<Q", base64.b64decode(text, validate=True))
        return YEAR_ONE + timedelta(seconds=seconds)
    except (ValueError, struct.error, OverflowError):
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise VaultError(
                f"The vault has a time that is no time, or beyond the year 9999 ({text!r}); correct it with KeePassXC."
            ) from error


def filed_entries(database: Any) -> Iterator[tuple[str, Any]]:
    """Every entry that is not in the recycle bin, with the name of the top group it is filed under."""
    root = database.tree.find("Root/Group")
    bin_id = database.tree.findtext("Meta/RecycleBinUUID")
    pending = [(group.findtext("Name") or "", group) for group in reversed(root.findall("Group"))]
    for element in root.iterchildren("Entry"):
        yield "", element
    while pending:
        top, group = pending.pop()
        if bin_id and group.findtext("UUID") == bin_id:
            continue
        for element in group.iterchildren("Entry"):
            yield top, element
        pending.extend((top, child) for child in reversed(group.findall("Group")))


def trashed_entries(database: Any) -> list[Any]:
    """Every entry in the recycle bin."""
    bin_id = database.tree.findtext("Meta/RecycleBinUUID")
    groups = [group for group in database.tree.iter("Group") if bin_id and group.findtext("UUID") == bin_id]
    return [
        element for group in groups for element in group.iter("Entry") if element.getparent().tag == "Group"
    ]


def attachments(element: Any) -> list[tuple[str, int]]:
    """The name of each file that is attached to an entry, and its number in the vault."""
    return [
        (binary.findtext("Key") or "", int(binary.find("Value").get("Ref")))
        for binary in element.iterchildren("Binary")
    ]


def attachment(filename: str, number: int) -> Any:
    """The reference from an entry to the attached file with that number in the vault."""
    return E.Binary(E.Key(filename), E.Value(Ref=str(number)))
