"""A server that collects its own logs: lines arrive, a full disk loses none for good, finished days are sealed."""

import json
import time

import pytest

FOLDER = "/var/log/cartable"
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
        time.sleep(0.1)


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


def test_what_a_full_disk_did_not_take_is_counted_and_fetched(machine):
    """The server's folder on a disk of its own, which is full before the lines come."""
    small = f"mount -t tmpfs -o size=256k,mode=0700 tmpfs {FOLDER}/hosts"
    fill = f"mkdir {FOLDER}/hosts/NA990004 && (head -c 1M /dev/zero > {FOLDER}/hosts/zero || true)"
    # A stop that waited for the server's answer, which is itself, took 90 seconds.
    done = machine.run("sh", "-c", f"systemctl stop rsyslog && {small} && {fill} && systemctl start rsyslog")
    assert done.returncode == 0, done.stderr
    machine.run("sh", "-c", "for n in $(seq 1 300); do echo ligne-$n; done | logger --tag plein")
    wait(lambda: "plein: ligne-300" in machine.run("sh", "-c", f"cat {FOLDER}/source/*.log").stdout)
    assert not has(machine, "plein: ligne-300")
    machine.run("rm", f"{FOLDER}/hosts/zero")
    machine.run("logger", "--tag", "essai", "de nouveau de la place")
    wait(lambda: has(machine, "de nouveau de la place"))
    machine.run("systemctl", "stop", "rsyslog")  # nothing is on its way while it is counted
    found = json.loads(machine.run("python3", "-c", STORE).stdout)
    assert found["after"] == {}
    stored = machine.run("sh", "-c", STORED).stdout
    assert [n for n in range(1, 301) if f"plein: ligne-{n}\n" not in stored] == []
    machine.run("sh", "-c", f"umount {FOLDER}/hosts; systemctl start rsyslog")


@pytest.mark.parametrize("day", ["2026-01-15", "2015-01-01"])
def test_the_nightly_service_seals_a_day_whatever_the_clock_of_its_lines(machine, day):
    machine.run("sh", "-c", f"umask 077; echo 'x 0 4 soir' > {FOLDER}/hosts/NA990004/{day}.log")
    done = machine.run("systemctl", "start", "cartable-seal-logs.service")
    assert done.returncode == 0, machine.run("journalctl", "-u", "cartable-seal-logs").stdout
    assert machine.run("zcat", f"{FOLDER}/hosts/NA990004/{day}.log.gz").stdout == "x 0 4 soir\n"
    again = machine.run("systemctl", "start", "cartable-seal-logs.service")
    assert again.returncode == 0
    assert machine.run("test", "-e", f"{FOLDER}/hosts/NA990004/{day}.log.gz").returncode == 0


def test_the_check_has_shown_the_drift(checked):
    for shown in ("/source.conf.j2", "before: /usr/local/sbin/cartable-seal-logs"):
        assert shown in checked
