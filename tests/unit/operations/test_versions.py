"""Versions, with dpkg itself as the judge."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.operations.advisories.versions import dotted_less, dpkg_key

UPSTREAM = st.from_regex(r"\A[0-9][A-Za-z0-9.+~]{0,8}\Z")
REVISION = st.one_of(st.just(""), st.from_regex(r"\A-[A-Za-z0-9.+~]{1,6}\Z"))
EPOCH = st.sampled_from(["", "", "0:", "1:"])
VERSION = st.builds(lambda epoch, upstream, revision: epoch + upstream + revision, EPOCH, UPSTREAM, REVISION)
# What differs from another version by little is where the rules are.
NEAR = st.tuples(
    VERSION, st.sampled_from(["", "~", "+", ".", "a", "0", "00", "-0", "-1", "~rc1", "+deb13u1"])
)


def judged(pairs: list[tuple[str, str]]) -> list[tuple[bool, bool]]:
    """(less, equal) of each pair, by one shell that asks dpkg."""
    script = 'while read -r a b; do dpkg --compare-versions "$a" lt "$b" && l=1 || l=0; dpkg --compare-versions "$a" eq "$b" && e=1 || e=0; echo "$l $e"; done'  # fmt: skip # noqa: E501
    lines = "".join(f"{first} {second}\n" for first, second in pairs)
    done = subprocess.run(["bash", "-c", script], input=lines, capture_output=True, text=True, check=True)
    return [
        (less == "1", equal == "1") for less, equal in (line.split() for line in done.stdout.splitlines())
    ]


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="this machine has no dpkg")
@settings(max_examples=8, deadline=None)
@given(st.lists(VERSION, min_size=30, max_size=40), st.lists(NEAR, min_size=30, max_size=40))
def test_the_order_is_that_of_dpkg(versions: list[str], near: list[tuple[str, str]]) -> None:
    pairs = list(pairwise(versions)) + [(a, a + more) for a, more in near]
    pairs = [(a, b) for a, b in pairs if b.count("-") <= 1 or "-" in b]
    ours = [(dpkg_key(a) < dpkg_key(b), dpkg_key(a) == dpkg_key(b)) for a, b in pairs]
    assert ours == judged(pairs)


@pytest.mark.parametrize(
    ("version", "bound", "less"),
    [
        ("14.3.0.5", "V14.3.0.6", True),
        ("14.3", "14.3.0", False),
        ("10.0.26100.4061", "10.0.26100.4349", True),
        ("10.0.22631.1", "10.0.26100.4349", None),  # another branch of Windows: it says nothing
        ("12.2(55)SE", "15.0", None),
    ],
)
def test_dotted_versions(version: str, bound: str, less: bool | None) -> None:
    assert dotted_less(version, bound) is less
