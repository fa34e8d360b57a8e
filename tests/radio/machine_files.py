"""What the installation of an access point leaves on it: name, keys, and a bridge for each VLAN of the trunk."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.lab.plan import Vlan

_STATION = Path(__file__).with_name("station.sh")
_GENERATORS = (
    *("rc-local-generator", "systemd-bless-boot-generator", "systemd-cryptsetup-generator"),
    *("systemd-debug-generator", "systemd-fstab-generator", "systemd-getty-generator"),
    *("systemd-gpt-auto-generator", "systemd-hibernate-resume-generator", "systemd-integritysetup-generator"),
    *("systemd-run-generator", "systemd-system-update-generator", "systemd-sysv-generator"),
    *("systemd-veritysetup-generator",),
)


def machine_files(
    tag: str, private_key: str, operator: str, vlans: Iterable[Vlan], management: Vlan, address: str
) -> dict[str, tuple[str, int]]:
    """Path → content and mode. ``operator`` is the public key that opens the account; ``address`` has no prefix."""
    files = {
        # With one it is no first start, at which systemd would look at every unit.
        "/etc/machine-id": (f"{secrets.token_hex(16)}\n", 0o444),
        "/etc/hostname": (f"{tag.lower()}\n", 0o644),
        "/etc/ssh/ssh_host_ed25519_key": (private_key, 0o600),
        "/root/.ssh/authorized_keys": (f"{operator}\n", 0o600),
        "/etc/modules-load.d/wire.conf": ("virtio_net\nvirtio_rng\n", 0o644),  # there is no udev that would
        "/usr/local/bin/station": (_STATION.read_text(), 0o755),
    }
    # Nothing for them to find here; systemd would run all at each of its reloads.
    files |= {f"/etc/systemd/system-generators/{name}": ("", 0o644) for name in _GENERATORS}
    files["/etc/lab-network"] = ("\n".join(_links(list(vlans), management, address)) + "\n", 0o644)
    return files


def _links(vlans: Iterable[Vlan], management: Vlan, address: str) -> Iterator[str]:
    """Lines of ``ip -batch``."""
    yield "link set lo up"
    yield "link set eth0 up"
    for vlan in vlans:
        name, bridge = f"eth0.{vlan.number}", f"br{vlan.number}"
        yield f"link add {bridge} type bridge"
        yield f"link add link eth0 name {name} type vlan id {vlan.number}"
        yield f"link set {name} master {bridge}"
        yield f"link set {name} up"
        yield f"link set {bridge} up"
    yield f"address add {address}/{management.subnet.prefixlen} dev br{management.number}"
