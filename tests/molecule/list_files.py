"""Runs on a machine, as root: prints a line for each file that a role could have written.

A line says path, kind, mode, owner, group, size, checksum or a link's target, and time of the last change.
"""

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path

# Packages are not looked for in /usr: dpkg notes each of them in /var/lib. locale-gen and useradd tell nobody.
ROOTS = (
    *("/etc", "/home", "/root", "/srv", "/opt", "/usr/local", "/usr/lib/locale"),
    *("/var/lib", "/var/mail", "/var/spool", "/var/cache"),
)

EXCLUDED = {
    "/home/cartable/.ansible": "Ansible's own working folder, which it empties itself",
    "/var/lib/sudo": "sudo notes by itself that it has warned a user",
    "/var/cache/samba/smbprofile.tdb": "Samba counts there by itself what it serves",
    "/var/lib/systemd": "clocks and random seeds, which systemd writes by itself",
}


def describe(path: Path) -> str:
    """One line about ``path``. Times are in nanoseconds."""
    status = path.lstat()
    parts = [stat.filemode(status.st_mode), status.st_uid, status.st_gid]
    if stat.S_ISREG(status.st_mode):
        parts += [status.st_size, hashlib.sha256(path.read_bytes()).hexdigest()]
    elif stat.S_ISLNK(status.st_mode):
        parts.append(path.readlink())
    return " ".join(map(str, [*parts, status.st_mtime_ns]))


def below(folder: Path) -> Iterator[Path]:
    """Every file and folder below ``folder`` that is not excluded."""
    for path in folder.iterdir():
        if str(path) not in EXCLUDED:
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from below(path)


if __name__ == "__main__":
    for path in sorted(path for root in ROOTS for path in below(Path(root))):
        print(path, describe(path))
