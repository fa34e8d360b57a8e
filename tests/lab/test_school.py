"""The school is what the market says: who reaches whom, by real connections. Starts it if it is not up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reversibility.market.paths import MarketPaths
from tests.lab import hosts, network, switch
from tests.lab.conftest import PROJECT, Lab
from tests.lab.detect import detect
from tests.lab.plan import Port
from tests.lab.podman import Podman
from tests.lab.visit import running

REACH = Path(__file__).with_name("reach.py")
DEMO = PROJECT / "inventories/demo"

CONTROLLER = "198.51.100.30"
NAS, SWITCH, ROUTER = "198.51.100.10", "198.51.100.3", "198.51.100.1"
DIRECTOR, TEACHER, PUPIL, OLD_PUPIL = "198.51.100.42", "198.51.100.74", "198.51.100.106", "198.51.100.107"
HOSTS = [NAS, SWITCH, ROUTER, DIRECTOR, TEACHER, PUPIL, OLD_PUPIL]

# Written by hand from network.yml's meaning, not computed from it.
SSH = {
    "administration": {NAS, SWITCH, ROUTER, DIRECTOR, TEACHER, PUPIL, OLD_PUPIL},
    "direction": {DIRECTOR},
    "teachers": {TEACHER},
    "pupils": {PUPIL, OLD_PUPIL},
    "guests": set[str](),
}
SHARES = {
    "administration": {NAS, SWITCH},
    "direction": {NAS, DIRECTOR},
    "teachers": {NAS, TEACHER},
    "pupils": {NAS, PUPIL, OLD_PUPIL},
    "guests": set[str](),
}


@pytest.fixture(scope="module", autouse=True)
def school(lab: Lab) -> None:
    lab("up")


@pytest.fixture(scope="module")
def podman() -> Podman:
    return Podman(detect())


def test_status_is_all_well(lab: Lab) -> None:
    lines = lab("status").stdout.splitlines()
    assert len(lines) == 3 + len(HOSTS)
    assert all(line.split()[-2:] == ["running", "answers"] for line in lines[3:])


@pytest.mark.parametrize(
    "tag", ["NA250001", "SW250001", "RT250001", "PD250001", "UC250001", "UC250002", "UC180001"]
)
def test_the_controller_becomes_root_by_ssh(lab: Lab, tag: str) -> None:
    paths = MarketPaths.for_inventory(DEMO)
    address = str(running().hosts[tag].address)
    ssh = ["ssh", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={paths.data / 'known_hosts'}"]
    who = lab(
        "run",
        *ssh,
        "-i",
        str(paths.keys / "operator_ed25519"),
        f"cartable@{address}",
        "sudo",
        "-n",
        "id",
        "-u",
    )
    assert who.stdout.strip() == "0"


@pytest.mark.parametrize("vlan", list(SSH))
def test_who_reaches_whom(lab: Lab, vlan: str) -> None:
    """Ports 22 and 445 of every host from every VLAN; the router's own port 445 answers nobody."""
    targets = [f"{address}:{port}" for port in (22, 445) for address in HOSTS]
    answers = lab("probe", vlan, "--", sys.executable, "-I", str(REACH), *targets).stdout.split()
    reached = {target for target, answer in zip(targets, answers, strict=True) if answer != "filtered"}
    wanted = {f"{address}:22" for address in SSH[vlan]} | {f"{address}:445" for address in SHARES[vlan]}
    assert reached == wanted


@pytest.mark.parametrize("vlan", ["direction", "teachers", "pupils", "guests"])
def test_nobody_reaches_the_controller(lab: Lab, vlan: str) -> None:
    done = lab("probe", vlan, "--", sys.executable, "-I", str(REACH), f"{CONTROLLER}:22", f"{CONTROLLER}:445")
    assert done.stdout.split() == ["filtered", "filtered"]


def test_the_address_of_another_vlan_reaches_nobody(lab: Lab) -> None:
    """A pupil's machine that calls itself a teacher's: neither the teachers, nor the shares that they may reach."""
    script = (
        f"ip address add 198.51.100.80/27 dev eth0; ip address add 198.51.100.43/27 dev eth0; "
        f"{sys.executable} -I {REACH} {PUPIL}:22; "
        f"{sys.executable} -I {REACH} --from 198.51.100.80 {TEACHER}:22 {NAS}:445; "
        f"{sys.executable} -I {REACH} --from 198.51.100.43 {DIRECTOR}:22 {NAS}:445"
    )
    answers = lab("probe", "pupils", "--", "sh", "-c", script).stdout.split()
    assert answers == ["open", "filtered", "filtered", "filtered", "filtered"]


def test_isolation_is_tried_between_all_networks_and_a_hole_is_named(
    lab: Lab, podman: Podman, tmp_path: Path
) -> None:
    file = tmp_path / "probes.json"
    playbook = Path(sys.executable).with_name("ansible-playbook")
    words = ["env", f"CARTABLE_DATA_DIR={tmp_path}", str(playbook), "-i", str(DEMO), "-e", f"@{file}"]
    words += ["-e", "isolation_router=RT250001", str(PROJECT / "playbooks/check_isolation.yml")]
    good = lab("probes", str(file), "--", *words)
    assert "attempts, each as declared" in good.stdout
    router = hosts.container("RT250001")
    hole = "insert rule inet matrix forward iifname vlan50 oifname vlan40 tcp dport 22 accept"
    try:
        podman.execute(router, f"nft {hole}")
        leaking = lab("probes", str(file), "--", *words, ok=2)
    finally:
        podman.execute(router, "nft -f /etc/nftables.conf")
    assert "guests → pupils: tcp/22 passes, expected: blocked" in leaking.stdout
    assert "guests → teachers" not in leaking.stdout


