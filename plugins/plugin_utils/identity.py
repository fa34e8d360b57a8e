# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identity of the host that a task runs for, from Ansible's inventory object.

Task variables are no identity: a module's answer may set them (``ansible_facts``), and a managed host writes its answers.
"""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

from ansible import context

SITE_GROUP = "site_"


class NoIdentity(Exception):
    """The host, its site or its market is not known; the message says what to do."""


def site_of(host: Any) -> str | None:
    """Site of an inventory host, from its group ``site_*``; None for a host that is no asset, such as localhost."""
    names = (group.name for group in host.get_groups())
    return next((name[len(SITE_GROUP) :] for name in names if name.startswith(SITE_GROUP)), None)


def current_host() -> Any | None:
    """Inventory host that this worker process runs a task for; None in Ansible's main process."""
    return getattr(multiprocessing.current_process(), "_host", None)


def host_name() -> str:
    """Inventory name of the host that this worker runs a task for. Raises NoIdentity in the main process."""
    host = current_host()
    if host is None:
        raise NoIdentity(
            "No task runs for a host here; use this in a task, or in a variable that a task uses."
        )
    return str(host.name)


def host_site() -> str:
    """Site of the current host. Raises NoIdentity for a host in no site."""
    host = current_host()
    site = site_of(host) if host is not None else None
    if site is None:
        raise NoIdentity(
            f"{host_name()} is on no site: it is in no group {SITE_GROUP}* of a market's hosts.yml; run with -i of a "
            "market's folder, such as inventories/demo."
        )
    return site


def market_folder() -> Path:
    """Folder of the market: that of the current host's inventory file, else the one given to the command with -i.

    Raises NoIdentity when the run has no market.
    """
    host = current_host()
    folders = [host.vars.get("inventory_dir")] if host is not None else []
    folders += [str(_folder(Path(source))) for source in context.CLIARGS.get("inventory") or ()]
    for folder in folders:
        if folder and (Path(str(folder)) / "hosts.yml").is_file():
            return Path(str(folder))
    raise NoIdentity("There is no market in this run; give its folder, such as -i inventories/demo.")


def _folder(source: Path) -> Path:
    return source if source.is_dir() else source.parent
