"""Structure of an answer file of Windows Setup: passes, components, elements and their values.

From Microsoft's reference (learn.microsoft.com, windows-hardware/customize/desktop/unattend, a page an element).
Only what the project writes is in the tables; anything else is a finding, to be looked up there and added.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any

UNATTEND = "{urn:schemas-microsoft-com:unattend}"
ACTION = "{http://schemas.microsoft.com/WMIConfig/2002/State}action"
# Their order in an installation, which the file keeps for its readers.
PASSES = (
    "windowsPE",
    "offlineServicing",
    "generalize",
    "specialize",
    "auditSystem",
    "auditUser",
    "oobeSystem",
)
BOOL, NUMBER, TEXT, NAME = r"true|false", r"[0-9]+", r".{1,1024}", r"[A-Za-z0-9-]{1,15}"
LOCALE, SHOW = r"[a-z]{2}-[A-Z]{2}", r"Always|OnError|Never"
ORDER = r"[1-9][0-9]*"
PASSWORD = {"Value": TEXT, "PlainText": BOOL}
LOCALES = {
    "InputLocale": r"[0-9a-f]{4}:[0-9a-f]{8}",
    "SystemLocale": LOCALE,
    "UILanguage": LOCALE,
    "UserLocale": LOCALE,
}
KEY = r"[A-Z0-9]{5}(-[A-Z0-9]{5}){4}"
CREATE = {"Order": ORDER, "Type": r"Primary|EFI|Extended|Logical|MSR", "Size": NUMBER, "Extend": BOOL}
MODIFY = {
    "Order": ORDER, "PartitionID": NUMBER, "Label": TEXT, "Letter": r"[C-Z]", "Format": r"NTFS|FAT32",
    "TypeID": r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", "Extend": BOOL, "Active": BOOL,
}  # fmt: skip
DISK = {
    "DiskID": NUMBER, "WillWipeDisk": BOOL,
    "CreatePartitions": {"CreatePartition*": CREATE}, "ModifyPartitions": {"ModifyPartition*": MODIFY},
}  # fmt: skip
ACCOUNT = {
    "Name": r"[^\"/\\\[\]:;|=,+*?<>%@]{1,20}",
    "DisplayName": TEXT,
    "Group": TEXT,
    "Password": PASSWORD,
}
# Component → its passes, and its elements: a pattern of the text, or elements; "*" marks items of a list.
COMPONENTS: dict[str, tuple[set[str], dict[str, Any]]] = {
    "Microsoft-Windows-International-Core-WinPE": (
        {"windowsPE"}, LOCALES | {"SetupUILanguage": {"UILanguage": LOCALE, "WillShowUI": SHOW}},
    ),
    "Microsoft-Windows-International-Core": ({"specialize", "oobeSystem"}, LOCALES),
    "Microsoft-Windows-Setup": ({"windowsPE"}, {
        "DiskConfiguration": {"WillShowUI": SHOW, "Disk*": DISK},
        "ImageInstall": {"OSImage": {"InstallTo": {"DiskID": NUMBER, "PartitionID": NUMBER}}},
        "UserData": {"AcceptEula": BOOL, "ProductKey": {"Key": KEY, "WillShowUI": SHOW}},
    }),
    "Microsoft-Windows-Deployment": (
        {"specialize", "auditUser"},
        {"RunSynchronous": {"RunSynchronousCommand*": {"Order": ORDER, "Description": TEXT, "Path": r".{1,259}"}}},
    ),
    "Microsoft-Windows-Shell-Setup": ({"specialize", "oobeSystem"}, {
        "ComputerName": NAME,
        "TimeZone": TEXT,
        "OOBE": {
            "HideEULAPage": BOOL, "HideOEMRegistrationScreen": BOOL, "HideOnlineAccountScreens": BOOL,
            "HideWirelessSetupInOOBE": BOOL, "ProtectYourPC": r"[123]",
        },
        "UserAccounts": {"LocalAccounts": {"LocalAccount*": ACCOUNT}},
        "AutoLogon": {"Enabled": BOOL, "Username": TEXT, "Password": PASSWORD, "LogonCount": NUMBER},
        "FirstLogonCommands": {"SynchronousCommand*": {"Order": ORDER, "Description": TEXT, "CommandLine": TEXT}},
    }),
}  # fmt: skip
# Elements of a component that only one of its passes knows.
ONLY_IN = {
    "ComputerName": "specialize", "OOBE": "oobeSystem", "UserAccounts": "oobeSystem", "AutoLogon": "oobeSystem",
    "FirstLogonCommands": "oobeSystem",
}  # fmt: skip
ATTRIBUTES = {
    "processorArchitecture": "amd64", "publicKeyToken": "31bf3856ad364e35", "language": "neutral",
    "versionScope": "nonSxS",
}  # fmt: skip


def check_answer_file(text: str) -> list[str]:
    """Everything that Windows Setup would refuse or ignore, a sentence each."""
    root = ET.fromstring(text)
    return list(_root(root))


def _root(root: ET.Element) -> Iterator[str]:
    if root.tag != f"{UNATTEND}unattend":
        yield f"the root is {root.tag}"
    settings = [element for element in root if element.tag == f"{UNATTEND}settings"]
    others = [element.tag for element in root if element.tag.startswith(UNATTEND) and element not in settings]
    yield from (f"{tag} is no settings" for tag in others)
    passes = [element.get("pass", "") for element in settings]
    if unknown := set(passes) - set(PASSES):
        yield f"no such pass: {sorted(unknown)}"
    elif passes != sorted(set(passes), key=PASSES.index):
        yield f"passes twice or out of order: {passes}"
    for element in settings:
        for component in element:
            yield from _component(component, element.get("pass", ""))


def _component(component: ET.Element, in_pass: str) -> Iterator[str]:
    name = component.get("name", "")
    if component.tag != f"{UNATTEND}component" or name not in COMPONENTS:
        yield f"no such component: {component.tag} {name}"
        return
    if {key: component.get(key) for key in ATTRIBUTES} != ATTRIBUTES:
        yield f"{name}: attributes"
    passes, elements = COMPONENTS[name]
    if in_pass not in passes:
        yield f"{name} is not in the pass {in_pass}"
    for child in component:
        short = child.tag.removeprefix(UNATTEND)
        if ONLY_IN.get(short, in_pass) != in_pass:
            yield f"{name}/{short} is not in the pass {in_pass}"
    yield from _elements(component, elements, name)


def _elements(parent: ET.Element, known: Mapping[str, Any], path: str) -> Iterator[str]:
    numbers, seen = [], set()
    for child in parent:
        short = child.tag.removeprefix(UNATTEND)
        where = f"{path}/{short}"
        listed = f"{short}*" in known
        expected = known.get(short, known.get(f"{short}*"))
        if expected is None:
            yield f"{where}: no such element"
            continue
        if (child.get(ACTION) == "add") != listed:
            yield f"{where}: wcm:action is for items of a list"
        if not listed and short in seen:
            yield f"{where} is there twice"
        seen.add(short)
        if isinstance(expected, dict):
            yield from _elements(child, expected, where)
        elif not re.fullmatch(expected, child.text or "", re.DOTALL):
            yield f"{where}: its value"
        if listed and (order := child.findtext(f"{UNATTEND}Order")):
            numbers.append(int(order))
    if numbers and numbers != list(range(1, len(numbers) + 1)):
        yield f"{path}: Order is not 1, 2, 3 …: {numbers}"
