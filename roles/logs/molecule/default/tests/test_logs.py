"""A server that collects its own logs: lines arrive, a full disk loses none for good, finished days are sealed."""

import json
import time

import pytest

FOLDER = "/var/log/cartable"
# A server that collects its own logs waits ten seconds at a stop, for an answer of its own.
STOP = "systemctl kill --signal=KILL rsyslog.service; systemctl stop syslog.socket rsyslog.service"
STORED = f"cat {FOLDER}/hosts/NA990004/*.log"
# What collect_logs.yml does with the lines that the source has and the server has not, on one machine.
STORE = """
import json, sys
from datetime import date
from pathlib import Path
sys.path.insert(0, "/usr/local/sbin")
from importlib.machinery import SourceFileLoader
store = SourceFileLoader("log_store", "/usr/local/sbin/cartable-seal-logs").load_module()
folder, sources = Path("/var/log/cartable"), sorted(Path("/var/log/cartable/source").glob("*.log"))
def gaps():
    found = store.status(folder, {"NA990004": {path.stem: path.stat().st_size for path in sources}})
    return {day: row["missing"] for day, row in found["assets"]["NA990004"].items() if row["missing"]}
before = gaps()
for day, ranges in before.items():
    content = (folder / "source" / f"{day}.log").read_bytes()
    store.add(folder, "NA990004", day, [(first, content[first:end]) for first, end in ranges])
print(json.dumps({"before": before, "after": gaps()}))
"""


def wait(condition, patience=30.0):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)  # between two questions


def has(machine, words):
    return words in machine.run("sh", "-c", STORED).stdout


def test_a_line_arrives_over_tls_with_its_place(machine):
    machine.run("logger", "--tag", "essai", "ligne du serveur")
    wait(lambda: has(machine, "essai: ligne du serveur"))
    asked = "openssl s_client -connect 127.0.0.1:20514 -brief </dev/null 2>&1"
    said = machine.run("sh", "-c", asked).stdout
    assert "NA990004" in said or "certificate required" in said, said


def test_only_root_reads_the_logs(machine):
    assert machine.run("stat", "--format=%a %U", FOLDER).stdout.split() == ["700", "root"]
    assert machine.run("cat", f"{FOLDER}/chain/head.json", user="nobody").returncode != 0


@pytest.fixture
def full(machine):
    """The server's folder on a small disk that is full, with a day that is over. What makes room again."""
    small = f"mount -t tmpfs -o size=4m,mode=0700 tmpfs {FOLDER}/hosts && mkdir {FOLDER}/hosts/NA990004"
    over = f"echo 'x 0 4 soir' > {FOLDER}/hosts/NA990004/2026-02-01.log"
    fill = f"(head -c 8M /dev/zero > {FOLDER}/hosts/zero || true)"
    done = machine.run("sh", "-c", f"{STOP} && {small} && {over} && {fill} && systemctl start rsyslog")
    assert done.returncode == 0, done.stderr
    yield lambda: machine.run("rm", f"{FOLDER}/hosts/zero")
    machine.run("sh", "-c", f"{STOP}; umount {FOLDER}/hosts; systemctl start rsyslog")


def test_a_seal_on_a_full_disk_says_so_and_is_made_up_for(machine, full):
    """Then lines come that do not fit: those that are missing are counted, and fetched from the source."""
    seal = ("systemctl", "start", "cartable-seal-logs.service")
    listed = f"ls -A {FOLDER}/hosts/NA990004; ls {FOLDER}/chain"
    before = machine.run("sh", "-c", listed).stdout
    assert machine.run(*seal).returncode != 0
    assert machine.run("systemctl", "is-failed", "cartable-seal-logs.service").stdout.strip() == "failed"
    said = machine.run("journalctl", "--unit=cartable-seal-logs", "--output=cat").stdout
    assert "Traceback" not in said
    assert (
        f"the disk of {FOLDER}/hosts/NA990004 is full (0 of 4096 KiB are free), so 1 day is not sealed"
        in said
    )
    assert machine.run("sh", "-c", listed).stdout == before
    # Into the source's own file: a container's journal hands rsyslog 10 lines at a time, and drops the others.
    lines = "for n in $(seq 1 300); do echo $(date -Iseconds) user.info plein: ligne-$n; done"
    machine.run("sh", "-c", f"{lines} >> {FOLDER}/source/$(date -I).log")
    assert not has(machine, "plein: ligne-300")
    full()
    machine.run("logger", "--tag", "essai", "de nouveau de la place")
    wait(lambda: has(machine, "de nouveau de la place"))
    assert machine.run(*seal).returncode == 0
    assert machine.run("zcat", f"{FOLDER}/hosts/NA990004/2026-02-01.log.gz").stdout == "x 0 4 soir\n"
    machine.run("sh", "-c", STOP)  # nothing is on its way while it is counted
    found = json.loads(machine.run("python3", "-c", STORE).stdout)
    machine.run("systemctl", "start", "rsyslog")
    assert found["after"] == {}
    stored = machine.run("sh", "-c", STORED).stdout
    assert [n for n in range(1, 301) if f"plein: ligne-{n}\n" not in stored] == []


def test_the_nightly_service_seals_a_day_whatever_the_clock_of_its_lines(machine):
    days = {f"{FOLDER}/hosts/NA990004/{day}.log" for day in ("2026-01-15", "2015-01-01")}
    for path in days:
        machine.run("sh", "-c", f"umask 077; echo 'x 0 4 soir' > {path}")
    for _ in range(2):  # the second finds nothing to do
        done = machine.run("systemctl", "start", "cartable-seal-logs.service")
        assert done.returncode == 0, machine.run("journalctl", "-u", "cartable-seal-logs").stdout
        for path in days:
            assert machine.run("zcat", f"{path}.gz").stdout == "x 0 4 soir\n"


def test_the_check_has_shown_the_drift(checked):
    for shown in ("/source.conf.j2", "before: /usr/local/sbin/cartable-seal-logs"):
        assert shown in checked
