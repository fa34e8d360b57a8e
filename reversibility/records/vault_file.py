"""The bytes of a KeePass file: KDBX 4 with Argon2id, read and made with pykeepass.

Nothing here knows what the entries mean, and nothing here writes to the disk: see ``vault.py``.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import argon2
from construct import ConstructError, Container
from lxml import etree
from pykeepass import PyKeePass
from pykeepass import pykeepass as pykeepass_module
from pykeepass.exceptions import CredentialsError, HeaderChecksumError, PayloadChecksumError
from pykeepass.kdbx_parsing import kdf_uuids
from pykeepass.kdbx_parsing.common import compute_key_composite

from reversibility.errors import CartableError

# Exceptions of pykeepass for malformed bytes.
_DAMAGE = (
    ConstructError,
    PayloadChecksumError,
    HeaderChecksumError,
    etree.XMLSyntaxError,
    struct.error,
    zlib.error,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)

# A hundred times the cost of a vault made here: a minute or two. Whoever made a file chose its cost.
MOST_PASSES_TIMES_BYTES = 100 * 16 * 64 * 2**20
MOST_MEMORY = 4 * 2**30
MOST_LANES = 64  # a thread each
MOST_ROUNDS = 10**8  # AES-KDF
BYTES_A_SECOND, ROUNDS_A_SECOND = 2 * 2**30, 10**6  # of one small server

AcceptCost = Callable[[str], bool]  # given a sentence on the cost: whether to go on


class VaultError(CartableError):
    """The vault cannot be opened, read or written."""


class WrongPassphraseError(VaultError):
    """The passphrase or the key file is wrong."""


class CostlyVaultError(VaultError):
    """The file's key derivation would take more than minutes, and was not accepted."""


class DamagedVaultError(VaultError):
    """The file is not a whole KDBX 4 file."""


@dataclass(frozen=True)
class KdfCost:
    """Cost of one guess of the passphrase: Argon2id's parameters.

    The default takes 0.6 s on one small server and is four times what OWASP asks for in memory. Anything
    below OWASP's minimum (Password Storage Cheat Sheet: 19 MiB, 2 passes) is refused, so that no caller can
    make a weak vault.
    """

    memory_mib: int = 64
    passes: int = 16
    lanes: int = 2

    def __post_init__(self) -> None:
        """Refuse what is too cheap to withstand guessing."""
        if self.memory_mib < 19 or self.passes < 2 or self.lanes < 1:
            raise VaultError(f"{self} is too weak for a vault; use at least 19 MiB and 2 passes.")


@dataclass(frozen=True)
class Credentials:
    """Credentials of a vault: a passphrase, and the content of a key file if one is used."""

    passphrase: str = field(repr=False)
    key_file: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be a credential, before the slow key derivation."""
        if not self.passphrase:
            raise WrongPassphraseError(
                "The passphrase of the vault is empty; give the one chosen at `vault init`."
            )
        if self.key_file is not None and not self.key_file:
            raise WrongPassphraseError(
                "The key file of the vault is empty; give the one that was handed over."
            )

    def arguments(self) -> dict[str, Any]:
        """The credentials as pykeepass takes them."""
        key_file = io.BytesIO(self.key_file) if self.key_file is not None else None
        return {"password": self.passphrase, "keyfile": key_file}


@dataclass(frozen=True)
class OpenFile:
    """A decrypted file, and the derived key that saves and reads it without the slow derivation."""

    database: Any = field(repr=False)  # PyKeePass
    derived_key: bytes = field(repr=False)
    derivation: str  # names the salt and the parameters that ``derived_key`` belongs to


def _derivation(database: Any) -> str:
    """Identify the key derivation of a file: KeePassXC changes the salt whenever it saves, we keep it."""
    parameters = database.kdbx.header.value.dynamic_header.kdf_parameters.data.dict
    items = sorted((key, item.value) for key, item in parameters.items())
    return hashlib.sha256(repr(items).encode()).hexdigest()


def uses_argon2id(database: Any) -> bool:
    """Tell whether a file's key derivation is Argon2id."""
    parameters = database.kdbx.header.value.dynamic_header.kdf_parameters.data.dict
    return bool(parameters["$UUID"].value == kdf_uuids["argon2id"])


def _excess(header: Any) -> str | None:
    """What the file's key derivation would take, when it is more than any vault needs."""
    parameters = header.kdbx.header.value.dynamic_header.kdf_parameters.data.dict
    passes, memory, lanes, rounds = (
        parameters[key].value if key in parameters else 0 for key in ("I", "M", "P", "R")
    )
    if (
        passes * memory <= MOST_PASSES_TIMES_BYTES
        and memory <= MOST_MEMORY
        and lanes <= MOST_LANES
        and rounds <= MOST_ROUNDS
    ):
        return None
    hours = max(passes * memory / BYTES_A_SECOND, rounds / ROUNDS_A_SECOND) / 3600
    return f"{passes or rounds} passes over {memory // 2**20} MiB in {max(lanes, 1)} threads, about {hours:,.1f} hours"


