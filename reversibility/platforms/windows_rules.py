"""Security rules of Windows PCs: the options of the modules that keep them, and what each rule comes to on one PC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Rule = Mapping[str, Any]
Answers = Mapping[str, Any]

COMPLIES, PRESENT, MISSING = "complies", "present", "missing"
WAIVED, DECLINED, NOT_APPLICABLE = "waived", "declined", "not_applicable"
_COPIED = ("group", "title", "source")
_AUDITED = {
    (False, False): "none",
    (True, False): "success",
    (False, True): "failure",
    (True, True): "success and failure",
}
_OFF = "Disabled, Stopped"
_ABSENT = "absent"


def with_lists(
    rules: Iterable[Rule], services: Iterable[str], features: Iterable[str], values: Iterable[Rule]
) -> list[dict[str, Any]]:
    """The rules and one for each service that does not start, feature that is off and further registry value."""
    found = [dict(rule) for rule in rules]
    for name in services:
        found.append(
            _listed(f"service-{name}", "services", f"Le service {name} ne démarre pas", "service", name)
        )
    for name in features:
        found.append(
            _listed(f"feature-{name}", "features", f"La fonctionnalité {name} est retirée", "feature", name)
        )
    for value in values:
        rule = _listed(
            f"registry-{value['name']}",
            "registry",
            f"Valeur de registre {value['name']}",
            "registry",
            value["name"],
        )
        found.append(rule | {name: value[name] for name in ("path", "type", "state") if name in value})
        found[-1]["expected"] = value.get("data")
    return found


def _listed(name: str, group: str, title: str, probe: str, key: str) -> dict[str, Any]:
    return {"id": name, "group": group, "title": title, "source": "marché", "probe": probe, "key": key}


def waiver_of(rule: Rule, waived: Mapping[str, Any]) -> Any:
    """The waiver of a rule, by its id or by the name of its registry value; None without."""
    return waived.get(rule["id"]) or (waived.get(rule["key"]) if rule.get("probe") == "registry" else None)


def kept(rules: Iterable[Rule], waived: Mapping[str, Any]) -> list[Rule]:
    """The rules that are brought to a PC: neither waived nor declined."""
    return [rule for rule in rules if not rule.get("declined") and not waiver_of(rule, waived)]


def options(rules: Iterable[Rule], waived: Mapping[str, Any]) -> dict[str, Any]:
    """By probe, what the modules are given."""
    by: dict[str, list[Rule]] = {}
    for rule in kept(rules, waived):
        by.setdefault(rule["probe"], []).append(rule)
    return {
        "account_policy": {rule["key"]: rule["expected"] for rule in by.get("account_policy", [])},
        "audit_policy": [
            {
                "subcategory": rule["key"],
                "success": bool(rule.get("success")),
                "failure": bool(rule.get("failure")),
            }
            for rule in by.get("audit", [])
        ],
        "services": [rule["key"] for rule in by.get("service", [])],
        "features": [rule["key"] for rule in by.get("feature", [])],
        "registry": [_value(rule) for rule in by.get("registry", [])],
        "netbios": "netbios" in by,
        "admin_rule": "admin_rule" in by,
        "firewall": "firewall" in by,
    }


def _value(rule: Rule) -> dict[str, Any]:
    """One value as ``win_registry_values`` takes it."""
    found = {"path": rule["path"], "name": rule["key"], "type": rule.get("type", "dword")}
    if rule.get("state", "present") == _ABSENT:
        return {**found, "state": _ABSENT}
    return {**found, "data": rule["expected"]}


def rows(rules: Iterable[Rule], answers: Answers, waived: Mapping[str, Any]) -> list[dict[str, str]]:
    """One row a rule for the record ``compliance.json``.

    ``answers`` has what each module said while it compared: ``policy``, ``registry``, ``features``, ``netbios``,
    ``admin_rule``, ``firewall`` and ``volume``.
    """
    found = []
    for rule in rules:
        row = {name: str(rule[name]) for name in _COPIED if rule.get(name)} | {"rule": str(rule["id"])}
        if rule.get("declined"):
            found.append(row | {"state": DECLINED, "reason": str(rule["declined"])})
            continue
        expected, seen, keeps = _PROBES[rule["probe"]](rule, answers)
        row["expected"] = expected
        waiver = waiver_of(rule, waived)
        if waiver:
            found.append(
                row | {"state": WAIVED} | {key: str(text) for key, text in waiver.items() if key != "rule"}
            )
            continue
        if rule.get("without") and seen is None and not keeps:
            found.append(row | {"state": NOT_APPLICABLE, "reason": str(rule["without"])})
            continue
        state = COMPLIES if keeps else MISSING if seen is None else PRESENT
        found.append(row | {"state": state} | ({} if seen is None else {"seen": seen}))
    return found


Seen = tuple[str, str | None, bool]  # what is expected, what is there, whether that is kept


def _seen_in(answers: Answers, module: str, key: str) -> str | None:
    value = answers.get(module, {}).get("seen", {}).get(key)
    return None if value is None else str(value)


def _account_policy(rule: Rule, answers: Answers) -> Seen:
    expected, seen = str(rule["expected"]), _seen_in(answers, "policy", rule["key"])
    return expected, seen, seen == expected


def _audit(rule: Rule, answers: Answers) -> Seen:
    expected = _AUDITED[bool(rule.get("success")), bool(rule.get("failure"))]
    seen = _seen_in(answers, "policy", "{" + rule["key"].strip("{}").upper() + "}")
    return expected, seen, seen == expected


def _service(rule: Rule, answers: Answers) -> Seen:
    """A service that is not there conforms."""
    seen = _seen_in(answers, "policy", rule["key"])
    return _OFF, seen or _ABSENT, seen in (None, _OFF)


def _registry(rule: Rule, answers: Answers) -> Seen:
    seen = _seen_in(answers, "registry", f"{rule['path']}\\{rule['key']}")
    if rule.get("state", "present") == _ABSENT:
        return _ABSENT, seen or _ABSENT, seen is None
    data = rule["expected"]
    text = r"\0".join(map(str, data)) if isinstance(data, list) else str(data)
    kind = rule.get("type", "dword")
    if seen is not None and seen.startswith(f"{kind}:"):
        seen = seen.removeprefix(f"{kind}:")
        return text, seen, seen == text
    return text, seen, False


def _feature(rule: Rule, answers: Answers) -> Seen:
    """A feature that this Windows has not conforms; one that waits for a restart does not yet."""
    if "seen" not in answers.get("features", {}):
        return "Disabled", None, False
    seen = _seen_in(answers, "features", rule["key"]) or _ABSENT
    return "Disabled", seen, seen == _ABSENT or seen.startswith("Disabled")


def _unchanged(answer: str, expected: str, otherwise: str) -> Callable[[Rule, Answers], Seen]:
    """Probe of a module that says no more than whether it would change something."""

    def probe(rule: Rule, answers: Answers) -> Seen:
        result = answers.get(answer, {})
        if "changed" not in result or result.get("skipped"):
            return expected, None, False
        kept_now = not result["changed"]
        return expected, expected if kept_now else otherwise, kept_now

    return probe


def _firewall(rule: Rule, answers: Answers) -> Seen:
    result = answers.get("firewall", {})
    off = [name for name in ("Domain", "Private", "Public") if not result.get(name, {}).get("currentstate")]
    seen = (
        f"off: {', '.join(off)}"
        if off
        else "on, other inbound action"
        if result.get("changed")
        else "on, inbound blocked"
    )
    return "on, inbound blocked", seen, seen == "on, inbound blocked"


def _volume(rule: Rule, answers: Answers) -> Seen:
    volume = answers.get("volume", {})
    seen = ", ".join(
        filter(None, (str(volume.get("volume_status", "")), str(volume.get("protection_status", ""))))
    )
    # While it encrypts the protection is off: the next run tells.
    return "FullyEncrypted, On", seen or None, seen == "FullyEncrypted, On"


_PROBES: dict[str, Callable[[Rule, Answers], Seen]] = {
    "account_policy": _account_policy,
    "audit": _audit,
    "service": _service,
    "registry": _registry,
    "feature": _feature,
    "netbios": _unchanged("netbios", "Disabled", "Default or Enabled"),
    "admin_rule": _unchanged("admin_rule", "administration only", "missing or different"),
    "firewall": _firewall,
    "bitlocker": _volume,
}
