"""The emulated machine: an access point with simulated radios, whose wired port is a trunk of the school's switch."""

from __future__ import annotations

import io
import subprocess
import tarfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.lab import access, hosts, network, switch
from tests.lab.plan import Port, School
from tests.lab.podman import Podman
from tests.lab.school import CONTROLLER
from tests.lab.shell import LabError, mortal, run

BOOT_SECONDS = 120.0
"""Ten where nothing else runs; the machine is emulated, and tests may share its two processors."""


class Emulator:
    """Context of the machine that has ``address`` and whose cable is in ``port``. ``files``: path → content and mode.

    ``address`` is None until the configuration in ``files`` gives it.
    """

    def __init__(
        self,
        podman: Podman,
        school: School,
        port: Port,
        image: Path,
        files: Mapping[str, tuple[str, int]],
        folder: Path,
    ) -> None:
        self._podman, self._school, self._port = podman, school, port
        self._image, self._files, self._folder = image, files, folder
        self.console = folder / "console.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Emulator:
        own = self._folder / "own.tar"
        own.touch(0o600)  # it has the machine's private host key
        own.write_bytes(archive(self._files))
        place = self._school.switch
        network.inside(place, ["ip", "tuntap", "add", self._port.name, "mode", "tap"])
        network.inside(place, ["ip", "link", "set", self._port.name, "up"])
        self._podman.execute(hosts.container(place), switch.plug_in(self._port))
        command = [*network.prefix(place), *_qemu(self._image, own, self._port.name, self.console)]
        self._process = subprocess.Popen(mortal(command), stdin=subprocess.DEVNULL)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
        self._podman.execute(hosts.container(self._school.switch), switch.unplug(self._port), check=False)
        network.inside(self._school.switch, ["ip", "link", "delete", self._port.name], check=False)
        (self._folder / "own.tar").unlink(missing_ok=True)

    def await_ssh(self, address: str) -> float:
        """Wait until the machine answers the controller; the seconds that it took from now."""
        begun = time.monotonic()
        if access.await_ssh(network.prefix(CONTROLLER), [address], BOOT_SECONDS, attempt=20.0):
            tail = self.console.read_text(errors="replace")[-2000:] if self.console.exists() else "nothing"
            raise LabError(f"The emulated access point does not start. Its console says:\n{tail}")
        return time.monotonic() - begun


def archive(files: Mapping[str, tuple[str, int]]) -> bytes:
    """What the machine unpacks over its root file system before it starts."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, (text, mode) in files.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(text.encode()), mode
            tar.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


def host_key(folder: Path) -> tuple[str, str]:
    """A new private host key, and the public one as a known_hosts file wants it."""
    path = folder / "ssh_host_ed25519_key"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)])
    private = path.read_text()
    path.unlink()
    return private, " ".join(path.with_suffix(".pub").read_text().split()[:2])


def _qemu(image: Path, own: Path, tap: str, console: Path) -> Sequence[str]:
    """The emulator's command: no KVM, which a machine of CI does not have. ``tb-size``: else it takes over 1 GB."""
    return [
        *(
            "nice",
            "-n",
            "5",
            "qemu-system-x86_64",
            "-no-user-config",
            "-nodefaults",
            "-no-reboot",
            "-display",
            "none",
        ),
        *(
            "-machine",
            "pc",
            "-accel",
            "tcg,thread=multi,tb-size=128",
            "-cpu",
            "qemu64",
            "-smp",
            "1",
            "-m",
            "256",
        ),
        *("-kernel", str(image / "vmlinux"), "-initrd", str(image / "initrd.gz")),
        *(
            "-append",
            "console=ttyS0 quiet panic=-1 mitigations=off net.ifnames=0 audit=0 systemd.show_status=no",
        ),
        *("-drive", f"file={image / 'root.sqfs'},if=none,id=root,format=raw,readonly=on"),
        *("-device", "virtio-blk-pci,drive=root"),
        *(
            "-drive",
            f"file={own},if=none,id=own,format=raw,readonly=on",
            "-device",
            "virtio-blk-pci,drive=own",
        ),
        # Open vSwitch in user space takes whole packets only, with finished checksums.
        *("-netdev", f"tap,id=wire,ifname={tap},script=no,downscript=no,vnet_hdr=off"),
        *("-device", "virtio-net-pci,netdev=wire,mac=02:00:5e:00:97:01"),
        *("-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random"),
        *("-serial", f"file:{console}"),
    ]
