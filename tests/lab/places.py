"""Paths and names of the lab's files, containers and networks."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

RUN = Path("/run/cartable-lab")
"""Everything volatile. After ``down`` this folder is gone."""

LOCK = RUN.with_suffix(".lock")
"""One ``up`` or ``down`` at a time. Outside RUN, since RUN is removed under it."""

USERS = RUN.with_suffix(".users")
"""Held shared by whoever uses podman's namespace or the apt cache."""

CACHE = Path("/var/cache/cartable-lab")
"""What may be kept from one run to the next: packages. Removing it only costs time."""

PODMAN_NAMESPACE = RUN / "podman" / "mnt"
CONTAINERS_CONF = RUN / "containers.conf"
NETNS = RUN / "netns"
APT_FOLDER = RUN / "apt"
"""Mounted into every container as INSIDE."""
APT_SOCKET = APT_FOLDER / "apt.socket"
STATE = RUN / "school.json"
MADE = RUN / "made"
"""One file a host, written once its container is complete, with the container's number."""

INSIDE = Path("/run/cartable-lab")
"""What APT_FOLDER is called inside a container; the image's lab-apt-proxy.service says the same."""

LABEL = "cartable.lab"
CONTAINER_PREFIX = "cartable-lab-"
CGROUP = "/cartable-lab"
IMAGE = "localhost/cartable-lab"
