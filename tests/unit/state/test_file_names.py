"""Names of collected files: whatever a host calls its files, the state is committed and the bundle built."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import unicodedata
from pathlib import Path

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reversibility.bundle.layout import portable_names, refusal, same_file
from reversibility.platforms.registry import driver
from reversibility.records.configuration import plan
from reversibility.records.file_names import original_path, recorded_name
from reversibility.records.state import State

HOSTILE = [
    "/etc/.GIT/config",
    "/etc/.git/config",
    "/etc/.Git ./config",
    "/etc/git~1/config",
    "/etc/GITMOD~1",
    "/etc/.gitmodules",
    "/etc/.gitattributes",
    "/etc/.g\u200cit/config",
    "/etc/.git::$INDEX_ALLOCATION/config",
    "/etc/a\\.git\\b",
    "/etc/..git",
    "/etc/name.",
    "/etc/name ",
    "/etc/name",
    "/etc/ name",
    "/etc/...",
    "/etc//x",
    "/etc/x",
    "/etc/X",
    "/etc/folder/",
    "/etc/a:b.txt",
    "/etc/a=3Ab.txt",
    "/etc/a=03ab.txt",
    "/etc/A=03AB.txt",
    "/etc/apt/google-chrome.list",
    "/etc/apt/Google-Chrome.list",
    "/etc/apt/=google-=chrome.list",
    "/etc/caf\u00e9",
    "/etc/cafe\u0301",
    "/etc/CAF\u00c9",
    "/etc/con",
    "/etc/Con.txt",
    "/etc/stra\u00dfe",
    "/etc/strasse",
    "/etc/\ufb01",
    "/etc/fi",
    "/etc/line\nfeed\x1b[2J",
    "/etc/" + ":" * 100,
    "/etc/" + ":" * 101,
    "/etc/" + "x" * 255,
    "/etc/" + "x" * 254 + "y",
    "/etc" + "/\u00e9" * 1000,
    "/etc" + "/\u00e9" * 1001,
    "/volatile.json",
    "/index.lock",
]
parts = st.one_of(
    st.text(max_size=260),
    st.text(st.sampled_from(list("aAbB.:=~ \\gitGIT03é\u0301")), max_size=12),
)
paths = st.lists(
    parts.map(lambda part: part.replace("/", "_").replace("\0", "_")), min_size=1, max_size=6
).map(lambda found: "/" + "/".join(found))


def folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFC", name).casefold())


@settings(max_examples=400, deadline=None)
@given(st.sets(st.one_of(paths, st.sampled_from(HOSTILE)), min_size=2, max_size=8))
def test_two_files_never_have_one_name(found: set[str]) -> None:
    names = {path: recorded_name(path) for path in found}
    assert len({folded(name) for name in names.values()}) == len(found)
    for path, name in names.items():
        assert refusal(name) is None, name  # a bundle takes it as it is
        assert len(name) <= 600 and all(len(part) <= 150 for part in name.split("/"))
        if "=1" not in name and "=2" not in name:
            assert original_path(name) == path


def test_hostile_names_are_two_by_two_different() -> None:
    assert len({folded(recorded_name(path)) for path in HOSTILE}) == len(HOSTILE)
    assert recorded_name("/etc/NetworkManager/system-connections/x.conf") == (
        "etc/=network=manager/system-connections/x.conf"
    )
    assert recorded_name("/home/eleve/.ssh/authorized_keys") == "home/eleve/.ssh/authorized_keys"


@pytest.mark.parametrize(
    ("part", "beginning"),
    [
        ("x" * 150, None),
        ("x" * 151, "x" * 80),
        ("X" * 75, None),
        ("X" * 76, "=x" * 39),  # never in the middle of what is escaped
        ("a" * 75 + "B" + "c" * 80, "a" * 75 + "=bccc"),
        ("a" * 76 + "B" + "c" * 80, "a" * 76),
        ("a" * 79 + "B" + "c" * 80, "a" * 79),
        ("a" * 80 + "B" + "c" * 80, "a" * 80),
    ],
)
def test_a_long_name_is_cut_where_it_always_was(part: str, beginning: str | None) -> None:
    """Another place would give each long name of each state another name."""
    name = recorded_name(f"/{part}")
    if beginning is None:
        assert original_path(name) == f"/{part}"
    else:
        assert name == f"{beginning}=1{hashlib.sha256(part.encode()).hexdigest()[:40]}"


def test_a_path_of_600_bytes_stays() -> None:
    longest = "/".join(["a" * 149] * 3 + ["b" * 150])
    assert recorded_name(f"/{longest}") == longest
    assert recorded_name(f"/a{longest}").startswith("=2")


@pytest.mark.parametrize("setting", ["core.protectNTFS", "core.protectHFS"])
def test_git_takes_what_hostile_hosts_call_their_files(tmp_path: Path, setting: str) -> None:
    """One host's names stop no commit, and Git checks them out again on a system that is stricter."""
    state = State.create(tmp_path / "state")
    items = [{"path": path, "content_b64": base64.b64encode(b"x = 1\n").decode()} for path in HOSTILE]
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    wanted = plan(state, "a", "UC250001", items, recipient, redactor=lambda _, text: text)
    assert len(wanted.readable) == len(HOSTILE)
    for name, text in wanted.readable.items():
        state.write("a", "UC250001", name, text)
    wanted.apply(state, "a", "UC250001")
    command = ["git", "-C", str(state.directory), "-c", f"{setting}=true", "add", "--all"]
    subprocess.run(command, check=True, capture_output=True)
    assert state.commit("observe")
    listed = state.repository.run("ls-files", "-z", "--", "a/UC250001/config").split("\0")[:-1]
    assert len(listed) == len(HOSTILE)
    copy = tmp_path / "copy"
    command = ["git", "-c", f"{setting}=true", "clone", "--quiet", str(state.directory), str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    assert len([path for path in (copy / "a/UC250001/config").rglob("*") if path.is_file()]) == len(HOSTILE)


def test_a_file_becomes_a_folder_and_a_file_again(tmp_path: Path) -> None:
    state = State.create(tmp_path / "state")
    recipient = str(pyrage.x25519.Identity.generate().to_public())
    for path in ("/etc/default/x", "/etc/default/x/y", "/etc/default/x"):
        items = [{"path": path, "content_b64": base64.b64encode(b"A=1\n").decode()}]
        wanted = plan(state, "a", "UC250001", items, recipient, redactor=driver("debian").redact)
        wanted.remove_stale(state, "a", "UC250001")
        for name in wanted.readable:
            state.write("a", "UC250001", name, "A=1\n")
        wanted.apply(state, "a", "UC250001")
        assert state.files("a", "UC250001") == ["config.age", f"config{path}"]


@settings(max_examples=200, deadline=None)
@given(st.sets(st.one_of(paths, st.sampled_from(HOSTILE)).map(lambda path: path.strip("/")), max_size=8))
def test_names_of_a_folder_are_one_each_in_a_bundle(found: set[str]) -> None:
    """As records of before and people's documents are called: kept where they can be, renamed where not."""
    whole = {path for path in found if path and all(part not in ("", ".", "..") for part in path.split("/"))}
    files = {path for path in whole if not any(other.startswith(f"{path}/") for other in whole)}
    names = portable_names(files)
    assert names.keys() == files
    every = {
        "/".join(name.split("/")[: n + 1]) for name in names.values() for n in range(name.count("/") + 1)
    }
    assert len({same_file(name) for name in every}) == len(every)
    for name in names.values():
        assert refusal(name) is None and all(len(part.encode()) <= 255 for part in name.split("/")), name
    assert portable_names(sorted(files, reverse=True)) == names
