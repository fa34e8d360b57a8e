"""Key files from other programs: those that ``age`` accepts are accepted, others give a clear error."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pyrage
import pytest

from reversibility.bundle import key_files
from reversibility.bundle.dual_control import load_holders
from reversibility.bundle.open import load_identity
from reversibility.errors import CartableError

IDENTITY = pyrage.x25519.Identity.generate()
KEY, PUBLIC = str(IDENTITY).encode(), str(IDENTITY.to_public()).encode()

OPENED = {
    "accents": "# clé créée le 3 février".encode() + b"\n%s\n",
    "latin-1": b"# cl\xe9 de la mairie\n%s\n",
    "windows": b"# cl\x82\r\n\r\n%s\r\n",
    "no newline": b"# \xff\xfe\n%s",
}
SAID = {
    "a byte order mark": b"\xef\xbb\xbf# key\n%s\n",
    "UTF-16": None,
    "UTF-16 without a mark": None,
}


def content(name: str, key: bytes) -> bytes:
    if name == "UTF-16":
        return ("# key\n" + key.decode() + "\n").encode("utf-16")
    if name == "UTF-16 without a mark":
        return (key.decode() + "\n").encode("utf-16-le")
    template = {**OPENED, **SAID}[name]
    assert template is not None
    return template.replace(b"%s", key)


def age_opens(path: Path, folder: Path) -> bool:
    """Whether the real ``age`` takes the identity file."""
    (folder / "half.age").write_bytes(pyrage.encrypt(b"half", [IDENTITY.to_public()]))
    done = subprocess.run(["age", "-d", "-i", path, folder / "half.age"], capture_output=True, check=False)
    return done.stdout == b"half"


@pytest.mark.judge("age")
@pytest.mark.parametrize("name", [*OPENED, *SAID])
def test_age_is_of_the_same_opinion(tmp_path: Path, name: str) -> None:
    path = tmp_path / "key.txt"
    path.write_bytes(content(name, KEY))
    assert age_opens(path, tmp_path) is (name in OPENED)


@pytest.mark.parametrize("name", OPENED)
def test_what_age_opens_is_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / "key.txt"
    path.write_bytes(content(name, KEY))
    [found] = load_identity(path)
    assert str(found.to_public()).encode() == PUBLIC
    (tmp_path / "public.txt").write_bytes(content(name, PUBLIC))
    holders = {
        "a": [{"name": "Un", "recipient_file": "public.txt"}],
        "b": [{"name": "B", "passphrase": True}],
    }
    assert load_holders({"holders": holders}, tmp_path).a[0].recipient == PUBLIC.decode()


@pytest.mark.parametrize("name", SAID)
def test_what_it_does_not_open_is_said_with_the_remedy(tmp_path: Path, name: str) -> None:
    path = tmp_path / "key.txt"
    path.write_bytes(content(name, KEY))
    with pytest.raises(
        CartableError, match=r"was saved with (a byte order mark|UTF-16).*save it again as UTF-8"
    ) as said:
        load_identity(path)
    assert KEY.decode() not in str(said.value)
    path.write_bytes(content(name, PUBLIC))
    holders = {"a": [{"name": "Un", "recipient_file": "key.txt"}], "b": [{"name": "B", "passphrase": True}]}
    with pytest.raises(CartableError, match="was saved with"):
        load_holders({"holders": holders}, tmp_path)


def test_what_never_ends_or_is_short_is_no_key(tmp_path: Path) -> None:
    with pytest.raises(CartableError, match="larger than a key file can be"):
        load_identity(Path("/dev/zero"))
    for data in (b"A", b"", b"\x00", b"AGE-SECRET-KEY-1", os.urandom(7) + b"\xff"):
        (tmp_path / "short").write_bytes(data)
        with pytest.raises(CartableError):
            load_identity(tmp_path / "short")


def test_a_pipe_that_nobody_writes_to_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_files, "PATIENCE", 0.1)
    os.mkfifo(tmp_path / "key")
    with pytest.raises(CartableError, match="holds no age identity"):
        load_identity(tmp_path / "key")


def test_what_a_command_writes_into_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    """As by ``--identity <(command)``: the pieces come one after the other."""
    pipe = tmp_path / "key"
    os.mkfifo(pipe)
    script = f"exec >{pipe}; printf '# a\\n'; sleep 0.1; printf AGE"
    with subprocess.Popen(["sh", "-c", script]):
        assert key_files.read_key_file(pipe) == b"# a\nAGE"


@pytest.mark.parametrize("more", [-1, 0, 1, 100])
@pytest.mark.parametrize("piped", [False, True])
def test_the_largest_key_file_is_read_whole_and_no_larger_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int, piped: bool
) -> None:
    monkeypatch.setattr(key_files, "LARGEST", 64)
    monkeypatch.setattr(key_files, "PATIENCE", 5.0)
    path, data = tmp_path / "key", b"k" * (64 + more)
    if piped:
        os.mkfifo(path)
        writer = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        os.write(writer, data)
        if more <= 0:
            monkeypatch.setattr(key_files, "PATIENCE", 0.1)  # its other end stays open
    else:
        path.write_bytes(data)
    if more > 0:
        with pytest.raises(CartableError, match="larger"):
            key_files.read_key_file(path)
    else:
        assert key_files.read_key_file(path) == data
    if piped:
        os.close(writer)


def test_of_what_never_ends_little_more_than_a_key_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = os.read
    monkeypatch.setattr(os, "read", lambda fd, size: (asked.append(size), real(fd, size))[1])
    assert len(key_files._read(Path("/dev/zero"))) == key_files.LARGEST + 1
    assert all(0 < size <= key_files.LARGEST + 1 for size in asked)


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (b"A\0G\0E\0-\0S\0", True),  # UTF-16, the low byte first
        (b"\0A\0G\0E\0-\0S", True),  # the high byte first
        (b"A\0G\0E\0-\0", False),  # eight bytes are too few to tell
        (b"A\0G\0E\0-\0S", True),
        (b"AGE-SECRET-KEY-1" + b"\0" * 8, False),  # only the first sixteen bytes are looked at
        (b"A\0G\0E\0-\0S\0E\0C\0R\0ET-KEY", True),
        (b"\0AGE-SECRET-KEY-1", False),
        (b"AGE-SECRET-KEY-1\0", False),
        (b"A\0GE-SECRET-KEY-1", False),
    ],
)
def test_utf_16_without_a_mark_is_told_by_every_other_byte(
    tmp_path: Path, data: bytes, refused: bool
) -> None:
    (tmp_path / "key").write_bytes(data)
    if refused:
        with pytest.raises(CartableError, match="UTF-16"):
            key_files.read_key_file(tmp_path / "key")
    else:
        assert key_files.read_key_file(tmp_path / "key") == data


def test_lines_that_are_keys() -> None:
    data = b"# comment\n\n  KEY-1  \r\nssh-ed25519 AAAA cl\xe9\n#\n"
    assert key_files.key_lines(data) == ["KEY-1", "ssh-ed25519 AAAA cl\\xe9"]


def test_a_file_of_some_kilobytes_may_be_a_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"# " + b"x" * 5000 + b"\n" + KEY)
    assert len(load_identity(tmp_path / "key")) == 1
