#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cups_queues
short_description: Print queues of CUPS
version_added: "0.2.0"
description:
  - Creates, changes and removes print queues and their default options in one task, with C(lpadmin).
  - Leaves other queues alone. Does not change the model of an existing queue.
author:
  - Cartable contributors (@cartable)
options:
  queues:
    description: The queues.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The queue's name, without spaces, C(/) and C(#).
        type: str
        required: true
      state:
        description: V(absent) removes the queue.
        type: str
        choices: [present, absent]
        default: present
      address:
        description: Address of the printer. Required to set a queue.
        type: str
      port:
        description: TCP port, of raw printing.
        type: int
        default: 9100
      uri:
        description: Device URI of the printer, such as V(ipp://192.0.2.202/ipp/print), if it does not accept raw data.
        type: str
      model:
        description: Model for C(lpadmin -m). V(everywhere) needs a printer that answers IPP while the queue is created.
        type: str
        default: drv:///sample.drv/generpcl.ppd
      installed:
        description: Options of the model that the printer has, as its PPD names them, such as the duplexer. Those of the default model by default.
        type: list
        elements: str
        default: [Option1]
      duplex:
        description: Default of one- or two-sided printing.
        type: str
        choices: [one_sided, long_edge, short_edge]
        default: long_edge
      color:
        description: Whether it prints in colour by default.
        type: bool
        default: false
      location:
        description: Where the printer stands.
        type: str
        default: ''
      comment:
        description: Comment of the queue.
        type: str
        default: ''
attributes:
  check_mode:
    description: Can run in check mode.
    support: full
  diff_mode:
    description: Shows each queue before and after.
    support: full
  platform:
    description: The systems on which it runs.
    platforms: posix
    support: full
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Have the queue of the copier
  cartable.fleet.cups_queues:
    queues:
      - name: CO230001
        address: 192.0.2.202
        location: Salle des maîtres
"""

RETURN = r"""
changed_queues:
  description: The queues that were changed.
  returned: always
  type: list
  elements: str
  sample: [CO230001]
"""

import re

from ansible.module_utils.basic import AnsibleModule

QUEUE = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "address": {"type": "str"},
    "port": {"type": "int", "default": 9100},
    "uri": {"type": "str"},
    "model": {"type": "str", "default": "drv:///sample.drv/generpcl.ppd"},
    "installed": {"type": "list", "elements": "str", "default": ["Option1"]},
    "duplex": {"type": "str", "choices": ["one_sided", "long_edge", "short_edge"], "default": "long_edge"},
    "color": {"type": "bool", "default": False},
    "location": {"type": "str", "default": ""},
    "comment": {"type": "str", "default": ""},
}
SIDES = {"one_sided": "one-sided", "long_edge": "two-sided-long-edge", "short_edge": "two-sided-short-edge"}
# The option's name in PPD files: with a PPD its option decides, not IPP's.
DUPLEX = {
    "one-sided": "None",
    "two-sided-long-edge": "DuplexNoTumble",
    "two-sided-short-edge": "DuplexTumble",
}
# C locale, whose words are parsed.
PLAIN = {"LC_ALL": "C.UTF-8"}


def main():
    """Compare each queue, and set what differs."""
    module = AnsibleModule(
        argument_spec={
            "queues": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": QUEUE,
                "required_if": [("state", "present", ["address"])],
            }
        },
        supports_check_mode=True,
    )
    there = {} if module.get_bin_path("lpstat") is None else _queues(module)
    before, after = {}, {}
    for queue in module.params["queues"]:
        found, wanted = there.get(queue["name"]), _wanted(queue)
        if found == wanted:
            continue
        before[queue["name"]], after[queue["name"]] = found, wanted
        if not module.check_mode:
            _change(module, queue, found, wanted)
    if after and not module.check_mode:
        _refuse_what_was_not_taken(module, after)
    module.exit_json(changed=bool(after), changed_queues=list(after), diff={"before": before, "after": after})


def _wanted(queue):
    if queue["state"] == "absent":
        return None
    return {
        "uri": queue["uri"] or f"socket://{queue['address']}:{queue['port']}",
        "sides": SIDES[queue["duplex"]],
        "color": "color" if queue["color"] else "monochrome",
        "location": queue["location"],
        "comment": queue["comment"],
        "enabled": True,
    }


def _queues(module):
    """Name → settings of every queue that CUPS has."""
    found = {}
    _, uris, _ = module.run_command(["lpstat", "-v"], environ_update=PLAIN)
    _, texts, _ = module.run_command(["lpstat", "-l", "-p"], environ_update=PLAIN)
    described = {part.split(" ", 1)[0]: part for part in re.split(r"^printer ", texts, flags=re.M)[1:]}
    for name, uri in re.findall(r"^device for (\S+): (.+)$", uris, re.M):
        _, options, _ = module.run_command(["lpoptions", "-p", name], environ_update=PLAIN, check_rc=True)
        text = described.get(name, "")
        found[name] = {
            "uri": uri,
            "sides": _first(r"(?:^| )sides=(\S+)", options),
            "color": _first(r"(?:^| )print-color-mode=(\S+)", options),
            "location": _first(r"^\s+Location: (.*)$", text),
            "comment": _first(r"^\s+Description: (.*)$", text),
            "enabled": " disabled since " not in text.partition("\n")[0],
        }
    return found


def _first(pattern, text):
    match = re.search(pattern, text, re.M)
    return match[1] if match else ""


def _change(module, queue, found, wanted):
    if wanted is None:
        command = ["lpadmin", "-x", queue["name"]]
    else:
        command = [
            "lpadmin",
            "-p",
            queue["name"],
            "-v",
            wanted["uri"],
            "-L",
            queue["location"],
            "-D",
            queue["comment"],
        ]
        command += [
            "-o",
            f"sides-default={wanted['sides']}",
            "-o",
            f"print-color-mode-default={wanted['color']}",
        ]
        command += ["-o", f"Duplex={DUPLEX[wanted['sides']]}"]
        for option in queue["installed"]:
            command += ["-o", f"{option}=True"]
        command += [] if found else ["-m", queue["model"]]
        command += ["-E"]
    status, said, error = module.run_command(command, environ_update=PLAIN)
    if status != 0:
        module.fail_json(msg=f"The queue {queue['name']} cannot be set: {(error or said).strip()}")


def _refuse_what_was_not_taken(module, after):
    there = _queues(module)
    for name, wanted in after.items():
        kept = there.get(name) or {}
        left = [key for key, value in (wanted or {}).items() if kept.get(key) != value]
        if left or (wanted is None and kept):
            module.fail_json(
                msg=f"The queue {name} did not take: {', '.join(left) or 'its removal'}; does its model have that?"
            )


if __name__ == "__main__":
    main()
