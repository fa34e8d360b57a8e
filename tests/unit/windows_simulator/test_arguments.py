"""Validation of arguments, against the specifications of real modules."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import ansible
import pytest

from tests.simulators.windows import PC, new_pc
from tests.simulators.windows.direct import run_module
from tests.simulators.windows.execution import module_spec
from tests.simulators.windows.execution.arguments import ArgumentsRefusedError, Validator
from tests.simulators.windows.execution.module_spec import as_list
from tests.simulators.windows.mirrored import source_file
from tests.static.module_spec import module_spec as module_spec_of


@pytest.fixture(scope="module")
def pc() -> PC:
    return PC(new_pc("PC-A01", password=secrets.token_urlsafe(12)))


REGEDIT = "ansible.windows.win_regedit"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": r"HKLM:\X", "naame": "a"},
         "Unsupported parameters for (ansible.windows.win_regedit) module: naame. Supported parameters include: data, "
         "datatype, delete_key, entry, hive, key, name, path, state, type, value"),
        ({"name": "a"}, "missing required arguments: path"),
        ({"path": r"HKLM:\X", "type": "word"},
         "value of type must be one of: none, binary, dword, expandstring, multistring, string, qword. Got no match for: word"),
        ({"path": r"HKLM:\X", "delete_key": "perhaps"},
         "argument for delete_key is of type System.String and we were unable to convert to bool: The value 'perhaps' is not "
         "a valid boolean. Valid booleans include: y, yes, on, 1, true, t, 1.0, n, no, off, 0, false, f, 0.0"),
    ],
)  # fmt: skip
def test_refused_as_ansible_basic_does(pc: PC, arguments: dict[str, Any], message: str) -> None:
    result = run_module(pc, REGEDIT, arguments)
    assert result["failed"] and result["msg"] == message


def test_case_of_names_and_choices_is_free(pc: PC) -> None:
    assert not run_module(pc, REGEDIT, {"Path": r"HKLM:\SOFTWARE\Case", "State": "ABSENT"}).get("failed")


def test_legacy_module_ignores_an_unknown_option_but_the_journal_says_so(pc: PC) -> None:
    run_module(pc, "ansible.windows.win_file", {"path": r"C:\Temp", "state": "directory", "owner": "x"})
    assert pc.journal.modules("win_file")[-1]["ignored"] == ["owner"]


def test_every_module_of_the_collections_has_a_readable_specification() -> None:
    root = Path(ansible.__file__).parents[1] / "ansible_collections"
    unread = []
    for collection in ("ansible/windows", "community/windows", "chocolatey/chocolatey"):
        folder = root / collection / "plugins"
        utilities = tuple(file.read_bytes() for file in sorted((folder / "module_utils").glob("*.psm1")))
        for file in sorted((folder / "modules").glob("*.ps1")):
            try:
                module_spec.read(file.read_bytes(), utilities)
            except module_spec.UnreadableSpecError:
                unread.append(file.stem)
    # Specifications that only PowerShell can compute; none of them is used by a role.
    assert unread == list(UNREADABLE)


COLLECTIONS = ("ansible.windows", "community.windows", "chocolatey.chocolatey")
ROOT = Path(ansible.__file__).parents[1] / "ansible_collections"
UNREADABLE = ("win_certificate_info", "win_dsc", "win_pssession_configuration")
# The static check reads these two from their documentation, which does not say which options belong together.
DOCUMENTATION_ONLY = ("ansible.windows.win_package", "chocolatey.chocolatey.win_chocolatey_config")
MODULES = [
    f"{collection}.{path.stem}"
    for collection in COLLECTIONS
    for path in sorted((ROOT / collection.replace(".", "/") / "plugins/modules").glob("*.ps1"))
    if path.stem not in UNREADABLE
]


def read(name: str) -> module_spec.ModuleSpec:
    path = source_file(name)
    utilities = tuple(file.read_bytes() for file in sorted((path.parents[1] / "module_utils").glob("*.psm1")))
    return module_spec.read(path.read_bytes(), utilities)


def sample(option: dict[str, Any]) -> Any:
    """A value that the option takes."""
    if option.get("choices"):
        first = as_list(option["choices"])[0]
        return [first] if option.get("type") == "list" else first
    kind = option.get("type", "str")
    element = {"dict": {}, "int": 1, "bool": True}.get(str(option.get("elements")), "x")
    return {"int": 1, "bool": True, "list": [element], "dict": {}, "float": 1.0}.get(kind, "S-1-5-18")


def refused(name: str, spec: module_spec.ModuleSpec, arguments: dict[str, Any]) -> bool:
    try:
        Validator(name, str, lambda account: "S-1-5-18").parse(spec, arguments)
    except ArgumentsRefusedError:
        return True
    return False


def opposite(option: dict[str, Any]) -> Any:
    return ["no such choice"] if option.get("type") == "list" else "no such choice"


def test_ansible_s_own_validator_agrees() -> None:
    """An unknown option, a missing one and a wrong choice, for every module that can be read: the same verdict."""
    checked = 0
    for name in MODULES:
        spec, judge = read(name), module_spec_of(name)
        if spec.legacy or spec.takes_any or name in DOCUMENTATION_ONLY:
            continue
        valid = {o: sample(option) for o, option in spec.options.items() if option.get("required")}
        cases = [valid | {"no_such_option": 1}]
        cases += [{k: v for k, v in valid.items() if k != option} for option in valid]
        cases += [
            valid | {o: opposite(option)} for o, option in spec.options.items() if option.get("choices")
        ]
        for case in [valid, *cases]:
            assert refused(name, spec, case) == bool(judge.problems(case)), (name, case)
            checked += 1
    assert checked > 300
