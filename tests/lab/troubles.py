"""Real faults for a holiday run at the virtual school, and their repair.

A PC that is off, a package that does not install, a full disk, a machine that goes down to restart and stays away.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.lab.hosts import container
from tests.lab.places import PROJECT

LAB = PROJECT / "scripts" / "lab"
DEPOT = Path(__file__).with_name("build-depot")
PACKAGE = "essai-simple"
OFF, BROKEN, FULL, LOST, EDITED = "UC250002", "UC250001", "UC180001", "NA250001", "PD250001"
COMPUTERS = (EDITED, BROKEN, OFF, FULL, LOST)

# One package source on the machine's own disk in place of the others, so that only these packages are offered.
SOURCE = """
export DEBIAN_FRONTEND=noninteractive
mkdir -p /root/sources
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  if [ -e "$file" ] && [ "${file##*/}" != essai.list ]; then mv "$file" /root/sources/; fi
done
apt-get --quiet=2 --yes purge 'essai-*' > /dev/null 2>&1 || true
rm -rf /srv/depot
echo 'deb [trusted=yes] file:/srv/depot/ ./' > /etc/apt/sources.list.d/essai.list
for name in essai-simple essai-conf; do build-depot '' $name 1.0; done
apt-get --quiet=2 update
apt-get --quiet=2 --yes install essai-simple essai-conf
echo 'version=la nôtre' > /etc/essai.conf
build-depot '' essai-conf 1.1
"""
NEW_VERSION = {
    EDITED: "sleep 3",  # long enough to be killed in the middle
    BROKEN: "exit 1",
    OFF: "true",
    FULL: "true",
    LOST: "touch /run/reboot-required",
}
# A file system of 64 MiB over /var, as a real one that is full: what is there stays readable.
FILL = """
mkdir -p /mnt/full
mount -t tmpfs -o size=64m tmpfs /mnt/full
mkdir /mnt/full/upper /mnt/full/work
mount -t overlay -o lowerdir=/var,upperdir=/mnt/full/upper,workdir=/mnt/full/work overlay /var
"""


def podman(*arguments: str, stdin: str | None = None) -> str:
    """The lab's container engine; what it printed. Raises CalledProcessError, which says what failed."""
    command = [str(LAB), "podman", *arguments]
    return subprocess.run(command, input=stdin, check=True, stdout=subprocess.PIPE, text=True).stdout


def execute(tag: str, script: str) -> str:
    """Run a shell script as root on a computer, whatever its SSH does."""
    return podman("exec", "-i", container(tag), "/bin/sh", "-eu", stdin=script)


def make(tags: tuple[str, ...] = COMPUTERS) -> None:
    """Offer updates to all computers, and have each its trouble."""
    depot = DEPOT.read_text(encoding="utf-8")
    for tag in tags:
        podman(
            "exec",
            "-i",
            container(tag),
            "install",
            "-m",
            "0755",
            "/dev/stdin",
            "/usr/local/sbin/build-depot",
            stdin=depot,
        )
        execute(tag, f"{SOURCE}\nbuild-depot '' {PACKAGE} 1.1 '{NEW_VERSION[tag]}'")
    execute(FULL, FILL)
    podman("stop", "--time", "5", container(OFF))


def mend() -> None:
    """What a technician does: switch on, make room, and the package's maker: a version that installs."""
    podman("start", container(OFF), container(LOST))
    execute(FULL, "umount --lazy /var; umount --lazy /mnt/full")
    execute(BROKEN, f"build-depot '' {PACKAGE} 1.2")


def undo(tags: tuple[str, ...] = COMPUTERS) -> None:
    """Give the computers their package sources back."""
    back = "for file in /root/sources/*; do if [ -e $file ]; then mv $file /etc/apt/sources.list.d/; fi; done"
    for tag in tags:
        execute(tag, f"rm -f /etc/apt/sources.list.d/essai.list; {back}")
