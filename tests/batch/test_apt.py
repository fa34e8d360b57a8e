"""The fast path of apt beside Ansible's module by itself, each in a container with packages made for this.

scripts/lab image && .venv/bin/python -m pytest tests/batch/test_apt.py

That the cache is not opened is seen where it cannot be: with a line among the sources that apt does not understand,
what needs the cache fails, and all the rest has to say the same as before.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import ansible
import pytest
from ansible.module_utils.common.parameters import PASS_VARS
from ansible.plugins.loader import init_plugin_loader

from tests.batch.both_ways import PROJECT
from tests.batch.machines import containers, podman, shell

PREPARE = """
set -eu
export DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1700000000
mkdir --parents /srv/packages
cd /srv/packages
number=0
build() {  # name, version, architecture, more of the control file
    number=$((number + 1))
    mkdir --parents new/DEBIAN new/etc
    printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: Nobody <nobody@example.org>\n' "$1" "$2" "$3" \
        > new/DEBIAN/control
    printf "${4-}Description: made for a test\n" >> new/DEBIAN/control
    echo "$1" > "new/etc/$1"
    echo "/etc/$1" > new/DEBIAN/conffiles
    dpkg-deb --root-owner-group --build new $number.deb > /dev/null
    dpkg-deb --field $number.deb >> Packages
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' $number.deb "$(stat --format %s $number.deb)" \
        "$(sha256sum $number.deb | cut --delimiter ' ' --fields 1)" >> Packages
    rm --recursive new
}
for name in plain auto removed purged gone gone-too drop new leaving; do build in-$name 1.0-1 all; done
for name in native held latest; do build in-$name 1.0 amd64; build in-$name 1.1 amd64; done
for name in epoch pattern at-least; do build in-$name 2:1.0-1 amd64; build in-$name 2:1.1-1 amd64; done
build in-tilde 1.0~rc1 all
build in-foreign 1.0 i386
build in-both 1.0 amd64 'Multi-Arch: same\n'
build in-both 1.0 i386 'Multi-Arch: same\n'
build in-provider 1.0 all 'Provides: in-virtual\n'
build in-one 1.0 all 'Provides: in-choice, in-real, mail-transport-agent\n'
build in-other 1.0 all 'Provides: in-choice\n'
build in-real 1.0 all
build in-unpacked 1.0 all
unpacked=$number

echo 'deb [trusted=yes] file:/srv/packages ./' > /etc/apt/sources.list
dpkg --add-architecture i386
apt-get update --quiet
apt-get install --yes --quiet in-plain in-auto in-removed in-purged in-gone in-gone-too in-drop in-leaving \
    in-native=1.0 in-held=1.0 in-latest=1.0 in-epoch=2:1.0-1 in-pattern=2:1.0-1 in-at-least=2:1.0-1 in-tilde \
    in-foreign:i386 in-both in-both:i386 in-provider in-one in-real
