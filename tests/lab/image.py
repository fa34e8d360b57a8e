"""The images: Debian with systemd and sshd, as a preseed leaves a machine, from this machine's own package sources."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.lab import apt_sources, places
from tests.lab.detect import KEYRING
from tests.lab.podman import Podman
from tests.lab.shell import LabError, run, wait_until

PACKAGES = (
    *("apt-utils", "ca-certificates", "dbus", "ethtool", "iproute2", "iputils-ping", "kmod", "nftables"),
    *("openssh-server", "openvswitch-switch", "procps", "python3", "python3-apt", "sudo"),
    *("systemd", "systemd-sysv", "udev"),
)
"""What a preseed installs, and the switch's and the router's programs. The roles install everything else."""

NAMES = tuple(apt_sources.SUITES)
_ROOTFS = Path(__file__).parent / "rootfs"
_SCRIPT = Path(__file__).parent / "rootfs.sh"
_RECIPE_LABEL = "cartable.lab.recipe"


def reference(name: str) -> str:
    """The image's name in podman (``debian13`` → ``localhost/cartable-lab:debian13``)."""
    return f"{places.IMAGE}:{name}"


def recipe(name: str) -> str:
    """A short checksum of everything that goes into the image: another recipe, another image."""
    digest = hashlib.sha256("\n".join([apt_sources.SUITES[name], *PACKAGES]).encode())
    for path in sorted([_SCRIPT, *(path for path in _ROOTFS.rglob("*") if path.is_file())]):
        digest.update(str(path.relative_to(_SCRIPT.parent)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def missing(podman: Podman, names: Iterable[str] = NAMES) -> list[str]:
    """The images that are not there, or that were made by an older recipe."""
    listed = podman.json("images", "--format", "json", "--filter", f"label={_RECIPE_LABEL}") or []
    there = {
        (name, image["Labels"].get(_RECIPE_LABEL)) for image in listed for name in image.get("Names") or []
    }
    return [name for name in names if (reference(name), recipe(name)) not in there]


def build(podman: Podman, names: Iterable[str], say: Callable[[str], None]) -> None:
    """Build the images ``names`` side by side and put them in podman's store."""
    names = list(names)
    mirrors, options = apt_sources.mirrors(), apt_sources.options()
    places.CACHE.mkdir(parents=True, exist_ok=True)
    remove_rest()
    with ThreadPoolExecutor(max_workers=len(names) or 1) as pool:
        for name in pool.map(lambda name: _build(podman, name, mirrors, options), names):
            say(f"image {reference(name)}")
    # The images that the new ones replace, unless a container still uses them.
    podman("image", "prune", "--force", "--filter", f"label={_RECIPE_LABEL}", check=False)


def remove_rest() -> None:
    """Remove what a killed build left. The caller holds the lab's lock, so nobody else is building.

    Raises LabError when something keeps writing there.
    """
    for rest in places.CACHE.glob("build-*"):
        # Patiently: programs that were killed a moment ago may still be ending.
        if not wait_until(partial(_removed, rest), 10):
            raise LabError(
                f"{rest} cannot be removed; look what still uses it, then run scripts/lab down again."
            )


def _removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _build(podman: Podman, name: str, mirrors: apt_sources.Mirrors, options: list[str]) -> str:
    with tempfile.TemporaryDirectory(prefix=f"build-{name}-", dir=places.CACHE) as folder:
        archive = Path(folder) / "root.tar"
        # Its own mount and process namespaces: whatever mmdebstrap mounts or starts ends with it, killed or not.
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        run(
            [*alone, "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--keyring={KEYRING}"]
            + [f"--include={','.join(PACKAGES)}"]
            + [f"--aptopt={option}" for option in options]
            + [f"--customize-hook=sync-in {_ROOTFS} /"]
            + [f"--customize-hook=chroot \"$1\" sh -s < '{_SCRIPT}'"]
            + [apt_sources.SUITES[name], str(archive), *mirrors.lines(apt_sources.SUITES[name])],
            timeout=900,
            environment={"TMPDIR": folder, "LC_ALL": "C.UTF-8"},
        )
        podman(
            "import",
            '--change=CMD ["/sbin/init"]',
            "--change=STOPSIGNAL SIGRTMIN+3",
            f"--change=LABEL {_RECIPE_LABEL}={recipe(name)}",
            str(archive),
            reference(name),
            timeout=300,
        )
    return name
