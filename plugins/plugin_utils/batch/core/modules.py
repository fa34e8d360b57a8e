# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules as AnsiballZ packs them, read for the target."""

from __future__ import annotations

import ast
import base64
import dataclasses
import functools
import hashlib
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.executor import module_common
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import NotBatchable
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import module_files

ZIP_DATA = re.compile(r"""\bzip_data=['"]([A-Za-z0-9+/=]*)['"],?""")  # in the script of a packed module
UNPACKED: dict[str, Mapping[str, bytes]] = {}  # the files of packed modules, by what stands for their archive
OWN_MODULES = ("ansible.modules.", "ansible_collections.cartable.fleet.")


@dataclass(frozen=True)
class Module:
    """One module as AnsiballZ packs it."""

    name: str
    bits: Any
    path: str
    shebang: str
    call: Mapping[str, Any]
    files: Mapping[str, bytes] = field(repr=False)

    @functools.cached_property
    def may_bring_facts(self) -> bool:
        """Whether what it consists of, besides Ansible's own utilities, may return facts: by their name, or as JSON.

        Ansible's own modules, and this collection's, name them where they return any.
        """
        own = str(self.call.get("fqn")).startswith(OWN_MODULES)
        signs = (
            (b"ansible_facts",) if own else (b"ansible_facts", b"json.load", b"from_json", b"literal_eval")
        )
        return any(
            any(sign in source for sign in signs) and not _is_of_ansible(path, source)
            for path, source in self.files.items()
        )


def unpack(name: str, bits: Any, path: str) -> Module:
    """Read what AnsiballZ has packed: the keywords of the call that its script ends with."""
    source = bits.b_module_data.decode("utf-8", "surrogateescape")
    start = source.rfind("\n    _ansiballz_main(\n")
    if bits.module_style != "new" or start < 0:
        raise NotBatchable  # not a Python module
    before, archive, after = ZIP_DATA.split(source[start:].strip(), maxsplit=1)
    call = ast.parse(f"{before}{after}").body[0].value
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    read = {
        key: ast.literal_eval(given[key]) for key in ("module_fqn", "profile", "extensions", "rlimit_nofile")
    }
    return Module(
        name=name,
        bits=dataclasses.replace(bits, b_module_data=b""),  # which nobody sends
        path=path,
        shebang=bits.shebang,
        call={
            "fqn": read["module_fqn"],
            "profile": read["profile"],
            "extensions": read["extensions"],
            "rlimit_nofile": read["rlimit_nofile"],
        },
        files=files_of(archive),
    )


def files_of(archive: str) -> Mapping[str, bytes]:
    """The files of a packed module, given its archive or what stands for it; equal ones are kept once."""
    return UNPACKED[archive if archive in UNPACKED else stands_for(archive)]


def stands_for(archive: str) -> str:
    """Unpack an archive, in base64; what stands for it from now on: its SHA-256."""
    digest = hashlib.sha256(archive.encode("ascii")).hexdigest()
    if digest not in UNPACKED:
        known = {path: content for files in UNPACKED.values() for path, content in files.items()}
        UNPACKED[digest] = module_files(base64.b64decode(archive), known)
    return digest


def call_of(module: Module, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """One run of a module, as the target gets it."""
    encoder = get_module_encoder(module.call["profile"], Direction.CONTROLLER_TO_MODULE)
    return {
        **module.call,
        "name": name,
        "params": json.dumps({"ANSIBLE_MODULE_ARGS": dict(args)}, cls=encoder),
    }


def _is_of_ansible(path: str, source: bytes) -> bool:
    """Whether a packed utility is Ansible's own: a user's are packed under the same path."""
    if not path.startswith(("ansible/module_utils/", "ansible/_vendor/")):
        return False
    own = Path(inspect.getfile(module_common)).parents[2] / path
    return own.is_file() and own.read_bytes() == source
