"""The models mirror the module files that are installed."""

from __future__ import annotations

import json

from ansible.executor.powershell.module_manifest import _get_powershell_script

from tests.simulators.windows import mirrored
from tests.simulators.windows.execution import exec_manifest
from tests.simulators.windows.models.api import MODELS

from .conftest import ROOT


def test_installed_files_are_the_mirrored_ones() -> None:
    written = json.loads(mirrored.TABLE.read_text())
    assert written == mirrored.table(), "read the changed .ps1, adapt its model, write the table anew"


def test_versions_named_by_the_models_are_installed() -> None:
    wrong = {
        name: (MODELS[name].version, mirrored.installed_version(name))
        for name in mirrored.mirrored_modules()
        if MODELS[name].version != mirrored.installed_version(name)
    }
    assert not wrong


def test_wrapper_of_the_installed_core_is_known() -> None:
    wrapper = _get_powershell_script("bootstrap_wrapper.ps1").decode()
    assert exec_manifest.is_bootstrap(wrapper)
    assert exec_manifest.wrapper_digest(wrapper) in exec_manifest.KNOWN_WRAPPERS


def test_every_powershell_module_of_the_project_has_a_model() -> None:
    written = {f"cartable.fleet.{path.stem}" for path in (ROOT / "plugins" / "modules").glob("*.ps1")}
    mirrored.mirrored_modules()
    assert written == {name for name in MODELS if name.startswith("cartable.fleet.")}