def read(
    data: bytes,
    where: str,
    credentials: Credentials,
    known: OpenFile | None = None,
    accept_cost: AcceptCost | None = None,
) -> OpenFile:
    """Decrypt a KeePass file of which ``data`` is the content; ``where`` names it in errors.

    The key derivation is skipped where ``known`` (an earlier reading of the same vault) still has the key. One that
    would not end in minutes is begun only when ``accept_cost`` agrees to it; it can be interrupted.

    Raises WrongPassphraseError, DamagedVaultError, CostlyVaultError, or VaultError when there is not enough memory.
    """

    def parse(**arguments: Any) -> Any:
        return PyKeePass(io.BytesIO(data), **arguments)

    # The header first: its checksum is verified before its parameters are believed. A flipped bit in the
    # memory or the passes of Argon2 would otherwise keep us busy for years.
    header = _guarded(where, lambda: parse(transformed_key=bytes(32), decrypt=False))
    if header.version[0] != 4:
        raise DamagedVaultError(f"{where} is not a KDBX 4 file; save it in that format with KeePassXC.")
    derivation = _guarded(where, lambda: _derivation(header))
    if known is not None and known.derivation == derivation:
        database = _guarded(where, lambda: parse(transformed_key=known.derived_key))
        return OpenFile(database=database, derived_key=known.derived_key, derivation=derivation)
    excess = _guarded(where, lambda: _excess(header))
    if excess is None:
        database = _guarded(where, lambda: parse(**credentials.arguments()))
    else:
        asks = f"{where} asks for a key derivation of {excess}."
        if accept_cost is None or not accept_cost(asks):
            raise CostlyVaultError(
                f"{asks} It was not begun. If you trust the file, open it with KeePassXC, lower the decryption time in "
                "the database settings (Security) and save it; or begin it with `reversibility open --accept-cost`."
            )
        database = _guarded(where, lambda: _interruptibly(lambda: parse(**credentials.arguments())))
    return OpenFile(database=database, derived_key=bytes(database.transformed_key), derivation=derivation)


def _interruptibly(action: Callable[[], Any]) -> Any:
    """Run what Python cannot interrupt beside the main thread, which stays open to Ctrl-C."""
    done: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(action())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)  # it does not outlive the process
    thread.start()
    while thread.is_alive():
        thread.join(0.2)
    if failed:
        raise failed[0]
    return done[0]


def _guarded(where: str, action: Callable[[], Any]) -> Any:
    """Run one of pykeepass's calls on the file ``where`` and turn its many exceptions into sentences."""
    try:
        return action()
    except CredentialsError as error:
        raise WrongPassphraseError(
            f"{where} does not open: the passphrase (or the key file) is wrong; try again with the right one."
        ) from error
    except argon2.exceptions.HashingError as error:
        raise VaultError(f"{where} does not open: {error}; free some memory and try again.") from error
    except _DAMAGE as error:
        raise DamagedVaultError(
            f"{where} is damaged or is not a KeePass file; put back its previous version "
            "(the same name with .previous) or a backup."
        ) from error


def build(opened: OpenFile) -> bytes:
    """Encrypt a decrypted file again with fresh seeds, under the same derived key: no slow derivation."""
    buffer = io.BytesIO()
    opened.database.save(filename=buffer, transformed_key=opened.derived_key)
    return buffer.getvalue()


def rebuild(opened: OpenFile, credentials: Credentials, cost: KdfCost) -> bytes:
    """Encrypt the content of a decrypted file for other credentials; ``opened`` itself stays as it is."""
    # Another key for the same tree, and back: with 25,000 entries a copy of the tree would cost 200 MiB.
    database, header = opened.database, opened.database.kdbx.header.value.dynamic_header.kdf_parameters.data
    parameters, changed = header.dict, database.credchange_date
    try:
        return build(_close_with(database, credentials, cost))
    finally:
        header.dict, database.credchange_date = parameters, changed


def blank(name: str, credentials: Credentials, cost: KdfCost) -> OpenFile:
    """Make an empty KDBX 4 file that is called ``name`` inside."""
    database = PyKeePass(pykeepass_module.BLANK_DATABASE_LOCATION, transformed_key=_blank_key())
    database.database_name = name
    return _close_with(database, credentials, cost)


@cache
def _blank_key() -> bytes:
    """The key of the template that comes with pykeepass (it is no secret); it is as slow as a real one."""
    template = PyKeePass(pykeepass_module.BLANK_DATABASE_LOCATION, pykeepass_module.BLANK_DATABASE_PASSWORD)
    return bytes(template.transformed_key)


def _close_with(database: Any, credentials: Credentials, cost: KdfCost) -> OpenFile:
    """Put ``database`` under new credentials, with Argon2id and a fresh salt.

    pykeepass has no interface for the kind of Argon2: the parameters are put into the header that it will
    write (KDBX 4: ``S`` salt, ``M`` in bytes, ``I`` passes, ``P`` lanes, ``V`` 0x13 = version 1.3). The key
    is derived here, so that it is known for the next save; whoever opens the file derives it again from the
    header.
    """
    salt = secrets.token_bytes(32)
    wanted: dict[str, tuple[int, Any]] = {  # name: type in the format, value
        "$UUID": (0x42, kdf_uuids["argon2id"]),
        "I": (0x05, cost.passes),
        "M": (0x05, cost.memory_mib * 1024 * 1024),
        "P": (0x04, cost.lanes),
        "S": (0x42, salt),
        "V": (0x04, 0x13),
    }
    # Each item says the type of the next one; a zero ends the dictionary.
    following = [*(kind for kind, _value in wanted.values()), 0][1:]
    parameters = Container()
    for (name, (kind, value)), next_byte in zip(wanted.items(), following, strict=True):
        parameters[name] = Container(type=kind, key=name, value=value, next_byte=next_byte)
    database.kdbx.header.value.dynamic_header.kdf_parameters.data.dict = parameters
    derived_key: bytes = argon2.low_level.hash_secret_raw(
        secret=compute_key_composite(**credentials.arguments()),
        salt=salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_mib * 1024,
        parallelism=cost.lanes,
        hash_len=32,
        type=argon2.low_level.Type.ID,
        version=0x13,
    )
    database.credchange_date = datetime.now(UTC)
    return OpenFile(database=database, derived_key=derived_key, derivation=_derivation(database))
