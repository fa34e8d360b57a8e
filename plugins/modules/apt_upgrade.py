#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: apt_upgrade
short_description: Upgrades Debian and Ubuntu, and searches again afterwards
version_added: "0.2.0"
description:
  - Repairs an interrupted dpkg, updates the package lists (any error fails, an expired key too), upgrades without
    questions, and searches again. A package that is still offered after its installation is a failure.
  - Never removes a package. New packages that an upgrade needs (a kernel) are installed.
  - Unlike M(ansible.builtin.apt), it distinguishes security updates, leaves refused ones alone, keeps the previous
    versions for a rollback, and lists packages that were held, phased or kept back, and edited configuration files with
    a new version beside them.
  - In check mode lists what would be upgraded, from the machine's present package lists.
author:
  - Cartable contributors (@cartable)
options:
  security_only:
    description: Install only updates of the distribution's security archive.
    type: bool
    default: false
  refused:
    description: Packages that are not upgraded until a given day, with the reason.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The package.
        type: str
        required: true
      reason:
        description: Why it stays.
        type: str
        required: true
      until:
        description: The last day on which it stays, such as V(2026-12-31).
        type: str
        required: true
  update_lists:
    description: Fetch the package lists first.
    type: bool
    default: true
  lock_timeout:
    description: Seconds to wait for another program's lock.
    type: int
    default: 600
  free_mib:
    description: Least free space of V(/) and V(/var) in MiB.
    type: int
    default: 500
  free_boot_mib:
    description: Least free space of V(/boot) in MiB, checked when a kernel would be installed.
    type: int
    default: 150
  battery_percent:
    description: Minimum charge in per cent of a laptop without its power supply.
    type: int
    default: 50
  keep_in:
    description: Folder for the previous versions of packages, for a rollback. Empty keeps none.
    type: path
    default: /var/cache/cartable/previous
  state:
    description:
      - V(upgraded) upgrades.
      - V(kept) upgrades nothing, and stores in O(keep_in) the packages that an upgrade would replace, with a list of
        all packages and their versions.
      - V(previous) returns to the versions in O(keep_in). It does not restore configuration files, nor undo maintainer
        scripts.
    type: str
    choices: [upgraded, kept, previous]
    default: upgraded
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
  diff_mode:
    description: Shows each package with both versions.
    support: full
