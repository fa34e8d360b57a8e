"""The fast path of apt: what it says without the cache is, letter by letter, what the module says.

tests/batch/test_apt.py compares both on a real machine.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.batch.apt_target import Said, lay_out, run_all

CENTURIES = 10**10  # seconds: no package lists are older
SPARED = {
    "installed": {"name": "plain"},
    "said explicitly": {"name": "plain", "state": "present", "update_cache": False},
    "a list": {"name": ["plain", "epoch"]},
    "with commas": {"pkg": "plain, epoch"},
    "named twice": {"package": ["plain", "plain"]},
    "its architecture": {"name": "epoch:amd64"},
    "of all architectures": {"name": "plain:amd64"},
    "another architecture": {"name": "foreign:i386"},
    "both architectures": {"name": ["both", "both:amd64", "both:i386"]},
    "its version": {"name": "plain=1.0-1"},
    "at least its version": {"name": "plain>=1.0-1"},
    "held": {"name": "held"},
    "automatic, in check mode": {"name": "automatic", "_ansible_check_mode": True},
    "in check mode, with differences": {"name": "plain", "_ansible_check_mode": True, "_ansible_diff": True},
    "how it would be installed": {
        "name": "plain",
        "install_recommends": False,
        "lock_timeout": 300,
        "force_apt_get": True,
        "dpkg_options": "force-confnew",
        "policy_rc_d": 101,
        "allow_downgrade": True,
        "autoremove": True,
        "only_upgrade": True,
    },
    "young lists": {"name": "plain", "update_cache": True, "cache_valid_time": CENTURIES},
    "young lists, implied": {"name": "plain", "cache_valid_time": str(CENTURIES)},
}
NOT_SPARED = {
    "unknown": {"name": "no-such-package"},
    "only in a description": {"name": "not-a-package"},
    "one of two unknown": {"name": ["plain", "no-such-package"]},
    "begins the same": {"name": "plai"},
    "virtual": {"name": "virtual"},
    "only of another architecture": {"name": "foreign"},
    "not of that architecture": {"name": "epoch:i386"},
    "any architecture": {"name": "epoch:any"},
    "automatic": {"name": "automatic"},
    "configuration files only": {"name": "removed"},
    "half configured": {"name": "half"},
    "waits for triggers": {"name": "waits"},
    "wants to be installed again": {"name": "broken"},
    "selected for removal": {"name": "leaving"},
    "two entries": {"name": "twice"},
    "another version": {"name": "epoch=1.2-3"},
    "a version's pattern": {"name": "epoch=2:1.*"},
    "a newer version": {"name": "epoch>=3:0"},
    "two versions": {"name": "plain=1=1"},
    "a name's pattern": {"name": "pla*"},
    "all": {"name": "*"},
    "nothing": {"name": []},
    "an empty name": {"name": ""},
    "a number": {"name": 7},
    "latest": {"name": "plain", "state": "latest"},
    "build-dep": {"name": "plain", "state": "build-dep"},
    "fixed": {"name": "plain", "state": "fixed"},
    "update_cache": {"name": "plain", "update_cache": True},
    "old lists": {"name": "plain", "update_cache": True, "cache_valid_time": 1},
    "old lists, implied": {"name": "plain", "update_cache": False, "cache_valid_time": 1},
    "no number": {"name": "plain", "cache_valid_time": "1e3"},
    "only young lists": {"update_cache": True, "cache_valid_time": CENTURIES},
    "upgrade": {"upgrade": "dist"},
    "default_release": {"name": "plain", "default_release": "stable"},
    "clean": {"name": "plain", "clean": True},
    "absent, but installed": {"name": "plain", "state": "absent"},
    "absent, but half there": {"name": "half", "state": "absent"},
    "absent, but a pattern": {"name": "pla*", "state": "absent"},
    "absent, but foreign": {"name": "foreign", "state": "absent"},
    "absent and purged": {"name": "removed", "state": "absent", "purge": True},
}


ABSENT = {
    "absent": {"name": "no-such-package", "state": "absent"},
    "absent, virtual": {"name": "virtual", "state": "absent"},
    "absent, with its configuration files": {"name": "removed", "state": "absent"},
    "absent, of another architecture": {"name": "removed:i386", "state": "absent"},
    "absent, several": {
        "name": ["removed", "no-such-package=1"],
        "state": "absent",
        "_ansible_check_mode": True,
    },
}
COMPARED = {"epoch>=2:1.2~rc1": True, "epoch>=9": True, "epoch>=2:1.2-3": True, "epoch>=2:1.10": False}
WRONG = {"wrong": {"name": "plain", "lock_timeout": "soon"}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="module")
def without(shared: Path) -> dict[str, Said]:
    """What is said with the fast path."""
    compared = {name: {"name": name} for name in COMPARED}
    return run_all(shared, {**SPARED, **NOT_SPARED, **ABSENT, **WRONG, **compared})


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """What the module says by itself."""
    target = lay_out(tmp_path_factory.mktemp("real"))
    (target / "modules" / "cartable_batch_apt.py").unlink()
    return run_all(target, {**SPARED, **WRONG})


@pytest.mark.parametrize("case", SPARED)
def test_without_the_cache_it_says_what_the_module_says(
    case: str, without: Mapping[str, Said], real: Mapping[str, Said]
) -> None:
    assert not without[case].opened, without[case].text
    assert real[case].opened
    assert (without[case].text, without[case].errors) == (real[case].text, "")
    assert json.loads(real[case].text)["invocation"]["module_args"]["upgrade"] is None


@pytest.mark.parametrize("case", NOT_SPARED)
def test_the_module_decides(case: str, without: Mapping[str, Said]) -> None:
    assert without[case].opened, without[case].text


@pytest.mark.parametrize("case", ABSENT)
def test_absent(case: str, without: Mapping[str, Said]) -> None:
    assert not without[case].opened, without[case].text
    assert set(json.loads(without[case].text)) == {"changed", "invocation"}


@pytest.mark.skipif(not shutil.which("dpkg"), reason="dpkg compares the versions")
@pytest.mark.parametrize("case", COMPARED)
def test_at_least_a_version(case: str, without: Mapping[str, Said]) -> None:
    assert without[case].opened is not COMPARED[case], without[case].text


def test_the_module_checks_its_arguments(without: Mapping[str, Said], real: Mapping[str, Said]) -> None:
    assert json.loads(without["wrong"].text)["failed"]
    assert without["wrong"] == real["wrong"]
