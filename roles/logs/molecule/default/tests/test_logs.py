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


# A line as Cisco sends it, with its own number and time: by UDP, and over TLS in a frame that says its length.
LINE = "<189>45: *Dec  1 10:01:02.123: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (192.0.2.7)"
SEND = """
import socket, ssl, sys
line, how, address = sys.stdin.read().encode(), sys.argv[1], (sys.argv[2], 0)
if how == "udp":
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind(address)
        out.sendto(line, ("127.0.0.1", 514))
else:
    trust = ssl.create_default_context(cafile="/etc/ssl/cartable/authority.pem")
    with socket.create_connection(("127.0.0.1", 6514), source_address=address) as plain:
        with trust.wrap_socket(plain, server_hostname="NA990004") as out:
            out.sendall(b"%d %s" % (len(line), line))
"""


@pytest.fixture(scope="module")
def switch(machine):
    """What sends a line as the network device SW990002, or as another address."""
    machine.run("sh", "-c", "ip address add 203.0.113.4/32 dev lo; ip address add 203.0.113.77/32 dev lo")

    def send(line, how="udp", address="203.0.113.4"):
        done = machine.run("python3", "-c", SEND, how, address, stdin=line)
        assert done.returncode == 0, done.stderr

    return send


def test_a_device_is_known_by_its_address_and_its_lines_are_sealed_as_all_others(machine, switch):
    switch(LINE.replace("45:", "44:"), address="203.0.113.77")  # nobody's
    switch(LINE)
    switch(LINE.replace("45:", "46:"), how="tls")
    stored = f"cat {FOLDER}/hosts/SW990002/*.log"
    wait(lambda: " 46: " in machine.run("sh", "-c", stored).stdout)
    rows = [row.split(" ", 6) for row in machine.run("sh", "-c", stored).stdout.splitlines()]
    for row, number in zip(rows, ("45", "46"), strict=True):
        assert row[:2] == ["203.0.113.4", "-"] and row[4:6] == ["local7.notice", "syslog:"]
        assert row[6] == f"{number}{LINE.removeprefix('<189>45')}"
        assert int(row[2]) == len(" ".join(row[3:]))
    assert "44:" not in machine.run("sh", "-c", f"cat {FOLDER}/*.log {FOLDER}/hosts/*/*.log").stdout
    over = f"cd {FOLDER}/hosts/SW990002 && mv $(date -I).log 2026-03-01.log"
    machine.run("sh", "-c", f"{STOP}; {over}; systemctl start rsyslog")
    assert machine.run("systemctl", "start", "cartable-seal-logs.service").returncode == 0
    sealed = machine.run("zcat", f"{FOLDER}/hosts/SW990002/2026-03-01.log.gz").stdout.splitlines()
    assert [row.split()[1] for row in sealed] == ["0", str(int(rows[0][2]) + 1)]
    assert '"asset":"SW990002"' in machine.run("sh", "-c", f"cat {FOLDER}/chain/*.jsonl").stdout


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
    for shown in ("/source.conf.j2", "/devices.conf.j2", "before: /usr/local/sbin/cartable-seal-logs"):
        assert shown in checked
