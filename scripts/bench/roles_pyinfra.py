"""What the roles of playbooks/provision.yml do on a PC, in pyinfra's operations: deployed by scripts/bench/roles.py.

Only what is done on the machine. pyinfra has no vault, sets and proves no password, checks no market beforehand and
writes neither records nor a journal, so that it has less to do.
"""

import re
from io import StringIO
from pathlib import Path

from pyinfra import host
from pyinfra.facts.server import Command
from pyinfra.operations import apt, files, server, systemd

ROLES = Path(__file__).resolve().parents[2] / "roles"
wanted = host.data
owner = {"user": "root", "group": "root"}
home = f"/home/{wanted.administrator}"


def template(role: str, name: str, dest: str, mode: str = "644", **owner: str) -> None:
    """Have a file from the role's own template."""
    source = str(ROLES / role / "templates" / f"{name}.j2")
    files.template(
        src=source,
        dest=dest,
        mode=mode,
        jinja_env_kwargs={"trim_blocks": True},
        **owner,
        **wanted.templates,
    )


# The role baseline.
for name in ("hostname", "hosts", "issue", "issue.net", "motd"):
    template("baseline", name, f"/etc/{name}", **owner)
banner = "# Written by Cartable (role baseline).\nBanner /etc/issue.net\n"
files.put(src=StringIO(banner), dest="/etc/ssh/sshd_config.d/10-cartable-banner.conf", mode="644", **owner)
files.line(
    path="/etc/locale.gen",
    line=rf"^#\? *{re.escape(wanted.locale)} .*",
    replace=f"{wanted.locale} UTF-8",
)
locale = "/etc/default/locale" if wanted.os == "debian-12" else "/etc/locale.conf"  # a link to it
files.put(src=StringIO(f"LANG={wanted.locale}\n"), dest=locale, mode="644", **owner)
template("baseline", "keyboard", "/etc/default/keyboard", **owner)
files.link(path="/etc/localtime", target=f"/usr/share/zoneinfo/{wanted.timezone}")
template("baseline", "timesyncd.conf", "/etc/systemd/timesyncd.conf", **owner)
apt.packages(packages=wanted.packages, update=True, cache_time=86400, no_recommends=True)
unused = host.get_fact(
    Command,
    f"""test "$(hostname)" = {wanted.templates["baseline_hostname"]} || echo name
test "$(LC_ALL={wanted.locale} locale charmap 2>&1)" = UTF-8 || echo locale
keyboard=/etc/console-setup/cached_setup_keyboard.sh
test -e $keyboard && test -z "$(find /etc/default/keyboard -newercm $keyboard)" || echo keyboard
use_began() {{ systemctl show --value --timestamp=us+utc --property=StateChangeTimestamp "$1"; }}
compare() {{ systemctl is-active --quiet "$1" && find "$2" -newerct "$(use_began "$1")" -printf "$1\\n"; }}
compare ssh.service /etc/ssh/sshd_config.d/10-cartable-banner.conf
compare systemd-timesyncd.service /etc/systemd/timesyncd.conf
true""",
)
for name, command in {"locale": "locale-gen", "keyboard": "setupcon --save-only"}.items():
    if name in (unused or "").split():
        server.shell(commands=[command])
systemd.service(service="systemd-timesyncd.service", running=None, enabled=True)

# The role accounts, but for passwords.
host.get_fact(Command, "cat /etc/passwd /etc/group")
for account in wanted.accounts:
    server.user(
        user=account["name"],
        comment=account["comment"],
        shell="/bin/bash",
        groups=account["groups"],
        append=account["append"],
        create_home=True,
    )
of_administrator = {"user": wanted.administrator, "group": wanted.administrator}
files.directory(path=f"{home}/.ssh", mode="700", **of_administrator)
template("accounts", "authorized_keys", f"{home}/.ssh/authorized_keys", "600", **of_administrator)
for account in wanted.accounts:
    files.file(path=f"/home/{account['name']}/.ssh/authorized_keys2", present=False)
for name in ("authorized_keys", "authorized_keys2"):
    files.file(path=f"/root/.ssh/{name}", present=False)
refused = "# Written by Cartable (role accounts).\nPermitRootLogin no\n"
files.put(src=StringIO(refused), dest="/etc/ssh/sshd_config.d/00-cartable-root.conf", mode="644", **owner)

# The role software.
apt.packages(packages=wanted.catalogue, no_recommends=True)

# Where the account has no password yet, which pyinfra does not set here, nobody could become root any more.
if wanted.get("_sudo_password"):
    files.file(path=wanted.bootstrap, present=False)
    template("accounts", "sudoers", "/etc/sudoers", "440", **owner)
