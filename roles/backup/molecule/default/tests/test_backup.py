"""Copies of a file server's data: made, opened with the vault's password, brought back with owners and rights."""

import json

import pytest

ENVIRONMENT = "/etc/cartable/backup/environment"
RESTIC = f"set -aeu; . {ENVIRONMENT}; exec restic "


@pytest.fixture(scope="module")
def copied(machine):
    """A file with an owner and an ACL, copied as the timer does it; what restic then says of its copies."""
    script = """
    printf bonjour > /srv/partages/devoir.txt
    chown 4242:4243 /srv/partages/devoir.txt
    chmod 0640 /srv/partages/devoir.txt
    systemctl start cartable-backup.service
    """
    done = machine.run("sh", "-euc", script)
    assert done.returncode == 0, machine.run("journalctl", "--no-pager", "-u", "cartable-backup").stdout
    return json.loads(machine.run("sh", "-c", RESTIC + "--no-lock --json snapshots").stdout)


def test_a_copy_is_made_and_the_timer_waits_for_the_next(machine, copied):
    assert copied[-1]["paths"] == ["/srv/partages"] and copied[-1]["hostname"] == "NA990002"
    assert machine.run("systemctl", "is-active", "cartable-backup.timer").stdout.strip() == "active"
    assert machine.run("systemctl", "is-enabled", "cartable-backup.timer").stdout.strip() == "enabled"


def test_what_is_lost_comes_back_with_its_owner_and_rights(machine, copied):
    machine.run("rm", "-rf", "/srv/partages")
    back = machine.run(
        "sh", "-c", RESTIC + "--quiet restore latest --host NA990002 --path /srv/partages --target /"
    )
    assert back.returncode == 0, back.stderr
    shown = machine.run("stat", "--format=%u %g %a", "/srv/partages/devoir.txt").stdout
    assert shown.split() == ["4242", "4243", "640"]
    assert machine.run("cat", "/srv/partages/devoir.txt").stdout == "bonjour"


def test_the_vaults_password_opens_the_repository_and_another_does_not(machine, secret, copied):
    command = (
        f"set -a; . {ENVIRONMENT}; unset RESTIC_PASSWORD_FILE; restic --no-lock -p /dev/stdin cat config"
    )
    assert machine.run("sh", "-c", command, stdin=secret("backup")).returncode == 0
    assert machine.run("sh", "-c", command, stdin="oubli").returncode != 0


def test_nobody_else_reads_the_password(machine, copied):
    assert machine.run("stat", "--format=%a", "/etc/cartable/backup").stdout.strip() == "700"
    assert machine.run("stat", "--format=%a", "/etc/cartable/backup/password").stdout.strip() == "600"