@pytest.fixture
def two_guests(podman: Podman) -> Iterator[tuple[str, Port]]:
    """Two machines on the guests' VLAN: the second's name and port."""
    school = running()
    vlan = school.vlan("guests")
    ports = [Port(f"t_guest{number}", vlan.number, (), None, protected=True) for number in (1, 2)]
    container = hosts.container(school.switch)
    names = [f"test-{port.name}" for port in ports]
    try:
        network.add_namespaces(names)
        for position, (name, port) in enumerate(zip(names, ports, strict=True), start=3):
            network.plug(name, hosts.INTERFACE, school.switch, port.name)
            podman.execute(container, switch.plug_in(port))
            network.configure(name, hosts.INTERFACE, vlan.from_the_end(position), vlan)
        yield names[1], ports[1]
    finally:
        for name, port in zip(names, ports, strict=True):
            network.remove_namespace(name)
            podman.execute(container, switch.unplug(port), check=False)


def test_guests_do_not_see_one_another(podman: Podman, two_guests: tuple[str, Port]) -> None:
    second, port = two_guests
    school = running()
    first_address = school.vlan("guests").from_the_end(3).partition("/")[0]
    ping = ["ping", "-q", "-c", "1", "-W", "1", first_address]
    assert network.inside(second, ping, check=False).returncode != 0
    open_port = switch.plug_in(Port(port.name, port.tag, (), None, protected=False))
    podman.execute(hosts.container(school.switch), open_port)
    assert network.inside(second, ping, check=False).returncode == 0, "it is the switch that keeps them apart"


def test_packages_come_through_the_cache_and_nothing_else_does(lab: Lab) -> None:
    assert "Reading package lists" in lab("shell", "UC250001", "apt-get", "update").stdout
    gone = lab(
        "shell",
        "UC250001",
        "apt-get",
        "-o",
        "Acquire::http::Proxy=false",
        "update",
        "--error-on=any",
        ok=None,
    )
    assert gone.returncode != 0


def test_a_command_on_the_controller_is_just_a_command(lab: Lab, tmp_path: Path) -> None:
    script = "pwd; cat /etc/resolv.conf; ip -4 -o address show eth0; exit 7"
    done = lab("run", "sh", "-c", script, ok=7, cwd=tmp_path)
    assert done.stdout.splitlines()[0] == str(tmp_path)
    assert "nameserver" not in done.stdout
    assert f"{CONTROLLER}/27" in done.stdout


def test_up_says_which_way_podman_is_used_and_that_nothing_is_missing(lab: Lab) -> None:
    first = lab("up").stderr.splitlines()[0]
    assert first.endswith(detect().sentence())
    assert first.endswith("; nothing is missing.")


def test_up_again_changes_nothing(lab: Lab, podman: Podman) -> None:
    known_hosts = MarketPaths.for_inventory(DEMO).data / "known_hosts"
    before = sorted(container["Id"] for container in podman.containers()), known_hosts.read_text()
    assert "made or started: nothing" in lab("up").stderr
    assert (sorted(container["Id"] for container in podman.containers()), known_hosts.read_text()) == before


def test_up_repairs(lab: Lab, podman: Podman) -> None:
    """A host that is off, a cable that was pulled, a port that was moved to another VLAN."""
    school = running()
    podman.execute(hosts.container("UC180001"), "echo kept > /root/note")
    podman("stop", "--time", "2", hosts.container("UC180001"))
    network.inside("UC250002", ["ip", "link", "delete", "eth0"])
    podman.execute(hosts.container(school.switch), "ovs-vsctl set port p_pd250001 tag=50")
    lab("status", ok=1)
    assert "made or started: UC180001 (was off)" in lab("up").stderr
    assert "kept" in lab("shell", "UC180001", "cat", "/root/note").stdout, (
        "a host that was off keeps its disk"
    )
    lab("status")


def test_a_host_survives_its_restart(lab: Lab, podman: Podman) -> None:
    """Switch and router as well: their ports and rules are their own, not the lab's."""
    for tag in ("SW250001", "RT250001"):
        podman("restart", "--time", "5", hosts.container(tag))
    lab("up")
    answers = lab("probe", "pupils", "--", sys.executable, "-I", str(REACH), f"{NAS}:22", f"{NAS}:445")
    assert answers.stdout.split()[0] == "filtered"
    assert answers.stdout.split()[1] != "filtered"


def test_names_that_do_not_exist(lab: Lab) -> None:
    assert "There is no VLAN cantine" in lab("probe", "cantine", "--", "true", ok=2).stderr
    assert "There is no host UC999999" in lab("shell", "UC999999", ok=2).stderr
