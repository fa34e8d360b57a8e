"""The history of an asset, from the Git history of its records."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reversibility.records.file_names import original_path
from reversibility.records.json_text import read_json
from reversibility.records.logins import RECORDS
from reversibility.records.state import FORMER, MOVED, State

COMMIT = re.compile(r"\x01(?=[0-9a-f]{40,64}\0[0-9]+\0)")  # the mark alone may be in the name of a file
MOST_WORDS = 12  # changes of one record that are told one by one; the rest is counted


@dataclass(frozen=True)
class Change:
    """What one run changed in the records of an asset."""

    when: datetime
    commit: str
    message: str
    words: list[str]


def history(state: State, asset: str) -> Iterator[Change]:
    """Describe each commit that changed the records of ``asset``, oldest first, across sites and former tags.

    Raises CartableError when Git cannot be asked.
    """
    if not state.repository.has_commits():
        return
    run = state.repository.run
    place = state.find(asset)
    tags = [*(state.former_tags(*place) if place else ()), asset]
    paths = [f":(glob)*/{tag}/**" for tag in tags]
    layout = "--format=%x01%H%x00%ct%x00%s%x00"
    options = ("--reverse", "--raw", "-z", "--no-abbrev", "--no-renames", "-m", "--first-parent", "--root")
    # A controller may have the name of an asset.
    log = run("log", layout, *options, "--", *paths, ":(exclude)journal")
    for block in COMMIT.split(log)[1:]:
        commit, seconds, message, *rest = block.split("\0")
        words = _tell(state, [item.strip("\n") for item in rest if item.strip("\n")])
        if words:
            yield Change(datetime.fromtimestamp(int(seconds), UTC), commit, message, words)


def _tell(state: State, raw: Sequence[str]) -> list[str]:
    """Tell the changed files of one commit from pairs of a ``:mode mode blob blob status`` line and a path.

    A file that left one folder of the asset for another, unchanged, is not told: ``moved.json`` says it once.
    """
    told: list[str] = []
    configuration: list[str] = []
    changes: dict[str, list[tuple[str, str]]] = {}
    for line, path in zip(raw[::2], raw[1::2], strict=True):
        _, _, old, new, _ = line.split(" ", 4)
        changes.setdefault(path.split("/", 2)[2], []).append((old, new))
    for name, blobs in changes.items():
        left = {old for old, new in blobs if not new.strip("0")}
        came = {new for old, new in blobs if not old.strip("0")}
        for old, new in blobs:
            if name not in (MOVED, FORMER) and {old, new} & left & came:
                continue
            into = configuration if name.startswith("config/") else told
            into.extend(tell_record(name, _blob(state, old), _blob(state, new)))
    if len(configuration) > MOST_WORDS:
        configuration = [f"{len(configuration)} configuration files appeared, changed or disappeared"]
    return told + configuration


def _blob(state: State, identifier: str) -> str | None:
    """Read a Git blob by its identifier; all zeros mean none."""
    return None if not identifier.strip("0") else state.repository.run("cat-file", "blob", identifier)


def tell_record(name: str, before: str | None, after: str | None) -> list[str]:
    """Describe the changes of one record, given its old and new text; None for a missing record."""
    if name == "config.age":
        return ["restorable configuration saved"] if after else ["restorable configuration removed"]
    if name == FORMER:
        return []
    if name == MOVED:
        return [f"records moved to {_destination(after)}"] if after else []
    if name.startswith("config/"):
        return [_tell_file(original_path(name.removeprefix("config/")), before, after)]
    teller = TELLERS.get(name)
    if teller is None or not name.endswith(".json"):
        return [f"{name} {'recorded' if before is None else 'removed' if after is None else 'changed'}"]
    try:
        old, new = (read_json(text) if text else {} for text in (before, after))
    except ValueError:
        return [f"{name} changed and is not JSON"]
    try:
        if before is None or after is None:
            return [f"{FIRST[name](new)} first seen" if after else f"{name} removed"]
        told = teller(old, new)
    except (AttributeError, TypeError, ValueError, LookupError):  # a host may have answered anything
        return [f"{name} changed and does not have the shape of such a record"]
    return (
        told if len(told) <= MOST_WORDS else [*told[:MOST_WORDS], f"{len(told) - MOST_WORDS} more in {name}"]
    )


def _destination(text: str) -> str:
    try:
        return str(read_json(text)["to"])
    except (ValueError, TypeError, LookupError):
        return "another place"


def _tell_file(path: str, before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return f"configuration {path} {'appeared' if before is None else 'disappeared'}"
    old, new = before.splitlines(), after.splitlines()
    before_lines, after_lines = set(old), set(new)
    added = sum(line not in before_lines for line in new)
    removed = sum(line not in after_lines for line in old)
    return f"configuration {path} changed (+{added} −{removed} lines)"


def _index(items: Any, *keys: str) -> dict[str, Mapping[str, Any]]:
    """Index a list of mappings by the first of ``keys`` joined with the others; later duplicates get a
    number.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for item in items or []:
        name = label = " ".join(str(item[key]) for key in keys if item.get(key) is not None)
        count = 1
        while label in found:
            count += 1
            label = f"{name} ({count})"
        found[label] = item
    return found


