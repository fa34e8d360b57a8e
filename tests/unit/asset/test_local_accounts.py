"""Which accounts are reported as unknown; the warning itself is met in the Molecule scenario of the role accounts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.module_utils.asset.accounts import accounts, unknown
from plugins.module_utils.asset.machine import Machine
from tests.project import PROJECT

DECLARED = {"root", "cartable"}


@pytest.mark.parametrize(
    ("line", "reported"),
    [
        ("root:x:0:0:root:/root:/bin/bash", []),
        ("jumeau:x:0:0::/root:/bin/bash", ["jumeau"]),
        ("jumeau:x:0:0::/root:/usr/sbin/nologin", ["jumeau"]),
        ("service:x:998:998::/var/lib/service:/bin/sh", ["service"]),
        ("daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin", []),
        ("sync:x:4:65534:sync:/bin:/bin/sync", []),
        ("intrus:x:1001:1001::/home/intrus:/bin/bash", ["intrus"]),
        ("parti:x:1002:1002::/home/parti:/usr/sbin/nologin", ["parti"]),
        ("cartable:x:1000:1000::/home/cartable:/bin/bash", []),
        ("nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin", []),
    ],
)
def test_who_is_reported(tmp_path: Path, line: str, reported: list[str]) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text(line + "\n")
    assert unknown(accounts(Machine(str(tmp_path)), DECLARED)) == reported


def test_nothing_is_unknown_where_nothing_was_declared(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("intrus:x:1001:1001::/home/intrus:/bin/bash\n")
    assert unknown(accounts(Machine(str(tmp_path)), set())) == []


def test_the_module_says_of_this_machine_what_the_rule_says() -> None:
    """The module local_accounts as Ansible runs it; nobody is declared but root, and an account of no one's."""
    command = [Path(sys.executable).parent / "ansible", "localhost", "-c", "local", "-i", "localhost,"]
    module = ["-m", "cartable.fleet.local_accounts", "-a", "asset=UC990001 declared=nobody-of-that-name"]
    done = subprocess.run(
        [*command, *module, "-e", f"ansible_python_interpreter={sys.executable}"],
        cwd=PROJECT,
        env=os.environ
        | {
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "false",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout[done.stdout.index("{") :])
    expected = accounts(Machine(), {"root", "nobody-of-that-name"})
    assert result["changed"] is False
    assert result["unknown"] == unknown(expected)
    assert [account["login"] for account in result["accounts"]] == [account["login"] for account in expected]
    assert ("are not declared" in done.stdout + done.stderr) is bool(unknown(expected))
