"""The shared account opens sessions through PAM: each time it finds an empty home.

By su(1): login(1) of Debian 13 waits for a console that a container does not have. So a second login beside the first,
which logind has to know of, is not tried here.
"""

from __future__ import annotations

ACCOUNT = "partage"
LOGIN = ("su", "--login", ACCOUNT)


def login(machine, commands):
    """What ``commands`` print in a session of the shared account."""
    return machine.run(*LOGIN, f"--command=({commands}) 2>&1").stdout


def test_what_one_person_leaves_the_next_does_not_find(machine):
    told = login(
        machine, "stat -f -c %T ~; touch ~/devoir /tmp/devoir /dev/shm/devoir; ls -A ~ /tmp /dev/shm"
    )
    assert told.startswith("tmpfs\n"), told
    assert ".bashrc" in told  # from /etc/skel
    assert told.count("devoir") == 3
    assert "devoir" not in login(machine, "ls -A ~ /tmp /dev/shm")


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
