"""Check the collection as a user gets it: built, installed elsewhere, documented, and passing ansible-test sanity."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PLUGIN_KINDS = {
    "modules": "module",
    "lookup": "lookup",
    "vars": "vars",
    "callback": "callback",
    "filter": "filter",
}

# ansible-test makes virtual environments without pip and fetches a script to add it, unless that script lies in its
# cache. Python carries pip itself (ensurepip), so nothing needs to be fetched from outside the package registry.
GET_PIP = """
import subprocess, sys
subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL)
wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.run([sys.executable, "-m", "pip", "install", *wanted], check=False).returncode)
"""

PIP_VERSION = """
from types import SimpleNamespace
from ansible_test._internal.python_requirements import get_venv_packages
print(get_venv_packages(SimpleNamespace(version="%d.%d" % __import__("sys").version_info[:2]))["pip"])
"""

# What ansible-test can run without its containers. Left out: "pslint" (needs PowerShell, which no registry reached here
# has), "ignores" (there is no ignore file); and "pylint", "pep8", "yamllint" and "shellcheck", whose work ruff, mypy,
# yamllint, ansible-lint and shellcheck do in "scripts/test lint types" with the project's own settings.
SANITY_TESTS = [
    "action-plugin-docs",
    "ansible-doc",
    "changelog",
    "compile",
    "empty-init",
    "import",
    "line-endings",
    "no-assert",
    "no-get-exception",
    "no-illegal-filenames",
    "no-smart-quotes",
    "replace-urlopen",
    "runtime-metadata",
    "shebang",
    "symlinks",
    "use-argspec-type-path",
    "use-compat-six",
]
# Asks PowerShell for the options of a .ps1: tests/unit/windows compares those with their documentation.
VALIDATE_MODULES = "validate-modules"


def run(command: list[str | Path], folder: Path, **environment: str) -> str:
    """Run a command, its output shown when it fails."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        print(result.stdout + result.stderr, file=sys.stderr)
        sys.exit(f"error: {' '.join(str(part) for part in command)}: exit status {result.returncode}")
    return result.stdout


def project_files() -> set[str]:
    """The project's files: those that Git tracks, or would track since no rule ignores them."""
    listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], PROJECT)
    return set(filter(None, listed.split("\0")))


def packed_besides(archive: Path, wanted: set[str]) -> list[str]:
    """The files of ``archive`` that are not among ``wanted``, Galaxy's own two lists aside."""
    with tarfile.open(archive) as packed:
        names = {member.name for member in packed if not member.isdir()}
    return sorted(names - wanted - {"MANIFEST.json", "FILES.json"})


def check_installed(folder: Path) -> None:
    """Build the collection, look at what was packed, install it and ask ansible-doc for every plugin."""
    run([BIN / "ansible-galaxy", "collection", "build", "--output-path", folder], PROJECT)
    [built] = folder.glob("cartable-fleet-*.tar.gz")
    besides = packed_besides(built, project_files())
    if besides:
        sys.exit(f"error: galaxy.yml packs what Git ignores; add to build_ignore: {', '.join(besides[:10])}")
    installed = folder / "installed"
    run([BIN / "ansible-galaxy", "collection", "install", "--offline", "-p", installed, built], folder)
    (folder / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
    elsewhere = {"ANSIBLE_COLLECTIONS_PATH": str(installed), "ANSIBLE_CONFIG": str(folder / "ansible.cfg")}
    plugins = installed / "ansible_collections" / "cartable" / "fleet" / "plugins"
    documented = 0
    for subfolder, kind in PLUGIN_KINDS.items():
        # One Python file may hold several filters; each is described by a file of its own.
        described_by = (".yml",) if kind == "filter" else (".py", ".ps1")
        files = {file.stem for file in (plugins / subfolder).glob("[!_]*") if file.suffix in described_by}
        names = [f"cartable.fleet.{name}" for name in sorted(files)]
        if not names:
            continue
        printed = run([BIN / "ansible-doc", "--json", "-t", kind, *names], folder, **elsewhere)
        if undocumented := without_description(json.loads(printed), names):
            sys.exit(f"error: ansible-doc -t {kind} does not describe {', '.join(undocumented)}")
        documented += len(names)
    print(f"collection: built, installed, {documented} plugins documented")


def without_description(printed: dict[str, Any], names: list[str]) -> list[str]:
    """The plugins that ansible-doc did not find, which is only a warning to it, or that do not say what they do."""
    return [name for name in names if not (printed.get(name, {}).get("doc") or {}).get("description")]


def check_sanity(folder: Path) -> None:
    """Run ansible-test sanity on a copy of the tracked files, where it wants a collection to be.

    On the plugins: the package beside them has French typography, which the test of quotation marks refuses.
    """
    copy = folder / "ansible_collections" / "cartable" / "fleet"
    for name in sorted(project_files()):
        source, target = PROJECT / name, copy / name
        if not source.is_file() or name.startswith(("collections/", "tests/", "inventories/")):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        target.chmod(source.stat().st_mode)
    cache = folder / "home" / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True)
    pip_version = run([sys.executable, "-c", PIP_VERSION], folder).strip()
    (cache / f"get_pip_{pip_version.replace('.', '_')}.py").write_text(GET_PIP, encoding="utf-8")
    run(["git", "init", "--quiet"], copy)
    run(["git", "add", "--all"], copy)
    scripts = sorted(
        name for name in project_files() if name.startswith("plugins/") and name.endswith(".ps1")
    )
    described = [str(Path(name).with_suffix(".yml")) for name in scripts]
    run_sanity(copy, folder / "home", SANITY_TESTS)
    run_sanity(copy, folder / "home", [VALIDATE_MODULES], exclude=[*scripts, *described])
    print(f"ansible-test sanity: {len(SANITY_TESTS) + 1} tests passed")


def run_sanity(collection: Path, home: Path, tests: list[str], exclude: Sequence[str] = ()) -> None:
    """Run some of ansible-test's sanity tests on the plugins."""
    options = [option for test in tests for option in ("--test", test)]
    options += [option for path in exclude for option in ("--exclude", path)]
    version = "{}.{}".format(*sys.version_info[:2])
    command = [
        BIN / "ansible-test",
        "sanity",
        "--color",
        "no",
        "--requirements",
        "--python",
        version,
        *options,
        "plugins/",
        "meta/",
    ]
    run(command, collection, HOME=str(home))


def main() -> None:
    """Run both checks in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="cartable-collection-") as temporary:
        folder = Path(temporary)
        check_installed(folder)
        check_sanity(folder)


if __name__ == "__main__":
    main()