apt-mark auto in-auto
apt-mark hold in-held
apt-get remove --yes --quiet in-removed in-gone in-gone-too
apt-get purge --yes --quiet in-purged
echo in-leaving deinstall | dpkg --set-selections
dpkg --unpack $unpacked.deb
touch --date '2026-01-02 03:04:05' /var/lib/apt/periodic/update-success-stamp
"""
BREAK = "echo nonsense > /etc/apt/sources.list.d/broken.list"
REPAIR = "rm /etc/apt/sources.list.d/broken.list"
LOOK = "cat /var/lib/dpkg/status /var/lib/apt/extended_states"

YEARS = 10**9  # seconds: whatever the day, the package lists are young enough

# Arguments (a string is a name); whether the cache is not opened in check mode at first, and after all have run.
ROWS: list[tuple[str | dict[str, Any], bool, bool]] = [
    ("in-plain", True, True),
    ("sudo", True, True),
    ({"pkg": "in-plain", "state": "present", "update_cache": False}, True, True),
    ({"name": "in-plain", "install_recommends": False, "lock_timeout": 300}, True, True),
    ({"name": "in-plain", "force_apt_get": True}, True, True),
    ("in-plain,in-native, sudo", True, True),
    ({"package": ["in-plain", " in-native ", "in-plain"]}, True, True),
    ("in-native:amd64", True, True),
    ("in-plain:amd64", True, True),
    ("in-plain:all", True, True),
    ("in-plain:any", False, False),
    ("in-plain:native", False, False),
    ("in-plain:i386", False, False),
    ("in-foreign:i386", True, True),
    ("in-foreign", False, False),
    ({"name": ["in-both", "in-both:i386", "in-both:amd64"]}, True, True),
    ("in-epoch", True, True),
    ("in-epoch=2:1.0-1", True, True),
    ("in-epoch=1.0-1", False, False),
    ("in-epoch=2:9", False, False),
    ("in-epoch>=2:1.0~", True, True),
    ("in-epoch>=9", True, True),
    ("in-plain>=1.0-1", True, True),
    ("in-plain>=1.0-0", True, True),
    ("in-plain>=2", False, False),
    ("in-at-least>=2:1.1", False, True),  # brings the newer one
    ("in-pattern=2:1.*", False, False),  # so does a pattern, though the installed one fits
    ("in-plain=1.*", False, False),
    ("in-plain=1.0-1=2", False, False),
    ("in-tilde>=1.0", False, False),
    ("in-tilde=1.0~rc1", True, True),
    ("in-auto", True, True),  # outside check mode it is marked once
    ("in-held", True, True),
    ("in-held=1.0", True, True),
    ({"name": "in-held", "state": "latest"}, False, False),
    ({"name": "in-latest", "state": "latest"}, False, False),
    ("in-latest", True, True),
    ("in-unpacked", False, True),
    ("in-removed", False, True),
    ("in-purged", False, True),
    ("in-leaving", False, False),
    ({"name": ["in-plain", "in-new"]}, False, True),
    ("in-virtual", False, False),
    ("in-choice", False, False),
    ("in-real", True, True),
    ("awk", False, False),
    ("mail-transport-agent", False, False),
    ("no-such-package", False, False),
    ("in-pla*", False, False),
    ({"name": "*"}, False, False),
    ({"name": []}, False, False),
    ({"name": "in-plain", "state": "fixed"}, False, False),
    ({"name": "in-plain", "update_cache": True}, False, False),
    ({"name": "in-plain", "cache_valid_time": 3600}, False, False),
    ({"name": "in-plain", "default_release": "no-such-release"}, False, False),
    ({"name": "in-plain", "update_cache": True, "cache_valid_time": YEARS}, True, True),
    ({"name": "in-plain", "cache_valid_time": str(YEARS), "update_cache_retries": 1}, True, True),
    ({"name": "in-plain", "update_cache": False, "cache_valid_time": 3600}, False, False),
    ({"name": "in-new", "update_cache": True, "cache_valid_time": YEARS}, False, True),
    ({"update_cache": True, "cache_valid_time": YEARS}, False, False),
    ({"name": "in-plain", "autoremove": True, "fail_on_autoremove": True}, True, True),
    ({"name": "in-other", "only_upgrade": True}, False, False),
    ({"name": "in-plain", "only_upgrade": True, "force": True}, True, True),
    ({"name": "in-plain", "policy_rc_d": 101, "dpkg_options": "force-confnew"}, True, True),
    ({"name": "in-held", "allow_change_held_packages": True, "allow_downgrade": True}, True, True),
    ({"name": "in-gone", "state": "absent", "autoremove": True, "policy_rc_d": 101}, True, True),
    ({"name": "no-such-package", "state": "absent"}, True, True),
    ({"name": ["in-gone", "no-such-package=1"], "state": "absent"}, True, True),
    ({"name": "in-gone-too", "state": "absent", "purge": True}, False, False),
    ({"name": "in-drop", "state": "absent"}, False, True),
    ({"name": "in-virtual", "state": "absent"}, True, True),
    ({"name": "in-foreign", "state": "absent"}, False, False),
    ({"name": "in-no-such-*", "state": "absent"}, False, False),
]
# A newer Ansible shows the module's arguments only when asked.
SHOW = {"_ansible_inject_invocation": True} if "inject_invocation" in PASS_VARS else {}
Said = dict[str, dict[str, Any]]


@dataclass
class Phase:
    """What both ways have said, by row; and what the batch has said where no cache can be opened."""

    ordinary: Said
    batch: Said
    broken: Said


def name_of(arguments: str | Mapping[str, Any]) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


@cache
def shipped() -> ModuleType:
    """The collection's payload.py, importable by its name as ansible-playbook does it."""
    init_plugin_loader([str(PROJECT / "collections")])
    return importlib.import_module("ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload")


