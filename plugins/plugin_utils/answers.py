# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter of module answers: a managed host reports facts, it does not set variables, hosts or groups.

Whoever has root on a managed host writes what its modules answer. Ansible makes variables of ``ansible_facts``, and hosts and
groups of ``add_host`` and ``add_group``; a name such as ``inventory_hostname`` or ``cartable_state_dir`` would then say whose
passwords are looked up and which command opens the connection. An answer with such a name fails its task.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

REFUSED = "Answer refused: it sets "
COMMANDS = ("add_host", "add_group", "ansible_stats", "_ansible_add_host", "_ansible_add_group")
LONGEST_NAME = 60
# One escape of JSON: a whole surrogate pair, a half one, or any other.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u(?P<half>[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
MOST_NAMES = 5

# What Ansible's own fact modules give without the prefix ansible_ (setup, service_facts, package_facts, mount_facts, getent,
# listen_ports_facts), and Ansible itself (interpreter discovery).
FACTS = frozenset(
    {"services", "packages", "mount_points", "aggregate_mounts", "tcp_listen", "udp_listen", "gather_subset", "module_setup"}
)  # fmt: skip
FACT_PREFIXES = ("getent_", "facter_", "ohai_", "discovered_interpreter_")
OF_CONNECTIONS = (
    "ansible_become_", "ansible_winrm_", "ansible_psrp_", "ansible_paramiko_", "ansible_httpapi_", "ansible_netconf_",
    "ansible_network_", "ansible_podman_", "ansible_check_", "ansible_play_", "ansible_inventory_",
    "ansible_loop", "ansible_index_", "ansible_role_", "ansible_python_module_",
)  # fmt: skip
OF_ANSIBLE = frozenset(
    {
        "ansible_host", "ansible_port", "ansible_user", "ansible_password", "ansible_connection", "ansible_become",
        "ansible_shell_type", "ansible_shell_executable", "ansible_facts", "ansible_stats", "ansible_version", "ansible_config_file",
        "ansible_playbook_python", "ansible_limit", "ansible_role_name", "ansible_parent_role_names", "ansible_loop",
        "ansible_delegated_vars", "ansible_failed_result", "ansible_failed_task", "ansible_remote_tmp", "ansible_pipelining", "ansible_timeout", "ansible_diff_mode",
        "ansible_private_key_file", "ansible_scp_if_ssh", "ansible_sftp_executable", "ansible_module_compression",
        "ansible_search_path", "ansible_dependent_role_names", "ansible_collection_name", "ansible_run_tags", "ansible_skip_tags",
    }
)  # fmt: skip


def is_refused(message: object) -> bool:
    """Whether a task's message says that its answer was refused."""
    return isinstance(message, str) and message.startswith(REFUSED)


@functools.cache
def _connection_variables() -> frozenset[str]:
    """Names that Ansible reads connection settings from."""
    names = {name for variables in C.MAGIC_VARIABLE_MAPPING.values() for name in variables}
    return frozenset({*names, *C.COMMON_CONNECTION_VARS, *OF_ANSIBLE})


def is_fact(name: object) -> bool:
    """Whether ``ansible_facts`` of a module's answer may have this name."""
    if not isinstance(name, str):
        return False
    if name in FACTS or name.startswith(FACT_PREFIXES):
        return True
    if not name.startswith("ansible_"):
        return False
    if name.startswith("ansible_ssh_"):
        return name.startswith("ansible_ssh_host_key_")
    if name.endswith("_interpreter"):
        return False
    return name not in _connection_variables() and not name.startswith(OF_CONNECTIONS)


def refused_names(answer: Mapping[str, Any]) -> list[str]:
    """Names in a module's answer that no managed host may set, sorted; empty when there is none."""
    names = {name for name in COMMANDS if name in answer}
    facts = answer.get("ansible_facts")
    if isinstance(facts, Mapping):
        names |= {str(name) for name in facts if not is_fact(name)}
    elif facts is not None:
        names.add("ansible_facts")
    return sorted(names)


def refusal(host_says: list[str]) -> dict[str, Any]:
    """Failed result in place of an answer with refused names. The names come from the host: escaped and few."""
    shown = ", ".join(ascii(name[:LONGEST_NAME]) for name in host_says[:MOST_NAMES])
    more = f" and {len(host_says) - MOST_NAMES} more" if len(host_says) > MOST_NAMES else ""
    return {
        "failed": True,
        "msg": f"{REFUSED}{shown}{more}, which a managed host may not do. Somebody has tampered with this machine, or a "
        "module of somebody else's gives facts under names that are not facts. Nothing of the answer was used.",
    }


def with_escaped_bytes(answer: str) -> str:
    """The JSON text of an answer in which bytes that are no UTF-8, and half surrogate pairs, are written out in their texts.

    Modules give what they met on the machine (a full name in Latin-1 in /etc/passwd, what a command printed), and Ansible
    refuses such an answer whole: one name would fail the host.
    """
    if "\\ud" not in answer and "\\uD" not in answer:
        return answer
    return _ESCAPE.sub(_without_half, answer)


def _without_half(match: re.Match[str]) -> str:
    half = match["half"]
    if half is None:
        return match[0]
    number = int(half, 16)
    return f"\\\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else f"\\\\u{number:04x}"


def guard() -> None:
    """Check every module answer where Ansible reads it. Call once, in the main process, before workers are forked.

    Raises AnsibleError when this ansible-core reads answers elsewhere: better no run than an unguarded one.
    """
    read = getattr(ActionBase, "_parse_returned_data", None)
    if read is None:
        raise AnsibleError(
            "This ansible-core reads the answers of modules in a place that Cartable does not know, so they cannot be checked. "
            "Use ansible-core 2.20 or 2.21."
        )
    if getattr(read, "checks_answers", False):
        return

    @functools.wraps(read)
    def checked(self: ActionBase, *arguments: Any, **named: Any) -> Any:
        if arguments and isinstance(arguments[0], dict) and isinstance(arguments[0].get("stdout"), str):
            arguments = (
                {**arguments[0], "stdout": with_escaped_bytes(arguments[0]["stdout"])},
                *arguments[1:],
            )
        answer = read(self, *arguments, **named)
        if isinstance(answer, dict):  # ansible-core 2.20
            refused = refused_names(answer)
            return {**refusal(refused), "_ansible_parsed": True} if refused else answer
        refused = refused_names(_as_mapping(answer))
        if not refused:
            return answer
        replaced = type(answer).from_module_result_dict(refusal(refused))
        replaced.ansible_parsed = True
        return replaced

    checked.checks_answers = True  # type: ignore[attr-defined]
    ActionBase._parse_returned_data = checked


def _as_mapping(answer: Any) -> dict[str, Any]:
    """The needed part of ansible-core 2.21's result object."""
    said = dict.fromkeys(COMMANDS, None)
    found: dict[str, Any] = {name: answer.result_data[name] for name in said if name in answer.result_data}
    if answer.stats is not None:
        found["ansible_stats"] = answer.stats
    if answer.ansible_facts is not None:
        found["ansible_facts"] = answer.ansible_facts
    return found
