"""The internals of ansible-core that the files of ``core`` rely on, by their names: ``module:Class.name``."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable
from typing import Any
from unittest.mock import MagicMock

NEWER = hasattr(importlib.import_module("ansible._internal._task"), "UnifiedTaskResult")  # 2.21 and later
BOTH = [
    "ansible.constants:_ACTION_ALL_INCLUDE_ROLE_TASKS",
    "ansible.constants:_ACTION_DEBUG",
    "ansible.constants:_ACTION_INCLUDE_VARS",
    "ansible.constants:_ACTION_META",
    "ansible.constants:_ACTION_SET_FACT",
    "ansible.constants:_ACTION_WITH_CLEAN_FACTS",
    "ansible.constants:DEFAULT_LOCAL_TMP",
    "ansible.constants:DEFAULT_MODULE_COMPRESSION",
    "ansible.constants:MAX_FILE_SIZE_FOR_DIFF",
    "ansible.context:CLIARGS",
    "ansible.executor.module_common:CollectionModuleUtilLocator._find_module",
    "ansible.executor.module_common:LegacyModuleUtilLocator._find_module",
    "ansible.executor.module_common:ModuleUtilLocatorBase._handle_redirect",
    "ansible.config.manager:ConfigManager.DEPRECATED",
    "ansible.config.manager:ConfigManager.WARNINGS",
    "ansible._internal._templating._jinja_bits:AnsibleEnvironment._debuggable_template_source",
    "ansible._internal._templating._jinja_bits:_TemplateCompileContext.current",
    "ansible.config.manager:ConfigManager.get_configuration_definitions",
    "ansible.config.manager:ConfigManager.get_config_value",
    "ansible.executor.module_common:_CachedModule.load",
    "ansible.executor.module_common:_MODULE_UTILS_PATH",
    "ansible.executor.module_common:_get_ansible_module_fqn",
    "ansible.executor.play_iterator:IteratingStates.HANDLERS",
    "ansible.executor.play_iterator:PlayIterator.add_notification",
    "ansible.executor.play_iterator:PlayIterator.get_state_for_host",
    "ansible.executor.task_executor:TaskExecutor.run",
    "ansible.executor.task_executor:TaskExecutor._execute",
    "ansible.executor.task_executor:TaskExecutor._run_loop",
    "ansible.executor.task_executor:TaskExecutor._get_action_handler_with_module_context",
    "ansible.executor.task_executor:TaskExecutor._get_connection",
    "ansible.executor.task_executor:TaskExecutor._set_become_plugin",
    "ansible._internal._errors._alarm_timeout:AnsibleTimeoutError.alarm_timeout",
    "ansible.module_utils._internal._datatag:AnsibleTaggedObject",
    "ansible.module_utils._internal._datatag._tags:Deprecated.is_tagged_on",
    "ansible.module_utils.common.json:get_module_decoder",
    "ansible.module_utils.common.json:get_module_encoder",
    "ansible.module_utils.common.json:Direction.CONTROLLER_TO_MODULE",
    "ansible.module_utils.common.json:Direction.MODULE_TO_CONTROLLER",
    "ansible.module_utils._internal._ansiballz._loader:run_module",
    "ansible.module_utils.basic:AnsibleModule.exit_json",
    "ansible.module_utils.parsing.convert_bool:boolean",
    "ansible.parsing.dataloader:DataLoader.get_real_file",
    "ansible.parsing.dataloader:DataLoader.get_text_file_contents",
    "ansible.parsing.dataloader:DataLoader.path_dwim_relative",
    "ansible.parsing.dataloader:DataLoader.path_dwim_relative_stack",
    "ansible.playbook.attribute:FieldAttribute",
    "ansible.playbook.attribute:NonInheritableFieldAttribute",
    "ansible.playbook.base:FieldAttributeBase._post_validate_object",
    "ansible.playbook.block:Block.load",
    "ansible.playbook.handler:Handler.notify_host",
    "ansible.playbook.helpers:load_list_of_blocks",
    "ansible.playbook.included_file:IncludedFile.process_include_results",
    "ansible.playbook.play_context:PlayContext.set_attributes_from_plugin",
    "ansible.playbook.role:Role.get_all_dependencies",
    "ansible.playbook.role:Role.get_role_params",
    "ansible.playbook.role_include:IncludeRole.get_block_list",
    "ansible.playbook.task:Task._get_parent_attribute",
    "ansible.playbook.task:Task._post_validate_environment",
    "ansible.playbook.task:Task.copy",
    "ansible.playbook.task:Task.get_dep_chain",
    "ansible.playbook.task:Task.get_ds",
    "ansible.playbook.task:Task.get_include_params",
    "ansible.playbook.task:Task.get_loader",
    "ansible.playbook.task:Task.get_name",
    "ansible.playbook.task:Task.get_path",
    "ansible.playbook.task:Task.get_vars",
    "ansible.playbook.task:Task.get_variable_manager",
    "ansible.playbook.task:Task.evaluate_tags",
    "ansible.playbook.task:Task.dump_attrs",
    "ansible.playbook.task:Task.get_search_path",
    "ansible.playbook.task:Task.squash",
    "ansible.playbook.task_include:TaskInclude.build_parent_block",
    "ansible.playbook.task_include:TaskInclude.VALID_INCLUDE_KEYWORDS",
    "ansible.plugins.action.copy:ActionModule._copy_file",
    "ansible.plugins.action.copy:ActionModule._remove_tempfile_if_content_defined",
    "ansible.plugins.action.copy:_create_remote_copy_args",
    "ansible.plugins.action.copy:_create_remote_file_args",
    "ansible.plugins.action:ActionBase._compute_environment_string",
    "ansible.plugins.action:ActionBase._configure_module",
    "ansible.plugins.action:ActionBase._early_needs_tmp_path",
    "ansible.plugins.action:ActionBase._find_needle",
    "ansible.plugins.action:ActionBase._fixup_perms2",
    "ansible.plugins.action:ActionBase._is_pipelining_enabled",
    "ansible.plugins.action:ActionBase._low_level_execute_command",
    "ansible.plugins.action:ActionBase._make_tmp_path",
    "ansible.plugins.action:ActionBase._remote_expand_user",
    "ansible.plugins.action:ActionBase._remove_tmp_path",
    "ansible.plugins.action:ActionBase._requires_connection",
    "ansible.plugins.action:ActionBase._transfer_data",
    "ansible.plugins.action:ActionBase._transfer_file",
    "ansible.plugins.action:ActionBase._update_module_args",
    "ansible.plugins.action:modify_module",
    "ansible.plugins.connection.ssh:Connection._build_command",
    "ansible.plugins.connection:ConnectionBase.set_become_plugin",
    "ansible.plugins.connection:ConnectionBase._connect",
    "ansible.plugins.connection:ConnectionBase.close",
    "ansible.plugins.connection:ConnectionBase.exec_command",
    "ansible.plugins.connection:ConnectionBase.fetch_file",
    "ansible.plugins.connection:ConnectionBase.put_file",
    "ansible.plugins.connection:ConnectionBase.transport",
    "ansible.plugins:AnsiblePlugin.matches_name",
    "ansible.plugins:AnsiblePlugin.get_option",
    "ansible.plugins:AnsiblePlugin.get_options",
    "ansible.plugins.shell:ShellBase.build_module_command",
    "ansible.plugins.shell:ShellBase.join_path",
    "ansible.plugins.loader:action_loader.get",
    "ansible.plugins.loader:Jinja2Loader.get_with_context",
    "ansible.plugins.loader:connection_loader.get",
    "ansible.plugins.loader:get_with_context_result",
    "ansible.plugins.loader:lookup_loader.get",
    "ansible.plugins.loader:module_loader.find_plugin_with_context",
    "ansible.plugins.loader:module_utils_loader._get_paths",
    "ansible.executor.task_queue_manager:TaskQueueManager.send_callback",
    "ansible.plugins.strategy:StrategyBase.get_task_hosts",
    "ansible.plugins.strategy:StrategyBase.search_handlers_by_notification",
    "ansible.plugins:AnsiblePlugin.set_options",
    "ansible.release:__version__",
    "ansible.template:trust_as_template",
    "ansible.utils.collection_loader:AnsibleCollectionConfig.collection_paths",
    "ansible.utils.collection_loader:AnsibleCollectionRef.is_valid_fqcr",
    "ansible.utils.collection_loader:_collection_finder",
    "ansible.utils.display:Display.set_queue",
    "ansible.utils.hashing:checksum",
    "ansible.utils.path:unfrackpath",
    "ansible.utils.sentinel:Sentinel",
    "ansible.vars.manager:VariableManager.extra_vars",
    "ansible.vars.manager:get_vars_from_inventory_sources",
    "ansible.vars.manager:get_vars_from_path",
    "ansible.vars.manager:VariableManager.get_vars",
    "ansible.vars.manager:VariableManager.set_host_facts",
    "ansible.vars.manager:VariableManager.set_host_variable",
    "ansible.vars.manager:VariableManager.set_nonpersistent_facts",
]
OF_NEWER = [
    "ansible._internal._task:HostTaskResult",
    "ansible._internal._task:POLYMORPHIC_RESULT_EXPRESSION",
    "ansible._internal._task:TaskContext.create",
    "ansible._internal._task:TaskContext.current",
    "ansible._internal._task:TaskContext.get_register_projections",
    "ansible._internal._task:TaskContext.update_task_vars",
    "ansible._internal._task:UnifiedTaskResult.as_result_dict",
    "ansible._internal._task:UnifiedTaskResult.create_and_record",
    "ansible._internal._task:UnifiedTaskResult.create_from_action_exception",
    "ansible._internal._task:UnifiedTaskResult.finalize_registered_values",
    "ansible._internal._task:UnifiedTaskResult.from_action_result_dict",
    "ansible._internal._task:VariableLayer.CACHEABLE_FACT",
    "ansible._internal._task:VariableLayer.INCLUDE_VARS",
    "ansible._internal._task:VariableLayer.REGISTER_VARS",
    "ansible.vars.manager:_DEPRECATE_VARS",
]
OF_OLDER = [
    "ansible._internal._errors._error_utils:result_dict_from_exception",
    "ansible._internal._task:TaskContext",
    "ansible.executor.task_result:_RawTaskResult",
    "ansible.vars.clean:module_response_deepcopy",
    "ansible.vars.clean:strip_internal_keys",
]
# What is given by keyword, or stands in for another function: its parameters.
PARAMETERS = {
    "ansible.config.manager:ConfigManager.get_plugin_options_and_origins": (
        "self plugin_type name keys variables direct"
    ),
    "ansible._internal._templating._jinja_bits:_TemplateCompileContext.__init__": "self escape_backslashes",
    "ansible._internal._templating._jinja_bits:AnsibleEnvironment.compile_expression": "self source args kwargs",
    "jinja2:Environment.compile": "self source name filename raw defer_init",
    "jinja2.environment:TemplateExpression.__init__": "self template undefined_to_none",
    "ansible.playbook.base:FieldAttributeBase.copy": "self",
    "ansible.playbook.base:FieldAttributeBase.post_validate": "self templar",
    "ansible.playbook.base:FieldAttributeBase.post_validate_attribute": "self name templar",
    "ansible.plugins.loader:PluginLoader.find_plugin_with_context": (
        "self name mod_type ignore_deprecated check_aliases collection_list"
    ),
    "ansible.playbook.block:Block.load": (
        "data play parent_block role task_include use_handlers variable_manager loader"
    ),
    "ansible.executor.task_executor:TaskExecutor._execute": "self" if NEWER else "self templar variables",
    "ansible.executor.task_executor:TaskExecutor._run_loop": "self items",
    "ansible.playbook.task:Task.copy": "self exclude_parent exclude_tasks",
    "ansible.playbook.role_include:IncludeRole.get_block_list": "self play variable_manager loader",
    "ansible.module_utils._internal._ansiballz._loader:run_module": (
        "json_params profile module_fqn modlib_path extensions init_globals"
    ),
    "ansible.playbook.helpers:load_list_of_blocks": (
        "ds play parent_block role task_include use_handlers variable_manager loader"
    ),
    "ansible.playbook.included_file:IncludedFile.process_include_results": (
        "results iterator loader variable_manager"
    ),
    "ansible.parsing.dataloader:DataLoader.load_from_file": (
        "self file_name cache unsafe json_only trusted_as_template"
    ),
    "ansible.plugins.connection.ssh:Connection._build_command": "self binary subsystem other_args",
    "ansible.plugins.loader:Jinja2Loader.get_with_context": "self name args kwargs",
    "ansible.vars.manager:VariableManager._get_magic_variables": (
        "self play host task include_hostvars _hosts _hosts_all"
    ),
    "ansible.vars.manager:get_vars_from_inventory_sources": "loader sources entities stage",
    "ansible.vars.manager:get_vars_from_path": "loader path entities stage",
    "ansible.plugins.action:ActionBase._configure_module": "self module_name module_args task_vars",
    # Who looks for a module's imports, and with what: packed.py has to know all that can change what is found.
    "ansible.executor.module_common:CollectionModuleUtilLocator.__init__": (
        "self fq_name_parts is_ambiguous child_is_redirected is_optional"
    ),
    "ansible.executor.module_common:LegacyModuleUtilLocator.__init__": (
        "self fq_name_parts is_ambiguous mu_paths child_is_redirected"
    ),
    "ansible.executor.module_common:recursive_finder": (
        "name module_fqn module_data zf date_time extension_manager"
    ),
    "ansible.plugins.action:ActionBase._update_module_args": (
        "self module_name module_args task_vars ignore_unknown_opts"
    ),
    "ansible.plugins.action.copy:ActionModule._copy_file": (
        "self source_full source_rel content content_tempfile dest task_vars follow"
    ),
}


def made_connection(connection: type) -> Any:
    from ansible.playbook.play_context import PlayContext

    return connection(PlayContext(), shell=MagicMock())


def made_executor(executor: type) -> Any:
    return executor(**dict.fromkeys(inspect.signature(executor).parameters, MagicMock()))


def made_action(action: type) -> Any:
    return action(*[MagicMock() for _ in range(6)])


EXECUTOR_KEEPS = "_connection _final_q _host _loader _play_context _shared_loader_obj _variable_manager"


# Attributes that an object has only once it is made, and how to make one.
ATTRIBUTES: list[tuple[str, Callable[[type], Any], str]] = [
    (
        "ansible.playbook.included_file:IncludedFile",
        lambda made: made("f", {}, {}, None),
        "_filename _is_role _task _vars",
    ),
    ("ansible.utils.display:Display", lambda made: made(), "_final_q"),
    ("ansible.plugins.become.sudo:BecomeModule", lambda made: made(), "_options"),
    (
        "ansible.plugins.connection.ssh:Connection",
        made_connection,
        "become control_path control_path_dir host _options _play_context _shell sshpass_pipe"
        + " shm" * NEWER,
    ),
    ("ansible.executor.task_executor:TaskExecutor", made_executor, EXECUTOR_KEEPS),
    (
        "ansible.plugins.action.command:ActionModule",
        made_action,
        "_connection _loader _shared_loader_obj _task _templar",
    ),
    (
        "ansible.plugins.action.command:ActionModule",
        made_action,
        "_discovered_interpreter_key",
    ),
    ("ansible.parsing.dataloader:DataLoader", lambda made: made(), "_FILE_CACHE"),
    (
        "ansible.plugins.loader:Jinja2Loader",
        lambda _: importlib.import_module("ansible.plugins.loader").filter_loader,
        "_cached_non_collection_wrappers",
    ),
    ("ansible.template:Templar", lambda made: made(), "_engine available_variables"),
    ("ansible.template:Templar", lambda made: made()._engine.environment, "from_string optimized overlayed"),
    ("ansible.playbook.play:Play", lambda made: made(), "force_handlers handlers role_cache roles"),
    (
        "ansible.plugins.loader:PluginLoadContext",
        lambda made: made("modules", "ansible.modules"),
        "deprecated raw_error_list resolved plugin_resolved_path",
    ),
    ("ansible.playbook.block:Block", lambda made: made(), "_parent _play rescue always"),
    (
        "ansible.playbook.task:Task",
        lambda made: made.load({"debug": {}}),
        "_finalized _parent _resolved_action _role _squashed _uuid fattributes implicit resolved_action",
    ),
    (
        "ansible.playbook.role_include:IncludeRole",
        lambda made: made(),
        "_from_files _role_name public allow_duplicates statically_loaded",
    ),
    ("ansible.playbook.loop_control:LoopControl", lambda made: made(), "break_when label loop_var pause"),
    (
        "ansible.playbook.attribute:FieldAttribute",
        lambda made: made(),
        "alias always_post_validate default isa required static",
    ),
    ("ansible.playbook.play_context:PlayContext", lambda made: made(), "connection password remote_addr"),
    ("ansible.executor.play_iterator:HostState", lambda made: made([]), "run_state"),
    ("ansible.plugins.shell.sh:ShellModule", lambda made: made(), "tmpdir"),
    ("ansible.errors:AnsibleFileNotFound", lambda made: made(file_name="f"), "file_name"),
]
ATTRIBUTES_OF_OLDER: list[tuple[str, Callable[[type], Any], str]] = [
    (
        "ansible.executor.task_result:_RawTaskResult",
        lambda made: made(host=None, task=None, return_data={}, task_fields={}),
        "_return_data",
    ),
    ("ansible.executor.task_executor:TaskExecutor", made_executor, "_task"),
    ("ansible.template:Templar", lambda made: made()._engine, "_loader"),
]
ATTRIBUTES_OF_NEWER: list[tuple[str, Callable[[type], Any], str]] = [
    (
        "ansible._internal._task:TaskContext",
        lambda made: made.create(None, {}, "a"),
        "_raw_loop_results _task",
    ),
    (
        "ansible._internal._task:UnifiedTaskResult",
        lambda made: made(is_module=True),
        "_deprecations _warnings",
    ),
]
MADE = [*ATTRIBUTES, *(ATTRIBUTES_OF_NEWER if NEWER else ATTRIBUTES_OF_OLDER)]
# What an object keeps that takes a whole play to be made.
KEPT = {
    "ansible.plugins.strategy:StrategyBase": "_tqm _variable_manager",
    "ansible.executor.play_iterator:PlayIterator": "_play",
    "ansible.playbook.role:Role": "_role_path",
    "ansible.playbook.role_include:IncludeRole": "_role_path",
}
RESULT_FIELDS = (
    "attempts changed diff exception failed ignore_errors ignore_unreachable include_file loop_item loop_item_label "
    "loop_results loop_var no_log notify pending_changes registered_values retries skipped unreachable"
)
# Keywords that are no templates, come after the task, are refused, or have a place of their own in what reads them.
NOT_READ_BEFORE = (
    "any_errors_fatal async changed_when collections debugger delegate_facts failed_when loop_with register run_once "
    "tags throttle until when"
)
EXECUTOR = {"host", "play_context", "loader", "shared_loader_obj", "final_q", "variable_manager"}


def find(where: str) -> Any:
    module, _, path = where.partition(":")
    found = importlib.import_module(module)
    for name in path.split("."):
        found = inspect.getattr_static(found, name) if inspect.isclass(found) else getattr(found, name)
    return found