def program(*, batch: bool, **more: bool) -> bytes:
    """All rows in one program for a target, with the fast path or without."""
    payload, package = shipped().Payload(), Path(ansible.__file__).parent
    found = [*package.glob("module_utils/**/*.py"), *package.glob("*.py"), *package.glob("_vendor/*.py")]
    found += [package / "modules" / "__init__.py", package / "modules" / "apt.py"]
    payload.add({str(path.relative_to(package.parent)): path.read_bytes() for path in found})
    if not batch:
        payload.add({f"{shipped().batch_runner.APT}.py": b""})
    jobs = []
    for number, (arguments, _, _) in enumerate(ROWS):
        given = {"name": arguments} if isinstance(arguments, str) else arguments
        call = {
            "name": "apt",
            "fqn": "ansible.modules.apt",
            "params": json.dumps({"ANSIBLE_MODULE_ARGS": {**given, **more, **SHOW}}),
            "profile": "legacy",
            "extensions": {},
            "rlimit_nofile": 0,
        }
        job = {"kind": "module", "number": number, "module": call, "environment": {}, "timeout": 0}
        jobs.append({**job, "last_of_task": True, "go_on_after_failure": True})
    return bytes(shipped().program(payload.message(jobs, with_files=True), stays=False))


def run(container: str, **options: bool) -> Said:
    """Run all rows; row → what its module has said."""
    script = program(**options).decode()
    said = shipped().answers(
        podman("exec", "--interactive", container, "/usr/bin/python3", "-", given=script)
    )
    return {name_of(ROWS[one["job"]][0]): one["runs"][0] for one in said if "job" in one}


def without_cache(container: str, **options: bool) -> Said:
    """Run all rows where the cache cannot be opened; those that went well."""
    shell(container, BREAK)
    try:
        said = run(container, batch=True, **options)
    finally:
        shell(container, REPAIR)
    return {row: one for row, one in said.items() if not json.loads(one["stdout"]).get("failed")}


@pytest.fixture(scope="module")
def phases() -> Iterator[dict[str, Any]]:
    """The rows in check mode, as they are, and once more when there is less to do; and what is left by each way."""
    with containers("apt", PREPARE) as names:
        one, other = names["ordinary"], names["batch"]
        check = {"_ansible_check_mode": True, "_ansible_diff": True}
        before = shell(one, LOOK)
        yield {
            "check": Phase(
                run(one, batch=False, **check), run(other, batch=True, **check), without_cache(other, **check)
            ),
            "first": Phase(
                run(one, batch=False, _ansible_diff=True), run(other, batch=True, _ansible_diff=True), {}
            ),
            "second": Phase(run(one, batch=False), run(other, batch=True), without_cache(other)),
            "left": (before, shell(one, LOOK), shell(other, LOOK)),
        }


@pytest.mark.parametrize("phase", ["check", "first", "second"])
@pytest.mark.parametrize("row", [name_of(arguments) for arguments, _, _ in ROWS])
def test_says_the_same(row: str, phase: str, phases: Mapping[str, Any]) -> None:
    assert phases[phase].batch[row] == phases[phase].ordinary[row]


@pytest.mark.parametrize(("phase", "column"), [("check", 1), ("second", 2)])
def test_opens_the_cache_only_where_it_has_to(phase: str, column: int, phases: Mapping[str, Any]) -> None:
    seen = phases[phase]
    expected = [name_of(row[0]) for row in ROWS if row[column]]
    assert sorted(seen.broken) == sorted(expected)
    for row, said in seen.broken.items():
        assert said == seen.batch[row], row


def test_leaves_the_same(phases: Mapping[str, Any]) -> None:
    before, one, other = phases["left"]
    assert one == other
    automatic = "Package: in-auto\nArchitecture: amd64\nAuto-Installed: 1"
    assert automatic in before
    assert automatic not in other, "not marked as installed by hand"
