"""The hunt itself must be able to find: a hunt that finds nothing anywhere would pass every test."""

from __future__ import annotations

import base64
import gzip
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.secrets_hunt import Hunt

SECRET = "Fr%os+t/ig9=Zebre&Lune"


@given(before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_a_secret_is_found_in_base64_whatever_surrounds_it(before: bytes, after: bytes) -> None:
    hunt = Hunt({"canary": SECRET})
    hunt.search("somewhere", base64.b64encode(before + SECRET.encode() + after))
    assert hunt.found == ["canary in somewhere"]


@pytest.mark.parametrize(
    "content",
    [
        SECRET.encode(),
        SECRET.encode().hex().encode(),
        quote(SECRET, safe="").encode(),
        SECRET.encode("utf-16-le"),
    ],
)
def test_a_secret_is_found_in_the_common_encodings(content: bytes) -> None:
    hunt = Hunt({"canary": SECRET})
    hunt.search("somewhere", b"before " + content + b" after")
    assert hunt.found == ["canary in somewhere"]


def test_nothing_is_found_where_nothing_is() -> None:
    hunt = Hunt({"canary": SECRET})
    hunt.search("somewhere", b"an ordinary text" * 1000)
    assert hunt.found == []


def test_a_secret_is_found_wherever_the_same_content_is() -> None:
    hunt = Hunt({"canary": SECRET})
    for content in (b"clean", b"clean", SECRET.encode(), SECRET.encode()):
        hunt.search(f"place {hunt.searched}", content)
    assert hunt.found == ["canary in place 2", "canary in place 3"]


def test_a_secret_is_found_in_a_zip_and_in_a_git_object_that_no_branch_reaches(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", SECRET)
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", repository], check=True)
    subprocess.run(
        ["git", "-C", repository, "hash-object", "-w", "--stdin"], input=SECRET.encode(), check=True
    )
    hunt = Hunt({"canary": SECRET})
    hunt.search_tree(tmp_path)
    assert sorted(found.rsplit("/", 1)[-1] for found in hunt.found) == ["a.xlsx!sheet.xml", "repository"]


def test_a_secret_is_found_in_what_gzip_has_packed(tmp_path: Path) -> None:
    """In a file of several parts, in one that was cut off, and in a packed log inside an archive."""
    packed = gzip.compress(b"before") + gzip.compress(f"{SECRET}{os.urandom(1000).hex()}".encode())
    (tmp_path / "log.gz").write_bytes(packed)
    (tmp_path / "cut.gz").write_bytes(packed[:-300])
    with tarfile.open(tmp_path / "logs.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "log.gz", "old/log.gz")
    hunt = Hunt({"canary": SECRET})
    hunt.search_tree(tmp_path)
    assert sorted(found.removeprefix(f"canary in {tmp_path}/") for found in hunt.found) == [
        "cut.gz (unpacked)",
        "log.gz (unpacked)",
        "logs.tar.gz (unpacked)!old/log.gz (unpacked)",
    ]


def test_of_a_folder_that_others_use_only_what_is_new_is_searched(tmp_path: Path) -> None:
    for name in ("before", "after", "ours/after"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SECRET)
    os.mkfifo(tmp_path / "pipe")  # whose reading would never end
    middle = (tmp_path / "before").stat().st_ctime + 0.05
    while (tmp_path / "after").stat().st_ctime < middle:
        for name in ("after", "ours/after"):
            (tmp_path / name).write_text(SECRET)
    hunt = Hunt({"canary": SECRET})
    hunt.search_tree(tmp_path, leave_out=[tmp_path / "ours"], since=middle)
    assert hunt.found == [f"canary in {tmp_path / 'after'}"]
