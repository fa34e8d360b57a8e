"""The shared account opens sessions through PAM: each time it finds an empty home.

By su(1): login(1) of Debian 13 waits for a console that a container does not have.
"""

from __future__ import annotations

import subprocess
import time

import pytest

ACCOUNT = "partage"
LOGIN = ("su", "--login", ACCOUNT)


def login(machine, commands):
    """What ``commands`` print in a session of the shared account."""
    return machine.run(*LOGIN, f"--command=({commands}) 2>&1").stdout


@pytest.fixture
def session(machine):
    """A session of the shared account that stays: its standard input takes what a person types."""
    command = ["podman", "exec", "--interactive", machine.container, *LOGIN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as running:
        try:
            running.stdin.write("echo of this session > ~/devoir; setsid sleep 600 &\n")
            running.stdin.flush()
            deadline = time.monotonic() + 30
            while not machine.run("cat", f"/home/{ACCOUNT}/devoir").stdout:
                assert time.monotonic() < deadline, "nobody logged in"
                time.sleep(0.1)
            yield running
        finally:
            running.kill()


def test_what_one_person_leaves_the_next_does_not_find(machine):
    told = login(
        machine, "stat -f -c %T ~; touch ~/devoir /tmp/devoir /dev/shm/devoir; ls -A ~ /tmp /dev/shm"
    )
    assert told.startswith("tmpfs\n"), told
    assert ".bashrc" in told  # from /etc/skel
    assert told.count("devoir") == 3
    assert "devoir" not in login(machine, "ls -A ~ /tmp /dev/shm")


def test_a_second_login_shares_the_home_of_the_first(machine, session):
    assert login(machine, "cat ~/devoir") == "of this session\n"
    session.communicate("exit\n", timeout=30)
    # Its process still runs.
    assert machine.run("pgrep", "-u", ACCOUNT, "-x", "sleep").returncode == 0
    assert "devoir" not in login(machine, "ls -A ~; echo here")
    assert machine.run("pgrep", "-u", ACCOUNT, "-x", "sleep").returncode == 1


def test_without_a_clean_home_nobody_logs_in(machine):
    """Other accounts still do, if the program that cleans is missing altogether."""
    program = "/usr/local/sbin/cartable-clean-profile"
    machine.run("mv", program, f"{program}.away")
    try:
        assert login(machine, "echo here") == ""
        assert (
            machine.run("su", "--login", "nobody", "--shell=/bin/sh", "--command=echo here").stdout
            == "here\n"
        )
    finally:
        machine.run("mv", f"{program}.away", program)
    assert login(machine, "echo here") == "here\n"


def test_its_home_on_the_disk_keeps_nothing(machine):
    login(machine, "touch ~/devoir")
    seen = "umount --lazy /home/partage && ls -A /home/partage"
    assert "devoir" not in machine.run("unshare", "--mount", "sh", "-c", seen).stdout
