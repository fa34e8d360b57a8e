"""One module run: its specification, its arguments, its model, its answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..journal import MASK
from ..models.api import MODELS, Call, ModuleFailure
from ..state.accounts import User
from ..state.files import expand
from . import module_spec
from .arguments import ArgumentsRefusedError, Validator

if TYPE_CHECKING:
    from ..pc import PC

Result = dict[str, Any]


def full_name(name: str) -> str:
    """`ansible.windows.win_ping` from the name in the manifest."""
    name = name.removeprefix("ansible_collections.").replace(".plugins.modules.", ".")
    for prefix in ("ansible.legacy.", "ansible.builtin."):
        # ansible-core redirects its own names to the collection (setup, slurp, async_status).
        if name.startswith(prefix):
            return "ansible.windows." + name.removeprefix(prefix)
    return name if "." in name else "ansible.windows." + name


def masked(item: Any, secrets: set[str]) -> Any:
    """The same structure with every secret replaced."""
    if isinstance(item, str):
        for secret in sorted(secrets, key=len, reverse=True):
            item = MASK if item == secret else item.replace(secret, "********")
        return item
    if isinstance(item, dict):
        return {masked(key, secrets): masked(value, secrets) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return [masked(value, secrets) for value in item]
    return MASK if str(item) in secrets and not isinstance(item, bool) and item is not None else item


def run(
    pc: PC,
    name: str,
    source: bytes,
    utilities: tuple[bytes, ...],
    arguments: dict[str, Any],
    user: User | None,
    become: str,
) -> Result:
    """The module's JSON answer."""
    module = full_name(name)
    check, diff = bool(arguments.get("_ansible_check_mode")), bool(arguments.get("_ansible_diff"))
    plain = {key: item for key, item in arguments.items() if not key.startswith("_ansible_")}
    try:
        spec = module_spec.read(source, utilities)
    except module_spec.UnreadableSpecError as error:
        pc.journal.add("unknown", module=module, why=str(error))
        return {
            "failed": True,
            "changed": False,
            "msg": f"simulator: the specification of {module} cannot be read: {error}",
        }
    secrets = spec.secret_values(plain)
    entry: dict[str, Any] = {
        "module": module,
        "check": check,
        "become": become,
        "arguments": masked(plain, secrets),
    }
    unknown = {key for key in plain if key.lower() not in {n.lower() for n in spec.names()}}
    if spec.legacy and unknown:
        entry["ignored"] = sorted(unknown)  # Windows says nothing
    result, warnings = _answer(pc, module, spec, arguments, user, become, check, diff)
    entry.update({key: result[key] for key in ("changed", "failed", "skipped", "msg") if key in result})
    pc.journal.add("module", **masked(entry, secrets))
    answer: Result = masked(result, secrets)
    if not spec.legacy:
        answer["invocation"] = {"module_args": masked(plain, secrets)}
    if warnings:
        answer["warnings"] = warnings
    return answer


def _answer(
    pc: PC, module: str, spec: module_spec.ModuleSpec, arguments: dict[str, Any], user: User | None, become: str,
    check: bool, diff: bool,
) -> tuple[Result, list[str]]:  # fmt: skip
    name = user.name if user else "systemprofile"
    validator = Validator(module, lambda text: expand(text, name), pc.state.accounts.resolve)
    if check and not spec.supports_check_mode:
        who = "" if spec.legacy else f" ({module})"
        return {
            "skipped": True,
            "changed": False,
            "msg": f"remote module{who} does not support check mode",
        }, []
    try:
        params = validator.parse(spec, arguments)
    except ArgumentsRefusedError as error:
        return {"failed": True, "changed": False, "msg": str(error)}, []
    recorded = pc.recording.answer(module, arguments, check) if pc.recording else None
    if recorded is not None:
        return recorded, []
    found = MODELS.get(module)
    if found is None:
        pc.journal.add("unknown", module=module, why="no model")
        return {"failed": True, "changed": False, "msg": f"simulator: module {module} has no model"}, []
    if pc.faults.take("module_failure", on=module):
        return {
            "failed": True,
            "changed": False,
            "msg": "Unhandled exception while executing module: fault on demand",
        }, []
    call = Call(module, params, pc, user, check, diff, become)
    with pc.lock:
        before = json.dumps(pc.state.to_json(), sort_keys=True) if check else ""
        try:
            result: Result = {"changed": False} | found.function(call)
        except ModuleFailure as error:
            result = {"changed": False} | error.values | {"failed": True, "msg": str(error)}
        if check and json.dumps(pc.state.to_json(), sort_keys=True) != before:
            raise AssertionError(f"the model of {module} changed the PC in check mode")
        if not check:
            pc.save()
    if diff and call.difference:
        result["diff"] = call.difference
    return result, call.warnings
