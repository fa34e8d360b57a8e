"""The module login_check as Ansible runs it; its logic has its own tests in test_pam_login.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.project import PROJECT


def test_login_check_refuses_an_unknown_account_without_showing_the_password() -> None:
    password = "Zq7-canary-Wk3"
    command = [
        Path(sys.executable).parent / "ansible",
        "localhost",
        "-c",
        "local",
        "-i",
        "localhost,",
        "-vvv",
    ]
    module = ["-m", "cartable.fleet.login_check", "-a", f"user=nobody-of-that-name password={password}"]
    interpreter = ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(
        [*command, *module, *interpreter],
        cwd=PROJECT,
        env=os.environ | {"ANSIBLE_LOAD_CALLBACK_PLUGINS": "false", "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "logged_in: false" in done.stdout
    assert "changed: false" in done.stdout
    assert password not in done.stdout + done.stderr
