"""cartable.fleet.win_software_findings: mirrors plugins/modules/win_software_findings.ps1."""

from __future__ import annotations

from ...state.software import installed
from ..api import Call, Result, model

NOTE = r"HKLM\SOFTWARE\Cartable\Catalogue"
REMOVED_BY = {
    "chocolatey": ("Chocolatey package {}", "choco uninstall {}"),
    "products": ("program {}", "the list of installed programs"),
}


@model("cartable.fleet.win_software_findings")
def win_software_findings(call: Call) -> Result:
    there = {
        "chocolatey": {name.lower() for name in call.state.chocolatey.get("packages", {})},
        "products": {program.key.lower() for program in installed(call.state) if len(program.view) == 2},
    }
    findings, changed = [], False
    shown: tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]] = ({}, {})
    for kind, (what, remove) in REMOVED_BY.items():
        wanted = {name: str(entry) for name, entry in call.params[kind].items()}
        path = rf"{NOTE}\{kind}"
        before = {value.name: str(value.data) for value in call.state.registry.values(path)}
        after = {}
        for name in sorted(wanted | before):
            if name.lower() not in there[kind]:
                continue
            after[name] = wanted.get(name, before.get(name, ""))
            if name not in wanted:
                findings.append(
                    f"no catalogue entry asks for the {what.format(name)} any more, which {before[name]} did, and it is "
                    f"still installed; if nothing else needs it, remove it: {remove.format(name)}"
                )
        shown[0][kind], shown[1][kind] = before, after
        if call.params["keep"] and before != after:
            changed = True
            if not call.check:
                for name in before.keys() - after.keys():
                    call.state.registry.delete_value(path, name)
                for name, entry in after.items():
                    call.state.registry.set(path, name, entry, "string")
    for sentence in findings:
        call.warn(f"{call.params['asset']}: {sentence}.")
    call.set_diff(*shown)
    return {"changed": changed, "findings": findings}