"""

EXAMPLES = r"""
- name: Install security updates, all but one
  cartable.fleet.apt_upgrade:
    security_only: true
    refused:
      - {name: libreoffice-core, reason: Breaks the school's macros, until: '2027-01-31'}
"""

RETURN = r"""
upgraded:
  description: Packages that were upgraded, or would be.
  returned: always
  type: list
  elements: dict
  sample: [{name: openssl, installed: 3.5.4-1, available: 3.5.4-2, origin: 'Debian-Security:13/stable-security', arch: amd64, security: true}]
left:
  description: Names of packages that were left alone, by reason (C(held), C(refused), C(phased), C(kept_back),
    C(not_security)).
  returned: always
  type: dict
  sample: {held: [nano], refused: [], phased: [], kept_back: [], not_security: []}
repaired:
  description: Whether an interrupted dpkg was repaired.
  returned: always
  type: bool
conffiles:
  description: New versions of edited configuration files, beside the edited ones, which stay in use.
  returned: always
  type: list
  elements: str
no_way_back:
  description: Packages whose previous version is in no archive.
  returned: always
  type: list
  elements: str
reboot:
  description: Reasons for a restart; empty if none is needed.
  returned: always
  type: list
  elements: str
outdated_programs:
  description: Running programs that still use a library which was replaced.
  returned: always
  type: list
  elements: str
boot_id:
  description: The kernel's identifier of this boot; it changes with a restart.
  returned: always
  type: str
code:
  description: The cause of a failure, for programs.
  returned: failure
  type: str
  sample: key_expired
"""

import os
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.cartable.fleet.plugins.module_utils import apt_upgrade as upgrade
from ansible_collections.cartable.fleet.plugins.module_utils.apt_upgrade import Apt, UpgradeFailed


def main():
    refused = {key: {"type": "str", "required": True} for key in ("name", "reason", "until")}
    module = AnsibleModule(
        argument_spec={
            "security_only": {"type": "bool", "default": False},
            "refused": {"type": "list", "elements": "dict", "options": refused, "default": []},
            "update_lists": {"type": "bool", "default": True},
            "lock_timeout": {"type": "int", "default": 600},
            "free_mib": {"type": "int", "default": 500},
            "free_boot_mib": {"type": "int", "default": 150},
            "battery_percent": {"type": "int", "default": 50},
            "keep_in": {"type": "path", "default": "/var/cache/cartable/previous"},
            "state": {"type": "str", "choices": ["upgraded", "kept", "previous"], "default": "upgraded"},
        },
        supports_check_mode=True,
    )
    result = {
        "changed": False, "upgraded": [], "left": {}, "repaired": False, "conffiles": [], "no_way_back": [],
        "boot_id": upgrade.boot_id(),
    }  # fmt: skip
    try:
        if module.params["state"] == "previous":
            go_back(module, result)
        else:
            run(module, result)
    except UpgradeFailed as error:
        module.fail_json(msg=f"{error.code}: {error}", code=error.code, **result)
    module.exit_json(reboot=upgrade.reboot_needed(), outdated_programs=upgrade.outdated_programs(), **result)


def run(module, result):
    options, check = module.params, module.check_mode
    apt = Apt(options["lock_timeout"], check)
    before_anything(options)
    result["repaired"], unmended = apt.repair()
    if options["update_lists"] and not check:
        apt.refresh()
    began, today = time.time(), time.strftime("%Y-%m-%d")
    whole = apt.plan()
    kept = upgrade.selection(whole, options["security_only"], options["refused"], today)
    with apt.keeping(kept) as pins:
        plan = apt.plan(*pins) if pins else whole
        result["left"] = left(apt, whole, plan, kept, options["refused"], today)
        result["upgraded"] = plan.upgrades
        result["changed"] = bool(plan.upgrades or result["repaired"])
        if module._diff:
            result["diff"] = difference(plan)
        if check:
            return
        if options["state"] == "kept":
            result["changed"], result["no_way_back"] = apt.restore_point(plan, Path(options["keep_in"]))
            return
        if not plan.upgrades:
            if unmended:
                raise UpgradeFailed("dpkg_interrupted", unmended)
            return
        need_boot_space(plan, options["free_boot_mib"])
        if options["keep_in"]:
            result["no_way_back"] = apt.keep_previous(plan, Path(options["keep_in"]))
        try:
            apt.upgrade(pins)
        finally:
            result["conffiles"] = upgrade.new_conffiles(began)
        again = {(one["name"], one["arch"], one["available"]) for one in apt.plan(*pins).upgrades}
    offered = sorted(
        {one["name"] for one in plan.upgrades if (one["name"], one["arch"], one["available"]) in again}
    )
    if offered:
        raise UpgradeFailed("offered_again", "installed and offered again: " + ", ".join(offered))
    if apt.interrupted():
        raise UpgradeFailed("dpkg_interrupted", "dpkg --audit still reports half-installed packages")


def go_back(module, result):
    folder = Path(module.params["keep_in"])
    result["changed"] = any(folder.glob("*.deb"))
    if not module.check_mode:
        result["previous"] = Apt(module.params["lock_timeout"]).go_back(folder)


def before_anything(options):
    if upgrade.on_battery(options["battery_percent"]):
        raise UpgradeFailed("on_battery", "runs on its battery: plug it in")
    for folder in ("/", "/var"):
        free = upgrade.free_mib(folder)
        if free is not None and free < options["free_mib"]:
            raise UpgradeFailed(
                "disk_full", f"{free} MiB are free on {folder}, {options['free_mib']} are needed"
            )


def need_boot_space(plan, least):
    kernel = any(one["name"].startswith("linux-image-") for one in plan.upgrades)
    free = upgrade.free_mib("/boot")
    if kernel and free is not None and free < least and os.path.ismount("/boot"):
        raise UpgradeFailed("boot_full", f"{free} MiB are free on /boot, {least} are needed for a kernel")


def left(apt, whole, plan, kept, refused, today):
    """What is offered and stays as it is, by reason."""
    named = {entry["name"] for entry in refused if entry["until"] >= today}
    held = set(apt.held())
    back = set(whole.kept_back) | set(plan.kept_back)
    return {
        "held": sorted(held & back),
        "refused": sorted(named & kept.keys()),
        "phased": sorted(set(whole.phased) | set(plan.phased)),
        "kept_back": sorted(back - held - kept.keys() - set(plan.phased) - set(whole.phased)),
        "not_security": sorted(kept.keys() - named),
    }


def difference(plan):
    return {
        "before": "".join(f"{one['name']} {one['installed'] or '-'}\n" for one in plan.upgrades),
        "after": "".join(f"{one['name']} {one['available']}\n" for one in plan.upgrades),
        "before_header": "packages",
        "after_header": "packages",
    }


if __name__ == "__main__":
    main()
