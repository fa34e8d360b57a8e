"""What apt-get says, read: recorded outputs of apt 2.6 (Debian 12) and 3.0 (Debian 13)."""

from __future__ import annotations

import pytest

from plugins.module_utils.apt_plan import cause, first_errors, newest_kernel, preferences, read_plan
from plugins.module_utils.apt_upgrade import selection

OUTPUT = """\
Reading package lists...
The following upgrades have been deferred due to phasing:
  essai-lent
The following packages have been kept back:
  essai-tenu essai-autre
  essai-trois
The following packages will be upgraded:
  libssl3t64 openssl
Inst openssl [3.5.4-1] (3.5.4-1~deb13u2 Debian:13.7/stable, Debian-Security:13/stable-security [amd64]) []
Inst linux-image-6.12.60+deb13-amd64 (6.12.60-1 Debian:13.7/stable [amd64])
Inst nano [8.4-1] (8.4-2 Debian:13.7/stable [amd64])
Conf openssl (3.5.4-1~deb13u2 Debian:13.7/stable [amd64])
"""


def test_the_plan_of_an_upgrade() -> None:
    plan = read_plan(OUTPUT)
    assert [(u["name"], u["installed"], u["available"], u["security"]) for u in plan.upgrades] == [
        ("linux-image-6.12.60+deb13-amd64", None, "6.12.60-1", False),
        ("nano", "8.4-1", "8.4-2", False),
        ("openssl", "3.5.4-1", "3.5.4-1~deb13u2", True),
    ]
    assert (plan.kept_back, plan.phased) == (["essai-autre", "essai-tenu", "essai-trois"], ["essai-lent"])
    refused = [
        {"name": "nano", "reason": "x", "until": "2026-12-31"},
        {"name": "openssl", "reason": "x", "until": "2026-11-29"},
    ]
    assert selection(plan, False, refused, "2026-11-30") == {"nano": "8.4-1"}, "the other refusal has ended"
    assert selection(plan, True, [], "2026-11-30") == {"nano": "8.4-1"}
    assert preferences({"nano": "8.4-1"}) == "Package: nano\nPin: version 8.4-1\nPin-Priority: 1001\n\n"


@pytest.mark.parametrize(
    ("output", "code"),
    [
        ("E: Repository 'x' changed its 'Codename' value from 'trixie' to 'forky'", "release_changed"),
        ("W: GPG error: EXPKEYSIG 0E98404D386FA1D9", "key_expired"),
        ("E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend)", "locked"),
        ("E: Clearsigned file isn't valid, got 'NOSPLIT'", "proxy_answers_html"),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "disk_full"),
        ("dpkg: error processing package essai (--configure):", "package_script"),
        ("E: something that nobody has seen", "unknown"),
    ],
)
def test_the_cause_of_a_failure(output: str, code: str) -> None:
    assert cause(output) == code


def test_a_password_of_a_source_is_not_told() -> None:
    assert (
        first_errors("E: Failed to fetch https://user:secret@depot.example/x")
        == "E: Failed to fetch https://depot.example/x"
    )


@pytest.mark.parametrize(
    ("running", "installed", "newest"),
    [
        ("6.12.48+deb13-amd64", ["6.12.48+deb13-amd64", "6.12.60+deb13-amd64"], "6.12.60+deb13-amd64"),
        ("6.12.48+deb13-amd64", ["6.12.48+deb13-amd64", "6.12.60+deb13-cloud-amd64"], "6.12.48+deb13-amd64"),
        ("6.8.0-45-generic", ["6.8.0-45-generic", "6.8.0-50-generic", "6.8.0-60-lowlatency"], "6.8.0-50-generic"),
        ("6.1.0-25-amd64", ["6.1.0-9-amd64", "6.1.0-25-amd64", "6.1.0-28-amd64"], "6.1.0-28-amd64"),
        ("6.18.44-fc-v669", [], "6.18.44-fc-v669"),
    ],
)  # fmt: skip
def test_the_newest_kernel_of_the_same_flavour(running: str, installed: list[str], newest: str) -> None:
    assert newest_kernel([(release, "") for release in installed], running) == newest