def _compare(
    noun: str,
    old: Mapping[str, Mapping[str, Any]],
    new: Mapping[str, Mapping[str, Any]],
    tell: Callable[[Mapping[str, Any], Mapping[str, Any]], str],
    appeared: Callable[[Mapping[str, Any]], str] = lambda item: " appeared",
) -> list[str]:
    """Compare two indexes: what appeared, disappeared, or changed as ``tell`` says."""
    told = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            told.append(f"{noun} {name}{appeared(new[name])}")
        elif name not in new:
            told.append(f"{noun} {name} disappeared")
        elif old[name] != new[name] and (words := tell(old[name], new[name])):
            told.append(f"{noun} {name}{words}")
    return told


def _fields(old: Mapping[str, Any], new: Mapping[str, Any], left_out: frozenset[str] = frozenset()) -> str:
    changes = [
        f"{key} {_show(old.get(key))} → {_show(new.get(key))}"
        for key in sorted((old.keys() | new.keys()) - left_out)
        if old.get(key) != new.get(key)
    ]
    return ": " + ", ".join(changes) if changes else ""


def _show(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "[" + ", ".join(_show(item) for item in value) + "]"
    return (
        str(value) if not isinstance(value, dict) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    )


def _versions(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if old.get("version") != new.get("version"):
        return f" {_show(old.get('version'))} → {_show(new.get('version'))}"
    return ""  # another maintainer or section is no news


def _inventory(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    before, after = old.get("content", {}), new.get("content", {})
    told = []
    for section in ("bios", "hardware", "operatingsystem"):
        if words := _fields(before.get(section, {}), after.get(section, {})):
            told.append(f"{SECTIONS[section]}{words}")
    told += _compare(
        "package",
        _index(before.get("softwares"), "name"),
        _index(after.get("softwares"), "name"),
        _versions,
        lambda item: f" {item.get('version', '')} installed",
    )
    for section, keys in LISTS.items():
        told += _compare(
            SECTIONS[section], _index(before.get(section), *keys), _index(after.get(section), *keys), _fields
        )
    return told


SECTIONS = {
    "antivirus": "antivirus",
    "bios": "firmware",
    "cpus": "processor",
    "drives": "file system",
    "hardware": "machine",
    "memories": "memory slot",
    "networks": "interface",
    "operatingsystem": "operating system",
    "printers": "printer",
    "storages": "disk",
}
LISTS = {
    "cpus": ("name",),
    "memories": ("numslots",),
    "storages": ("name",),
    "drives": ("type",),
    "networks": ("description",),
    "antivirus": ("name",),
    "printers": ("name",),
}


def _accounts(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    before, after = _index(old.get("accounts"), "login"), _index(new.get("accounts"), "login")
    return _compare(
        "account",
        before,
        after,
        _fields,
        lambda item: " appeared" + (" as administrator" if item.get("administrator") else ""),
    )


def _services(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return _compare(
        "service", _index(old.get("services"), "name"), _index(new.get("services"), "name"), _fields
    )


def _updates(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    before, after = old.get("pending", []), new.get("pending", [])
    if before == after:
        return []
    security = sum(1 for update in after if update.get("security"))
    return [f"pending updates {len(before)} → {len(after)} ({security} of security)"]


def _findings(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    before, after = set(_sentences(old)), set(_sentences(new))
    appeared = [f"found: {one}" for one in sorted(after - before)]
    return appeared + [f"no longer found: {one}" for one in sorted(before - after)]


def _sentences(record: Mapping[str, Any]) -> list[str]:
    return [str(one) for found in record.values() for one in found or []]


def _logins(old: Any, new: Any) -> list[str]:
    before, after = (_index(_items(value, "logins"), "account", "method") for value in (old, new))
    return _compare("login", before, after, _fields)


def _items(value: Any, key: str) -> Any:
    return value.get(key, []) if isinstance(value, dict) else value


def _first_logins(place: str) -> Callable[[Any], str]:
    return lambda new: f"{len(_items(new, 'logins'))} verified logins to {place}"


def _name_system(new: Mapping[str, Any]) -> str:
    content = new.get("content", {})
    system = content.get("operatingsystem", {}).get("full_name", "an unknown system")
    return f"{system} with {len(content.get('softwares', []))} packages"


TELLERS: dict[str, Callable[[Any, Any], list[str]]] = {
    "inventory.json": _inventory,
    "accounts.json": _accounts,
    "services.json": _services,
    "updates.json": _updates,
    "findings.json": _findings,
    **dict.fromkeys(RECORDS, _logins),
}
FIRST: dict[str, Callable[[Any], str]] = {
    "inventory.json": _name_system,
    "accounts.json": lambda new: f"{len(new.get('accounts', []))} accounts",
    "services.json": lambda new: f"{len(new.get('services', []))} services",
    "updates.json": lambda new: f"{len(new.get('pending', []))} pending updates",
    "findings.json": lambda new: f"{len(_sentences(new))} findings",
    **{name: _first_logins(methods[0].place) for name, methods in RECORDS.items()},
}
