"""A controller without the Python package: each plugin that needs it says what to do, and none breaks before that."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.project import PROJECT

PLUGINS = sorted(
    path.relative_to(PROJECT / "plugins").with_suffix("").as_posix().replace("/", ".")
    for kind in ("action", "callback", "lookup", "vars")
    for path in (PROJECT / "plugins" / kind).glob("*.py")
    if "need_package" in path.read_text(encoding="utf-8")
)
SCRIPT = """
import importlib, sys
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
_AnsibleCollectionFinder(paths=[sys.argv[1]])._install()
sys.modules["reversibility"] = None  # as if it were not installed
plugin = importlib.import_module("ansible_collections.cartable.fleet.plugins." + sys.argv[2])
try:
    plugin.need_package(plugin.MISSING, RuntimeError)
except RuntimeError as error:
    print(error)
"""


def test_the_plugins_are_found() -> None:
    assert {"action.record", "callback.journal", "lookup.vault", "vars.market"} <= set(PLUGINS)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_it_says_what_to_do(plugin: str) -> None:
    command = [sys.executable, "-c", SCRIPT, str(PROJECT / "collections"), plugin]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("The Python package cartable is not installed"), done.stderr
    assert "pip install -e ." in done.stdout


def test_the_sentence_is_in_one_place() -> None:
    files = [
        path
        for path in (PROJECT / "plugins").rglob("*.py")
        if "cartable is not installed for the Python" in path.read_text()
    ]
    assert [path.name for path in files] == ["package.py"]
