"""A blank machine gets the accounts and files of the machine it replaces."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.asset.restoring import (
    GROUP,
    GSHADOW,
    PASSWD,
    SHADOW,
    Conflict,
    merged,
    put_accounts,
    put_files,
)

# The blank machine numbers "messagebus" otherwise, as another order of packages does.
HERE = {
    PASSWD: "root:x:0:0:root:/root:/bin/bash\nmessagebus:x:990:990::/:/sbin/nologin\n",
    GROUP: "root:x:0:\nsudo:x:27:\nmessagebus:x:990:\n",
    SHADOW: "root:*:1:0:99999:7:::\nmessagebus:!:1::::::\n",
    GSHADOW: "root:*::\nsudo:*::\nmessagebus:!::\n",
}
KEPT = {
    PASSWD: (
        "root:x:0:0:root:/root:/bin/bash\nmessagebus:x:101:102::/:/sbin/nologin\n"
        "eleve:x:998:997::/nonexistent:/sbin/nologin\nbus-friend:x:997:102::/:/sbin/nologin\n"
    ),
    GROUP: "root:x:0:\nsudo:x:27:eleve\nmessagebus:x:102:\neleve:x:997:\n",
    SHADOW: "root:$y$kept:2:0:99999:7:::\nmessagebus:!:2::::::\neleve:$y$secret:2:0:99999:7:::\nbus-friend:!:2::::::\n",
    GSHADOW: "root:*::\nsudo:*::eleve\nmessagebus:!::\neleve:!::\n",
}


def rows(text: str) -> dict[str, list[str]]:
    return {line.split(":")[0]: line.split(":")[1:] for line in text.splitlines()}


def test_what_is_missing_comes_with_its_number_and_its_password() -> None:
    found = merged(HERE, KEPT)
    assert rows(found[PASSWD])["eleve"][1:3] == ["998", "997"]
    assert rows(found[GROUP])["eleve"][1] == "997"
    assert rows(found[SHADOW])["eleve"][0] == "$y$secret"
    assert rows(found[SHADOW])["root"][0] == "$y$kept"
    assert rows(found[GROUP])["sudo"][2] == rows(found[GSHADOW])["sudo"][2] == "eleve"


def test_what_the_machine_has_keeps_its_number_and_a_group_is_followed_by_its_name() -> None:
    found = merged(HERE, KEPT)
    assert rows(found[PASSWD])["messagebus"][1:3] == ["990", "990"]
    assert rows(found[PASSWD])["bus-friend"][1:3] == ["997", "990"], "its group had the number 102 before"


def test_a_second_time_changes_nothing() -> None:
    once = merged(HERE, KEPT)
    assert merged(once, KEPT) == once


def test_a_number_that_somebody_else_has_is_refused() -> None:
    """Files of the data would be somebody else's."""
    taken = {**HERE, PASSWD: HERE[PASSWD] + "intrus:x:998:990::/:/bin/sh\n"}
    with pytest.raises(Conflict, match="eleve had the number 998, which intrus has"):
        merged(taken, KEPT)


def item(path: str, content: bytes, mode: str = "0640") -> dict[str, Any]:
    owner, group = os.getuid(), os.getgid()
    content_b64 = base64.b64encode(content).decode()
    return {"path": path, "mode": mode, "owner": str(owner), "group": str(group), "content_b64": content_b64}


def test_files_and_links_are_written_once_with_their_rights(tmp_path: Path) -> None:
    items = [
        item("/etc/ssh/ssh_host_ed25519_key", b"secret", "0600"),
        {"path": "/etc/systemd/system/a.wants/b", "link": "/lib/b"},
    ]
    assert put_files(str(tmp_path), items, write=False) == [one["path"] for one in items]
    assert not (tmp_path / "etc").exists()
    assert len(put_files(str(tmp_path), items, write=True)) == 2
    key = tmp_path / "etc/ssh/ssh_host_ed25519_key"
    assert key.read_bytes() == b"secret" and key.stat().st_mode & 0o777 == 0o600
    assert str((tmp_path / "etc/systemd/system/a.wants/b").readlink()) == "/lib/b"
    assert put_files(str(tmp_path), items, write=True) == []
    key.chmod(0o644)
    assert put_files(str(tmp_path), items, write=True) == [items[0]["path"]]
    assert list(key.parent.iterdir()) == [key], "nothing is left of the writing"


def test_accounts_are_merged_in_the_files_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    for path, text in HERE.items():
        (tmp_path / path[1:]).write_text(text)
    (tmp_path / SHADOW[1:]).chmod(0o640)
    kept = [item(path, text.encode()) for path, text in KEPT.items()]
    assert set(put_accounts(str(tmp_path), kept, write=True)) == set(KEPT)
    assert (tmp_path / PASSWD[1:]).read_text() == merged(HERE, KEPT)[PASSWD]
    assert (tmp_path / SHADOW[1:]).stat().st_mode & 0o777 == 0o640
    assert put_accounts(str(tmp_path), kept, write=True) == []
