"""One module run: its specification, its arguments, its model, its answer."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from ..journal import MASK
from ..models.api import MODELS, Call, Model, ModuleFailure
from ..state.accounts import User
from ..state.files import expand
from . import module_spec
from .arguments import ArgumentsRefusedError, Validator
from .module_spec import ModuleSpec

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
    try:
        spec = module_spec.read(source, utilities)
    except module_spec.UnreadableSpecError as error:
        pc.journal.add("unknown", module=module, why=str(error))
        return _failed(f"simulator: the specification of {module} cannot be read: {error}")
    return ModuleRun(pc, module, spec, arguments, user, become).answer()


def _failed(message: str) -> Result:
    return {"failed": True, "changed": False, "msg": message}


class ModuleRun:
    """One run of a module whose specification is known."""

    def __init__(
        self, pc: PC, module: str, spec: ModuleSpec, arguments: dict[str, Any], user: User | None, become: str
    ) -> None:
        self.pc, self.module, self.spec, self.arguments = pc, module, spec, arguments
        self.user, self.become = user, become
        self.check = bool(arguments.get("_ansible_check_mode"))
        self.given = {key: item for key, item in arguments.items() if not key.startswith("_ansible_")}
        self.params: dict[str, Any] | None = None
        self.warnings: list[str] = []

    def answer(self) -> Result:
        """What the module says, with every no_log value masked; the journal gets its entry."""
        secrets = self.spec.secret_values(self.given)
        result = self._result()
        entry: dict[str, Any] = {"module": self.module, "check": self.check, "become": self.become}
        entry["arguments"] = self.given
        unknown = {
            key for key in self.given if key.lower() not in {name.lower() for name in self.spec.names()}
        }
        if self.spec.legacy and unknown:
            entry["ignored"] = sorted(unknown)  # Windows says nothing
        entry.update({key: result[key] for key in ("changed", "failed", "skipped", "msg") if key in result})
        self.pc.journal.add("module", **masked(entry, secrets))
        if (
            self.params is not None
            and not self.spec.legacy
            and self.arguments.get("_ansible_inject_invocation")
        ):
            result["invocation"] = {"module_args": self.params}
        if self.warnings:
            result["warnings"] = self.warnings
        answer: Result = masked(result, secrets)
        return answer

    def _result(self) -> Result:
        if self.check and not self.spec.supports_check_mode:
            who = "" if self.spec.legacy else f" ({self.module})"
            return {
                "skipped": True,
                "changed": False,
                "msg": f"remote module{who} does not support check mode",
            }
        name = self.user.name if self.user else "systemprofile"
        validator = Validator(self.module, lambda text: expand(text, name), self.pc.state.accounts.resolve)
        try:
            self.params = validator.parse(self.spec, self.arguments)
        except ArgumentsRefusedError as error:
            return _failed(str(error))
        recording = self.pc.recording
        recorded = recording.answer(self.module, self.arguments, self.check) if recording else None
        if recorded is not None:
            return recorded
        found = MODELS.get(self.module)
        if found is None:
            self.pc.journal.add("unknown", module=self.module, why="no model")
            return _failed(f"simulator: module {self.module} has no model")
        if self.pc.faults.take("module_failure", on=self.module):
            return _failed("Unhandled exception while executing module: fault on demand")
        return self._modelled(found, copy.deepcopy(self.params))

    def _modelled(self, found: Model, params: dict[str, Any]) -> Result:
        diff = bool(self.arguments.get("_ansible_diff"))
        call = Call(self.module, params, self.pc, self.user, self.check, diff, self.become, self.warnings)
        with self.pc.lock:
            before = json.dumps(self.pc.state.to_json(), sort_keys=True) if self.check else ""
            try:
                result: Result = {"changed": False} | found.function(call)
            except ModuleFailure as error:
                result = {"changed": False} | error.values | {"failed": True, "msg": str(error)}
            if self.check and json.dumps(self.pc.state.to_json(), sort_keys=True) != before:
                raise AssertionError(f"the model of {self.module} changed the PC in check mode")
            if not self.check:
                self.pc.save()
        if not self.check:
            self.pc.ran(self.module, params)
        if diff and call.difference:
            result["diff"] = call.difference
        return result
