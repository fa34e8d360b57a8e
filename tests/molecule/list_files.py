"""Runs on a machine, as root: prints a line for each file that a role could have written.

A line says path, kind, mode, owner, group, size, checksum or a link's target, and time of the last change. In /usr,
which is large, there is no checksum: who writes there changes the time.
"""

import fnmatch
import hashlib
import re
import stat
from collections.abc import Iterator
from pathlib import Path

ROOTS = (
    *("/boot", "/etc", "/home", "/opt", "/root", "/srv", "/usr"),
    *("/var/cache", "/var/lib", "/var/mail", "/var/spool", "/var/tmp"),
)
NOT_READ = Path("/usr")

EXCLUDED = {
    "/home/cartable/.ansible": "Ansible's own working folder, which it empties itself",
    "/var/lib/sudo": "sudo notes by itself that it has warned a user",
    "/var/lib/clamav": "freshclam looks for newer signatures there by itself",
    "/var/cache/samba/smbprofile.tdb": "Samba counts there by itself what it serves",
    "/var/lib/systemd": "clocks and random seeds, which systemd writes by itself",
    "/var/tmp/systemd-private-*": "systemd makes it for a service, for the time that it runs",
}
EXCLUSION = re.compile("|".join(map(fnmatch.translate, EXCLUDED)))


def describe(path: Path) -> str:
    """One line about ``path``. Times are in nanoseconds."""
    status = path.lstat()
    parts = [stat.filemode(status.st_mode), status.st_uid, status.st_gid]
    if stat.S_ISREG(status.st_mode):
        parts.append(status.st_size)
        if not path.is_relative_to(NOT_READ):
            parts.append(hashlib.sha256(path.read_bytes()).hexdigest())
    elif stat.S_ISLNK(status.st_mode):
        parts.append(path.readlink())
    return " ".join(map(str, [*parts, status.st_mtime_ns]))


def below(folder: Path) -> Iterator[Path]:
    """Every file and folder below ``folder`` that is not excluded."""
    for path in folder.iterdir():
        if not EXCLUSION.match(str(path)):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from below(path)


if __name__ == "__main__":
    for path in sorted(path for root in ROOTS for path in below(Path(root))):
        print(path, describe(path))
