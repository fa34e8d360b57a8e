"""The files that a module is made from, without Ansible, and what is kept of it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import packed

LATER = time.time_ns() + 3600 * 10**9  # as if the packing began when all files here had long been as they are


class Project:
    """A module that imports from Ansible, from an override of it and from its collection; and what is packed of it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.place = base / "tmp" / "ansiballz_cache" / "probe-ZIP_DEFLATED-none"
        self.home = base / "second" / "ansible_collections" / "acme" / "tools"
        self.module = self.write(
            self.home / "plugins/modules/probe.py",
            b"from ansible.module_utils.basic import AnsibleModule\n"
            b"try:\n    from ansible_collections.acme.missing.plugins.module_utils import more\n"
            b"except ImportError:\n    more = None\nfrom ..module_utils import words\n",
        )
        self.ansible = base / "ansible"
        self.basic = self.write(self.ansible / "module_utils/basic.py", b"class AnsibleModule: ...\n")
        self.program = self.write(
            self.ansible / "executor/module_common.py", b"def recursive_finder(): ...\n"
        )
        self.own = self.write(base / "play/module_utils/own.py", b"OWN = 1\n")
        self.words = self.write(self.home / "plugins/module_utils/words.py", b"WORDS = 1\n")
        self.runtime = self.write(self.home / "meta/runtime.yml", b"requires_ansible: '>=2.20'\n")
        (base / "bare/ansible_collections").mkdir(parents=True)
        (base / "first/ansible_collections/acme").mkdir(parents=True)
        self.files = {
            "ansible/__init__.py": b'__version__ = "2"\n',
            "ansible/module_utils/__init__.py": b"__path__ = []\n",
            "ansible/module_utils/basic.py": self.basic.read_bytes(),
            "ansible/module_utils/own.py": self.own.read_bytes(),
            "ansible_collections/__init__.py": b"",
            "ansible_collections/acme/__init__.py": b"",
            "ansible_collections/acme/tools/__init__.py": b"",
            "ansible_collections/acme/tools/plugins/module_utils/words.py": self.words.read_bytes(),
            "ansible_collections/acme/tools/plugins/modules/probe.py": self.module.read_bytes(),
        }

    @staticmethod
    def write(path: Path, content: bytes) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def packing(self, **other: object) -> packed.Packing:
        given: dict[str, object] = {
            "module": str(self.module),
            "name": "ansible_collections.acme.tools.plugins.modules.probe",
            "ansible": str(self.ansible),
            "module_utils": (str(self.base / "play/module_utils"), str(self.ansible / "module_utils")),
            "collections": tuple(str(self.base / root) for root in ("absent", "bare", "first", "second")),
            "program": (str(self.program),),
            "settings": ("2.21", "3.13"),
        }
        return packed.Packing(**{**given, **other})  # type: ignore[arg-type]

    def again(self, root: str) -> None:
        """The same collection, without any module_utils."""
        (self.base / root / "ansible_collections/acme/tools").mkdir(parents=True)

    def keep(self, started: int = LATER) -> None:
        self.write(self.place, b"as Ansible packed it")
        packed.keep(self.packing(), self.place, self.files, started)

    def brought(self, **other: object) -> bytes | None:
        """What a next run finds at its place before it packs."""
        shutil.rmtree(self.place.parent, ignore_errors=True)
        there = packed.bring(self.packing(**other), self.place)
        assert there == self.place.exists()
        return self.place.read_bytes() if there else None

    @property
    def folder(self) -> Path:
        return self.base / "cache" / "cartable" / "modules"

    @property
    def kept(self) -> Path:
        [path] = self.folder.iterdir()
        return path
