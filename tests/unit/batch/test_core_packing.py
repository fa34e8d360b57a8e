"""What the files of ``core`` know of how ansible-core packs a module."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ansible.executor.module_common import _BuiltModule, _CachedModule
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import modules


def test_a_packed_module_says_what_it_is_made_of() -> None:
    fields = {field.name for field in _CachedModule.__dataclass_fields__.values()}
    assert fields == {"zip_data", "metadata", "source_mapping"}, (
        "ansible-core keeps more of a packed module: look whether core.packing names all that it depends on"
    )


def test_a_packed_module_is_understood() -> None:
    """``unpack`` reads the call at the end of an AnsiballZ script, here of one that another process packs.

    And ``place_of`` knows where Ansible has put it.
    """
    program = (
        "import sys\nfrom ansible.plugins.loader import init_plugin_loader, module_loader\n"
        f"init_plugin_loader([{str(Path(__file__).parents[3] / 'collections')!r}])\n"
        "from ansible.executor.module_common import modify_module\n"
        "from ansible._internal._templating._engine import TemplateEngine\nfrom ansible.template import Templar\n"
        "path = module_loader.find_plugin('ansible.builtin.stat')\n"
        "bits = modify_module(module_name='ansible.builtin.stat', module_path=path, module_args={'path': '/'},"
        " templar=Templar(variables={'ansible_python_interpreter': '/usr/bin/python3'}),"
        " task_vars={'ansible_python_interpreter': '/usr/bin/python3'}, module_compression='ZIP_STORED')\n"
        "from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import packing\n"
        "place = packing.place_of('ansible.builtin.stat', path, 'ZIP_STORED')\n"
        "assert place.is_file(), f'ansible-core has not put the packed module at {place}: look at packing.place_of'\n"
        "sys.stdout.buffer.write(bits.b_module_data)\n"
    )
    packed = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        timeout=60,
        env={**os.environ, "ANSIBLE_CONFIG": ""},
    )

    bits = _BuiltModule(
        b_module_data=packed.stdout,
        module_style="new",
        shebang="#!/usr/bin/python3",
        serialization_profile="legacy",
    )
    module = modules.unpack("ansible.builtin.stat", bits, "path")
    assert module.call["fqn"] == "ansible.modules.stat"
    assert "ansible/modules/stat.py" in module.files
    assert "ansible/module_utils/basic.py" in module.files
