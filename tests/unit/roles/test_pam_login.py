"""The login check, with stand-ins for su that talk on the terminal as su does. The real su is met in Molecule."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from plugins.module_utils.pam_login import LoginError, LoginResult, try_login

SECRET = "Ab1!-été-%s"
ME = "daemon"  # an account that every system has; the stand-ins do not become it
UID = 1


@pytest.fixture
def su(tmp_path: Path):
    """Make a program from the body of a Python script and return its path."""

    def make(body: str) -> str:
        program = tmp_path / "su"
        program.write_text(
            f"#!/usr/bin/python3\nimport getpass, os, sys\nSECRET = {SECRET!r}\nUID = {UID}\n{body}\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        for folder in [tmp_path, *tmp_path.parents]:  # root gives itself up before it runs the program
            if os.access(folder, os.W_OK) and str(folder).startswith("/tmp/"):
                folder.chmod(0o755)
        return str(program)

    return make


ASKS = "given = getpass.getpass('Password: ')\n"
"""getpass turns the echo off before it prints, as PAM's own conversation does."""


def test_the_right_password_logs_in(su) -> None:
    program = su(ASKS + "print(UID) if given == SECRET else sys.exit('su: Authentication failure')")
    assert try_login(ME, SECRET, su=program) == LoginResult(True, "logged in")


def test_a_wrong_password_is_a_result_with_its_reason(su) -> None:
    program = su(ASKS + "print(UID) if given == SECRET else sys.exit('su: Authentication failure')")
    assert try_login(ME, SECRET + "x", su=program) == LoginResult(False, "su: Authentication failure")


def test_getting_in_without_being_asked_proves_nothing(su) -> None:
    result = try_login(ME, SECRET, su=su("print(UID)"))
    assert not result.logged_in
    assert "no password was asked for" in result.detail


def test_getting_in_as_somebody_else_proves_nothing(su) -> None:
    assert not try_login(ME, SECRET, su=su(ASKS + "print(UID + 1)")).logged_in


def test_a_prompt_that_echoes_gets_no_password(su, tmp_path: Path) -> None:
    program = su("print('Password: ', end='', flush=True); sys.stdin.readline(); print(UID)")
    result = try_login(ME, SECRET, su=program, timeout=0.5)
    assert not result.logged_in
    assert "no answer in time" in result.detail


def test_a_second_question_ends_in_time(su) -> None:
    program = su(ASKS + "getpass.getpass('New password: ')")
    result = try_login(ME, SECRET, su=program, timeout=1.0)
    assert not result.logged_in
    assert "New password:" in result.detail


def test_the_password_is_in_no_argument_and_no_environment(su, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    seen.touch(mode=0o666)
    seen.chmod(0o666)
    copies = "".join(
        f"out.write(open('/proc/self/{name}', 'rb').read())\n" for name in ("cmdline", "environ")
    )
    program = su(ASKS + f"out = open({str(seen)!r}, 'wb')\n" + copies + "out.close()\nprint(UID)")
    assert try_login(ME, SECRET, su=program).logged_in
    assert seen.read_bytes()
    assert SECRET.encode() not in seen.read_bytes()


def test_the_detail_never_holds_the_password(su) -> None:
    result = try_login(ME, SECRET, su=su(ASKS + "sys.exit('refused: ' + given)"))
    assert not result.logged_in
    assert SECRET not in result.detail


def test_an_account_that_does_not_exist_is_not_logged_in() -> None:
    assert try_login("personne-de-ce-nom", SECRET) == LoginResult(False, "there is no account of that name")


@pytest.mark.parametrize("password", ["", "a\nb", "a\x03b", "a\x7f"])
def test_what_cannot_be_typed_is_refused(password: str) -> None:
    with pytest.raises(LoginError, match="cannot be typed"):
        try_login(ME, password)


def test_a_missing_su_is_said(tmp_path: Path) -> None:
    with pytest.raises(LoginError, match="could not be started"):
        try_login(ME, SECRET, su=str(tmp_path / "no-su"))


def test_the_real_su_refuses_a_locked_account() -> None:
    assert not try_login(ME, "Certainly-not-1").logged_in
