"""The containers: one host each, with systemd, in a network namespace that was made before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from tests.lab import image, network, places, router, switch
from tests.lab.plan import Host, School
from tests.lab.podman import Podman
from tests.lab.shell import LabError, wait_until

INTERFACE = "eth0"
_PLAN_LABEL = f"{places.LABEL}.plan"
_PATIENCE = 40.0
_OF_THE_KERNEL = {"audit-rules.service"}  # secured hosts have it; the kernel's audit is not a container's
# Its own address and routes, its own firewall, ping, and the mounts that systemd makes for its services.
_CAPABILITIES = "NET_ADMIN,NET_RAW,SYS_ADMIN"


def container(tag: str) -> str:
    """The name of the container of host ``tag``."""
    return f"{places.CONTAINER_PREFIX}{tag.lower()}"


def condition(host: Host, found: Mapping[str, Any] | None, wanted: str) -> str:
    """``running``, ``off`` (complete, as wanted, and only has to be started) or ``absent`` (to be made anew).

    ``found`` is the container as podman lists it.
    """
    if found is None or found["Labels"].get(_PLAN_LABEL) != wanted:
        return "absent"
    made = places.MADE / host.tag
    if not made.exists() or made.read_text() != found["Id"]:
        return "absent"
    return {"running": "running", "exited": "off"}.get(str(found["State"]), "absent")


def digest(host: Host, school: School, market_network: Mapping[str, Any], key: str) -> str:
    """A checksum of all that decides how the container is made: with another one it has to be made anew."""
    scripts = network_files(host, school, market_network)
    content = json.dumps([repr(host), scripts, key, image.recipe(host.image)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def network_files(host: Host, school: School, market_network: Mapping[str, Any]) -> dict[str, str]:
    """The files that make a switch or a router of a host; none for a computer."""
    if host.tag == school.switch:
        return {"/usr/local/sbin/lab-network": switch.network_script(school)}
    if host.tag == school.router:
        return {
            "/usr/local/sbin/lab-network": router.network_script(school),
            "/etc/nftables.conf": router.ruleset(market_network, school),
        }
    return {}


def create(podman: Podman, host: Host, files: Mapping[str, str], key: str, plan_digest: str) -> None:
    """Start the container of ``host``, with the operator's public ``key``, and configure it."""
    name = container(host.tag)
    devices = ["--device=/dev/net/tun"] if files else []
    started = podman(
        *["run", "--detach", "--name", name, "--hostname", "debian", "--systemd=always"],
        *["--network", f"ns:{network.path(host.tag)}", "--cap-add", _CAPABILITIES, *devices],
        *["--cgroup-parent", places.CGROUP, "--volume", f"{places.APT_FOLDER}:{places.INSIDE}"],
        *["--label", f"{places.LABEL}={host.tag}", "--label", f"{_PLAN_LABEL}={plan_digest}"],
        image.reference(host.image),
    )
    for path, content in {**files, "/home/cartable/.ssh/authorized_keys": key + "\n"}.items():
        podman.execute(name, f"install -D -m 0644 /dev/stdin {path}", stdin=content)
    script = "chown -R cartable:cartable /home/cartable/.ssh; chmod 0700 /home/cartable/.ssh; "
    if files:
        script += "chmod 0755 /usr/local/sbin/lab-network"
    podman.execute(name, script)
    places.MADE.mkdir(exist_ok=True)
    # Last: a container without this was left half-made by a kill, and is made anew.
    (places.MADE / host.tag).write_text(started.stdout.strip())


def await_systemd(podman: Podman, host: Host) -> None:
    """Wait until systemd has started what it could, well or not."""
    name = container(host.tag)
    if not wait_until(lambda: _state(podman, name) in ("running", "degraded"), _PATIENCE):
        raise LabError(
            f"{host.tag} does not start ({_state(podman, name) or 'no systemd'}); "
            f"see scripts/lab podman logs {name}."
        )


def await_running(podman: Podman, host: Host) -> None:
    """Wait until systemd has started everything that a container can run; LabError names the failed units."""
    await_systemd(podman, host)
    name = container(host.tag)
    if (state := _state(podman, name)) != "running":
        listed = podman("exec", name, "systemctl", "--failed", "--plain", "--no-legend", check=False).stdout
        failed = {line.split()[0] for line in listed.splitlines() if line.strip()} - _OF_THE_KERNEL
        if failed or state != "degraded":
            units = ", ".join(sorted(failed)) or f"systemd, which is {state}"
            raise LabError(f"{host.tag} runs without {units}; see scripts/lab shell {host.tag}.")


def _state(podman: Podman, name: str) -> str:
    return podman("exec", name, "systemctl", "is-system-running", check=False).stdout.strip()


def start_network(podman: Podman, school: School, laid: Collection[str]) -> None:
    """Start the switch and the router, or set them again as they should be.

    ``laid`` are the ports whose cables have just been laid: Open vSwitch would go on with the old ones, so they are
    taken out before lab-network plugs them in. Both start by themselves when their container is restarted.
    """
    network.inside(school.router, ["sysctl", "--quiet", "--write", "net.ipv4.ip_forward=1"])
    relay = {
        school.switch: "; ".join(switch.unplug(port) for port in school.ports if port.name in laid),
        school.router: router.forget_trunk() if school.hosts[school.router].port in laid else "",
    }
    for tag, anew in relay.items():
        units = "nftables.service" if tag == school.router else ""
        script = (
            f"systemctl enable --quiet openvswitch-switch.service lab-network.service {units}; "
            f"systemctl start openvswitch-switch.service {units}; {anew or ':'}; "
            "systemctl restart lab-network.service"
        )
        podman.execute(container(tag), script)


def public_key(podman: Podman, host: Host) -> str:
    """The SSH host key of ``host`` as a known_hosts file wants it: type and key."""
    text = podman.execute(container(host.tag), "cat /etc/ssh/ssh_host_ed25519_key.pub")
    return " ".join(text.split()[:2])
