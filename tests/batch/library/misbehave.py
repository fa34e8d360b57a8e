#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module for tests: it does what no module should."""

from __future__ import annotations

import os
import signal
import sys
import time

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Misbehave as the argument ``how`` says."""
    module = AnsibleModule(argument_spec={"how": {"type": "str", "required": True}}, supports_check_mode=True)
    how = module.params["how"]
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "before":
        print("rubbish before the answer")
    elif how == "after":
        print('{"changed": false, "said": "this"}\nrubbish after the answer')
        sys.exit(0)
    elif how == "silent":
        sys.exit(0)
    elif how == "rubbish":
        print("nothing but rubbish", flush=True)
        sys.exit(0)
    elif how == "raise":
        raise RuntimeError("on purpose")
    elif how == "status":
        print("to the output")
        print("to the errors", file=sys.stderr)
        sys.exit(5)
    elif how == "large":
        module.exit_json(changed=False, data="x" * 10_000_000)
    elif how == "large_errors":
        sys.stderr.write("e" * 10_000_000)
    elif how == "python":
        module.exit_json(changed=False, python=list(sys.version_info[:2]))
    elif how == "executable":
        module.exit_json(changed=False, executable=sys.executable)
    elif how == "flags":
        module.exit_json(changed=False, optimize=sys.flags.optimize, zone=time.tzname[0])
    elif how == "warns":
        module.warn("a warning of the module")
        module.deprecate("something old", version="9.9", collection_name="cartable.fleet")
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
