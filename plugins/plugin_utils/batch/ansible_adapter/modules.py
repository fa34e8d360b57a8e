# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules as AnsiballZ packs them: their files, and the call that runs them on the target."""

from __future__ import annotations

import ast
import base64
import dataclasses
import functools
import hashlib
import inspect
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.executor import module_common
from ansible.module_utils.common.json import Direction, get_module_encoder

from .errors import NotBatchable

ZIP_DATA = re.compile(r"""\bzip_data=['"]([A-Za-z0-9+/=]*)['"],?""")  # in the script of a packed module
KEYWORDS = ("module_fqn", "profile", "extensions", "rlimit_nofile")  # of the call in it
OWN_MODULES = ("ansible.modules.", "ansible_collections.cartable.fleet.")
_UNPACKED: dict[str, Mapping[str, bytes]] = {}  # files by the SHA-256 of their archive
_CONTENTS: dict[tuple[str, int], bytes] = {}  # shared by all modules, to hold each file once


@dataclass(frozen=True)
class Module:
    """One packed module."""

    name: str
    bits: Any
    path: str
    shebang: str
    call: Mapping[str, Any]
    files: Mapping[str, bytes] = field(repr=False)

    @functools.cached_property
    def may_return_facts(self) -> bool:
        """Whether its own code may return facts: it names them, or returns JSON from elsewhere.

        Modules of Ansible and of this collection name the facts that they return.
        """
        own = str(self.call["module_fqn"]).startswith(OWN_MODULES)
        signs = (
            (b"ansible_facts",) if own else (b"ansible_facts", b"json.load", b"from_json", b"literal_eval")
        )
        return any(
            any(sign in source for sign in signs) and not _is_of_ansible(path, source)
            for path, source in self.files.items()
        )


def unpack(name: str, bits: Any, path: str) -> Module:
    """Read a module as AnsiballZ has packed it. Raises NotBatchable where it is not a Python module."""
    source = bits.b_module_data.decode("utf-8", "surrogateescape")
    start = source.rfind("\n    _ansiballz_main(\n")
    if bits.module_style != "new" or start < 0:
        raise NotBatchable
    before, archive, after = ZIP_DATA.split(source[start:].strip(), maxsplit=1)
    statement: Any = ast.parse(f"{before}{after}").body[0]
    given = {keyword.arg: keyword.value for keyword in statement.value.keywords}
    return Module(
        name=name,
        bits=dataclasses.replace(bits, b_module_data=b""),  # which is not sent
        path=path,
        shebang=bits.shebang,
        call={keyword: ast.literal_eval(given[keyword]) for keyword in KEYWORDS},
        files=files_of(archive),
    )


def files_of(archive: str | bytes) -> Mapping[str, bytes]:
    """The files of an archive in base64, by path."""
    data = archive.encode("ascii") if isinstance(archive, str) else archive
    digest = hashlib.sha256(data).hexdigest()
    if digest not in _UNPACKED:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(data))) as opened:
            _UNPACKED[digest] = {entry.filename: _content(opened, entry) for entry in opened.infolist()}
    return _UNPACKED[digest]


def _content(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    key = entry.filename, entry.CRC
    if key not in _CONTENTS or len(_CONTENTS[key]) != entry.file_size:
        _CONTENTS[key] = opened.read(entry)
    return _CONTENTS[key]


def call_of(module: Module, args: Mapping[str, Any]) -> dict[str, Any]:
    """One run of a module, in the form sent to the target."""
    encoder = get_module_encoder(module.call["profile"], Direction.CONTROLLER_TO_MODULE)
    params = json.dumps({"ANSIBLE_MODULE_ARGS": dict(args)}, cls=encoder)
    return {**module.call, "json_params": params}


def _is_of_ansible(path: str, source: bytes) -> bool:
    """Whether a packed utility is Ansible's own and not a user's with the same path."""
    if not path.startswith(("ansible/module_utils/", "ansible/_vendor/")):
        return False
    own = Path(inspect.getfile(module_common)).parents[2] / path
    return own.is_file() and own.read_bytes() == source
