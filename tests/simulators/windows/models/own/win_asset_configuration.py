"""cartable.fleet.win_asset_configuration: mirrors plugins/modules/win_asset_configuration.ps1."""

from __future__ import annotations

import base64
import json
from typing import Any
from xml.sax.saxutils import escape

from ...state.registry import canonical
from ..api import Call, Result, model
from .win_security_settings import exported

LONG = {"HKLM": "HKEY_LOCAL_MACHINE", "HKU": "HKEY_USERS"}
SETTINGS = {
    "fr-FR": ("Pas d’audit", "Opération réussie", "Échec", "Opération réussie et échec"),  # [K]
    "en-US": ("No Auditing", "Success", "Failure", "Success and Failure"),
}


def _registry(call: Call) -> list[dict[str, Any]]:
    found = []
    for root in call.params["registry_keys"]:
        prefix = canonical(root).lower()
        keys = [key for key in call.state.registry if (key.path.lower() + "\\").startswith(prefix + "\\")]
        for key in sorted(keys, key=lambda key: key.path):
            hive, _, rest = key.path.partition("\\")
            for value in sorted(key.values.values(), key=lambda value: value.name):
                found.append(
                    {
                        "path": f"{LONG[hive]}\\{rest}",
                        "name": value.name,
                        "type": value.type,
                        "data": value.data,
                    }
                )
    return found


def _policy(call: Call) -> str:
    lines = ["[Unicode]", "Unicode=yes", "[System Access]"]
    lines += [f"{name} = {value}" for name, value in exported(call.state).items()]
    lines += ["[Privilege Rights]"]
    lines += [
        f"{name} = {','.join('*' + sid for sid in sids)}"
        for name, sids in sorted(call.state.user_rights.items())
    ]
    return "\r\n".join([*lines, "[Version]", 'signature="$CHICAGO$"', "Revision=1", ""])


def _audit(call: Call) -> str:
    words = SETTINGS[call.language]
    lines = [
        "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,Exclusion Setting,Setting Value"
    ]
    for guid, setting in sorted(call.state.audit_policy.items()):
        lines.append(f"{call.state.system.name},System,x,{{{guid.upper()}}},{words[setting]},,{setting}")
    return "\r\n".join([*lines, ""])


@model("cartable.fleet.win_asset_configuration")
def win_asset_configuration(call: Call) -> Result:
    rules = [
        {
            "name": rule.name, "enabled": str(rule.enabled), "direction": "Inbound" if rule.direction == "in" else "Outbound",
            "action": rule.action.capitalize(), "protocol": rule.protocol.upper(), "local_ports": [rule.local_ports],
            "remote_addresses": rule.remote_addresses.split(","),
        }
        for rule in sorted(call.state.firewall_rules, key=lambda rule: rule.name)
        if rule.group == call.params["firewall_group"]
    ]  # fmt: skip
    files = {
        "/registry.json": json.dumps(_registry(call)),
        "/firewall.json": json.dumps(rules),
        "/security/policy.inf": _policy(call),
        "/security/audit.csv": _audit(call),
    }
    for task in sorted(call.state.tasks, key=lambda task: task.name):
        if task.path.rstrip("\\") == call.params["task_folder"].rstrip("\\"):
            files[f"/tasks/{task.name}.xml"] = (
                f"<Task><Description>{escape(task.description)}</Description></Task>"
            )
    for path in call.params["files"]:
        if call.state.files.exists(path) and not call.state.files.is_directory(path):
            files["/" + path.replace(":", "").replace("\\", "/")] = call.state.files.read(path).decode(
                "utf-8", "replace"
            )
    return {
        "changed": False,
        "configuration": [
            {"path": path, "content_b64": base64.b64encode(text.encode()).decode()}
            for path, text in files.items()
        ],
    }
