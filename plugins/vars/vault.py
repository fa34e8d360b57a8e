# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens the market's vault once a run, in the main process, before any worker is forked."""

from __future__ import annotations

DOCUMENTATION = """
name: vault
author: Cartable contributors (@cartable)
version_added: "0.1.0"
short_description: Opens the market's vault once per run
description:
  - Opens the KeePass file of the market in the main process, so that the lookup P(cartable.fleet.vault#lookup) and the module
    M(cartable.fleet.vault_entry) can use it in every worker without asking or deriving the key again.
  - It gives no variables. No secret becomes a variable unless a lookup asks for it.
  - It is opened when the inventory is a market whose vault exists, by programs that run tasks, and only when the passphrase can
    be had, from O(passphrase_command), from O(passphrase_fd) or by a prompt on the terminal. Otherwise the run goes on, and what needs the vault says so.
  - Enable it in C(ansible.cfg) with C(vars_plugins_enabled).
options:
  passphrase_command:
    description:
      - A command whose first line of output is the passphrase, such as C(pass show cartable/demo). It runs once, without a shell.
    type: str
    ini:
      - {section: cartable, key: vault_passphrase_command}
    env:
      - name: CARTABLE_VAULT_PASSPHRASE_COMMAND
  passphrase_fd:
    description:
      - The number of a file descriptor from which the passphrase is read, once, to its end.
    type: int
    env:
      - name: CARTABLE_VAULT_PASSPHRASE_FD
"""

import multiprocessing
from pathlib import Path

from ansible import context
from ansible.errors import AnsibleError
from ansible.plugins.vars import BaseVarsPlugin
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.market.paths import MarketPaths
    from reversibility.records import passphrase, session
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

# Command-line options that only list or check, and need no passphrase.
LISTING = ("listhosts", "listtasks", "listtags", "syntax")


class VarsModule(BaseVarsPlugin):
    """Opens the vault when Ansible asks for variables; returns no variables."""

    def get_vars(self, loader, path, entities):
        """Open the vault of the market ``path``, or reload an open one; returns no variables."""
        super().get_vars(loader, path, entities)
        if (
            multiprocessing.parent_process() is None
            and _runs_tasks()
            and (Path(path) / "hosts.yml").is_file()
        ):
            need_package(MISSING, AnsibleError)
            try:
                self._open(MarketPaths.for_inventory(Path(path)).vault)
            except CartableError as error:
                raise AnsibleError(str(error)) from error
        return {}

    def _open(self, vault):
        """Open ``vault`` if possible, or reload it, so that workers need not."""
        if session.is_open(vault):
            session.opened_vault(vault)
        elif vault.exists():
            source = passphrase.configured_source(
                self.get_option("passphrase_command"), self.get_option("passphrase_fd")
            )
            if source.configured or passphrase.has_terminal():
                session.open_vault(vault, source)


def _runs_tasks():
    """Whether this program runs tasks on hosts (only those have an option for forks)."""
    options = context.CLIARGS
    return "forks" in options and not any(options.get(name) for name in LISTING)
