"""Whatever a file contains, the check answers with findings: it never falls over, and never calls broken good."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reversibility.market.check import check_market
from reversibility.market.source import Document
from tests.unit.market.support import HERE, TODAY

BASE = HERE / "base"
FILES = ["hosts.yml", "sites.yml", "network.yml", "catalogue.yml", "contract.yml", "host_vars/SW250001.yml"]
PLAIN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.datetimes() | st.text(max_size=20)
    | st.sampled_from(["administration", "UC250001", "198.51.100.0/27", "::1/8", "internet", "{{ x }}", "0.0.0.0/0"])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


def checked(file: str, content: bytes) -> list[str]:
    """The findings of the base market with ``content`` in place of ``file``."""
    with tempfile.TemporaryDirectory() as folder:
        market = Path(folder) / "m"
        shutil.copytree(BASE, market)
        (market / file).write_bytes(content)
        found = check_market(market, TODAY)
        for finding in found:
            lines = content.count(b"\n") + 1 if finding.file.endswith(file) else 1_000
            assert 1 <= finding.line <= lines, finding
            assert finding.problem
            assert finding.expected
        return [str(finding) for finding in found]


def paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a tree of mappings and lists, the root's () included."""
    found = [above]
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        found += paths(inner, (*above, step))
    return found


def placed(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """``tree`` with ``value`` at ``path``."""
    if not path:
        return value
    inner = tree
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return tree


@PLAIN
@given(data=st.data(), file=st.sampled_from(FILES), value=values)
def test_any_value_in_any_place(data: st.DataObject, file: str, value: Any) -> None:
    tree = yaml.safe_load((BASE / file).read_text(encoding="utf-8"))
    path = data.draw(st.sampled_from(paths(tree)))
    checked(file, yaml.safe_dump(placed(tree, path, value), allow_unicode=True).encode("utf-8", "replace"))


@PLAIN
@given(data=st.data(), file=st.sampled_from(FILES))
def test_any_key_left_out(data: st.DataObject, file: str) -> None:
    tree = yaml.safe_load((BASE / file).read_text(encoding="utf-8"))
    path = data.draw(st.sampled_from(paths(tree)[1:]))
    inner = tree
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    checked(file, yaml.safe_dump(tree, allow_unicode=True).encode())


@PLAIN
@given(
    data=st.data(),
    file=st.sampled_from(FILES),
    junk=st.binary(max_size=6) | st.sampled_from(list(b'\t:-{}[]&*!"')),
)
def test_any_bytes_anywhere(data: st.DataObject, file: str, junk: bytes | int) -> None:
    content = (BASE / file).read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(start + 30, len(content))))
    checked(file, content[:start] + (bytes([junk]) if isinstance(junk, int) else junk) + content[end:])


@PLAIN
@given(content=st.binary(max_size=60), file=st.sampled_from(FILES))
@example(b"a: &a [*a]", "hosts.yml")
@example(b"&a a: *b", "sites.yml")
@example(b"? [a]\n: b", "network.yml")
@example(b"<<: 1", "catalogue.yml")
@example(b"<<: [{a: 1}, 2]\na: 3", "contract.yml")
@example(b"? &k key\n: *k", "host_vars/SW250001.yml")
@example(b"[" * 5_000, "hosts.yml")
@example(b"a: 1:99:61\nb: 9999999999999-01-01", "sites.yml")
@example(b"!!binary x", "network.yml")
@example(b"--- \n...\n---\n", "catalogue.yml")
def test_any_file_at_all(content: bytes, file: str) -> None:
    checked(file, content)


@PLAIN
@given(tree=st.dictionaries(st.text(max_size=8), values, max_size=4))
def test_values_are_those_of_yaml(tree: dict[str, Any]) -> None:
    """Our reading of a file is PyYAML's, with line numbers added."""
    text = yaml.safe_dump(tree, allow_unicode=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.yml"
        file.write_text(text, encoding="utf-8", errors="replace")
        document = Document.read(file)
        expected = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert document.readable
        assert repr(document.value) == repr(expected)  # nan is not equal to itself
