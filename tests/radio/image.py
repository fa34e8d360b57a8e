"""The image of the emulated access point: Debian with systemd, hostapd and its own kernel, built once and kept."""

from __future__ import annotations

import hashlib
import lzma
import shlex
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.lab import apt_sources, locks, places
from tests.lab.detect import KEYRING
from tests.lab.shell import LabError, run

SUITE = "bookworm"
"""Its kernel modules are not compressed, so that the initramfs needs nothing to unpack them."""

PACKAGES = (
    *(
        "busybox-static",
        "hostapd",
        "iproute2",
        "iputils-arping",
        "iputils-ping",
        "iw",
        "kmod",
        "mount",
    ),
    *("openssh-server", "procps", "systemd", "systemd-sysv", "wireless-regdb", "wpasupplicant"),
)
"""A small access point and the programs of its stations: no Python, no sudo, no D-Bus."""

_HERE = Path(__file__).parent
_SCRIPTS = (_HERE / "image.sh", _HERE / "customize.sh", _HERE / "initramfs-init")
_ROOTFS = _HERE / "rootfs"
_LOCK = places.CACHE / "radio.lock"
_XZ = bytes.fromhex("fd377a585a00")


def image(say: Callable[[str], None]) -> Path:
    """The folder with ``vmlinux``, ``initrd.gz`` and ``root.sqfs``; built if it is missing or of an older recipe."""
    places.CACHE.mkdir(parents=True, exist_ok=True)
    folder = places.CACHE / f"radio-{_recipe()}"
    with locks.exclusive(_LOCK, "build of the access point's image"):
        if not folder.exists():
            say("building the access point's image (one to three minutes, once)")
            for old in places.CACHE.glob("radio-*/"):
                shutil.rmtree(old)
            with tempfile.TemporaryDirectory(prefix="radio-new-", dir=places.CACHE) as new:
                _build(Path(new))
                (Path(new) / "done").rename(folder)
    return folder


def _recipe() -> str:
    """A short checksum of everything that goes into the image."""
    digest = hashlib.sha256("\n".join([SUITE, *PACKAGES]).encode())
    for path in sorted([*_SCRIPTS, *(path for path in _ROOTFS.rglob("*") if path.is_file())]):
        digest.update(str(path.relative_to(_HERE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _build(folder: Path) -> None:
    root, done = folder / "root", folder / "done"
    done.mkdir()
    unneeded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
    # Its own mount and process namespaces: whatever mmdebstrap mounts or starts ends with it, killed or not.
    alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    run(
        [
            *alone,
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=essential",
            f"--keyring={KEYRING}",
            *unneeded,
        ]
        + [f"--include={','.join(PACKAGES)}"]
        + [f"--aptopt={option}" for option in apt_sources.options()]
        + [f"--customize-hook=sync-in {shlex.quote(str(_ROOTFS))} /"]
        + [f'--customize-hook=chroot "$1" sh -s < {shlex.quote(str(_HERE / "customize.sh"))}']
        + [
            f'--customize-hook=sh {shlex.quote(str(_HERE / "image.sh"))} "$1" {done} {shlex.quote(str(_HERE))}'
        ]
        + [SUITE, str(root), *apt_sources.mirrors().lines(SUITE)],
        timeout=900,
        environment={"TMPDIR": str(folder), "LC_ALL": "C.UTF-8"},
    )
    packed = ["-comp", "zstd", "-Xcompression-level", "3", "-no-xattrs", "-quiet", "-no-progress"]
    run(["mksquashfs", str(root), str(done / "root.sqfs"), *packed], timeout=300)
    _unpack_kernel(done / "vmlinuz", done / "vmlinux")


def _unpack_kernel(packed: Path, kernel: Path) -> None:
    """Write the ELF that is inside of a ``vmlinuz``: the emulated machine would take seconds to unpack it.

    qemu starts it by PVH (``CONFIG_PVH``, set in Debian's kernel).
    """
    content = packed.read_bytes()
    start = content.find(_XZ)
    if start < 0:
        raise LabError(
            "The kernel of the access point's image is not packed by xz: see tests/radio/image.py."
        )
    kernel.write_bytes(lzma.LZMADecompressor().decompress(content[start:]))
    packed.unlink()
