# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check that the batch works with this ansible-core: its version, and each internal in use.

It imports the adapter only after the check, so that it can name what is missing.
"""

from __future__ import annotations

import functools
import importlib
import inspect

from ansible.release import __version__

TESTED = ("2.20", "2.21")
# Internals of the adapter, one owner a line: its attributes, with the keyword parameters in parentheses.
INTERNALS = """
ansible.config.manager:ConfigManager get_plugin_options_and_origins(keys,variables,direct) get_configuration_definitions
ansible.executor.module_common:_CachedModule load
ansible.executor.play_iterator:PlayIterator add_notification get_state_for_host
ansible.executor.task_executor:TaskExecutor _get_action_handler_with_module_context _get_connection _set_become_plugin run
ansible.module_utils._internal._ansiballz._loader: run_module(json_params,profile,module_fqn,modlib_path,extensions)
ansible.parsing.dataloader:DataLoader path_dwim load_from_file(cache,unsafe,json_only,trusted_as_template) path_dwim_relative_stack
ansible.playbook.block:Block load
ansible.playbook.handler:Handler notify_host
ansible.playbook.helpers: load_list_of_blocks(play,parent_block,role,use_handlers)
ansible.playbook.included_file:IncludedFile process_include_results
ansible.playbook.play_context:PlayContext copy set_attributes_from_plugin
ansible.playbook.role:Role get_role_params
ansible.playbook.role_include:IncludeRole get_block_list(play,variable_manager,loader)
ansible.playbook.task:Task copy(exclude_parent,exclude_tasks) dump_attrs evaluate_tags(all_vars) get_dep_chain get_include_params
ansible.playbook.task:Task get_search_path post_validate_attribute(templar) squash
ansible.playbook.task_include:TaskInclude build_parent_block VALID_INCLUDE_KEYWORDS
ansible.plugins.action:ActionBase _compute_environment_string _configure_module(module_name,module_args,task_vars)
ansible.plugins.action:ActionBase _early_needs_tmp_path _execute_module _find_needle _fixup_perms2 _is_pipelining_enabled
ansible.plugins.action:ActionBase _low_level_execute_command(in_data) _make_tmp_path _remote_expand_user
ansible.plugins.action:ActionBase _remove_tmp_path(force) _transfer_data _transfer_file
ansible.plugins.action.copy:ActionModule _copy_file
ansible.plugins.connection:ConnectionBase _connect set_become_plugin
ansible.plugins.loader:PluginLoader find_plugin_with_context(name,mod_type,ignore_deprecated,check_aliases,collection_list)
ansible.plugins.loader:module_utils_loader _get_paths(subdirs)
ansible.plugins.shell:ShellBase build_module_command join_path
ansible.utils.collection_loader._collection_finder: _get_collection_role_path
ansible.vars.manager: get_vars_from_inventory_sources get_vars_from_path
ansible.vars.manager:VariableManager _get_magic_variables(play,host,task,include_hostvars) set_host_facts set_nonpersistent_facts
"""
ADAPTER = ("engine", "ansible_adapter.preload", "ansible_adapter.result_handback")


@functools.cache
def problem() -> str:
    """Why the batch cannot be used with this ansible-core; "" if it can."""
    if ".".join(__version__.split(".")[:2]) not in TESTED:
        return f"it was tested with ansible-core {' and '.join(TESTED)}, and this is {__version__}"
    try:
        for line in INTERNALS.split("\n"):
            place, *attributes = line.split() or [""]
            for attribute in attributes:
                _check(place, *attribute.rstrip(")").split("("))
        for module in ADAPTER:
            importlib.import_module(f"{__package__}.{module}")
    except (ImportError, AttributeError, LookupError) as error:
        return f"ansible-core {__version__} is not as expected ({error})"
    return ""


def _check(place: str, name: str, parameters: str = "") -> None:
    """Raises ImportError, AttributeError, and LookupError if a parameter has another name."""
    module, _, owner = place.partition(":")
    found = importlib.import_module(module)
    found = getattr(getattr(found, owner) if owner else found, name)
    for parameter in parameters.split(",") if parameters else ():
        if parameter not in inspect.signature(found).parameters:
            raise LookupError(f"{place} {name} has no parameter {parameter}")
