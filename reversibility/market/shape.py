"""Validation of files against their JSON Schemas, with readable messages and line numbers.

The schemas in ``schemas/`` are ordinary JSON Schema 2020-12, usable in an editor. One habit: the ``description``
of a property that has a pattern or a list of types is the text after "expected".
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from reversibility.market.findings import Finding, near, one_of
from reversibility.market.kinds import kind_table
from reversibility.market.platforms import os_pattern
from reversibility.market.secret_literals import is_secret_name, is_secret_text
from reversibility.market.source import Document, Unreadable, dotted

SCHEMAS = Path(__file__).parent / "schemas"
A_DATE = "a date such as 2025-04-14, without quotes"
TYPES = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def _type(validator: Any, types: Any, instance: Any, schema: dict[str, Any]) -> Iterator[ValidationError]:
    """JSON has no dates, YAML has: a date is what ``format: date`` asks for, and nothing else is."""
    if schema.get("format") == "date":
        if not isinstance(instance, dt.date) or isinstance(instance, dt.datetime):
            yield ValidationError("no date")
    elif isinstance(instance, dt.date):
        yield ValidationError("a date")
    else:
        yield from _json_type(validator, types, instance, schema)


def _properties(
    validator: Any, properties: dict[str, Any], instance: Any, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """As in JSON Schema, by the keys that are there, since most of the possible ones are absent.

    Thousands of assets have one kind, one vendor, one system: a value that was good once stays good.
    """
    if not isinstance(instance, dict):
        return
    for name, value in instance.items():
        if name not in properties:
            continue
        known = (
            (id(properties[name]), type(value), value) if isinstance(value, str | bool | dt.date) else None
        )
        if known is not None and known in _good:
            continue
        good = True
        for error in validator.descend(value, properties[name], path=name, schema_path=name):
            good = False
            yield error
        if good and known is not None and len(_good) < GOOD_VALUES:
            _good.add(known)


GOOD_VALUES = 10_000
_good: set[tuple[int, type, Any]] = set()
_json_type = Draft202012Validator.VALIDATORS["type"]
_Validator: Any = extend(Draft202012Validator, {"type": _type, "properties": _properties})  # type: ignore[no-untyped-call]


@cache
def _registry() -> Registry[Any]:
    contents = [json.loads(path.read_bytes()) for path in sorted(SCHEMAS.glob("*.schema.json"))]
    for content in contents:
        if content["$id"] == "asset.schema.json":
            content["properties"]["kind"]["enum"] = list(kind_table().kinds)
            content["properties"]["os"]["pattern"] = os_pattern()
        del content["$schema"]  # jsonschema would follow it back to its own validator, which knows no dates
    return Registry().with_resources(
        (content["$id"], DRAFT202012.create_resource(content)) for content in contents
    )


@cache
def _validator(schema: str) -> Any:
    return _Validator(_registry().contents(f"{schema}.schema.json"), registry=_registry())


def shape_findings(document: Document, schema: str) -> list[Finding]:
    """Violations of ``schemas/<schema>.schema.json`` in ``document``.

    What does not fit is then taken out of ``document.value``, so that the rules which compare files can go on with
    the rest: after this call every value has the type that the schema gives it, and any key may be missing.
    """
    if not document.readable:
        return []
    if document.value is None:
        document.value = {}
        return [Finding(document.file, 1, document.name, f"{document.name} is empty", "its content")]
    errors = list(_validator(schema).iter_errors(document.value))
    findings: list[Finding] = []
    removed: dict[tuple[Any, ...], bool] = {}  # the path, and whether a mapping belongs there
    for error in errors:
        for found, path in _translate(document, error):
            findings.append(found)
            if path is not None:
                removed[path] = error.validator_value == "object"
    document.refused.update(removed)
    for path, mapping in removed.items():
        _remove(document, path, mapping)
    return findings


def variable_findings(variables: dict[str, Any]) -> list[tuple[str, str]]:
    """The same for one host's variables that have no file any more: (problem, expected) for each error."""
    document = Document(Path("variables"))
    document.value = variables
    found = []
    for error in _validator("host").iter_errors(variables):
        found += [(finding.problem, finding.expected) for finding, _ in _translate(document, error)]
    return found


def _remove(document: Document, path: tuple[Any, ...], mapping: bool) -> None:
    if not path:
        document.value = {}
        return
    value = document.value
    for step in path[:-1]:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(value, dict):
        value.pop(path[-1], None)
    elif isinstance(value, list):
        # Not deleted: the numbers of the items after it are still needed.
        value[path[-1]] = {} if mapping else Unreadable()


def shown(value: Any) -> str:
    """A value as written in the file, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None:
        return "empty"
    if is_secret_text(value):
        return "a secret"
    text = str(value)
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"' if isinstance(value, str) else text


Translated = Iterator[tuple[Finding, tuple[Any, ...] | None]]


def _translate(document: Document, error: ValidationError) -> Translated:
    """One error of jsonschema as findings, each with the path to take out (None: nothing)."""
    path: tuple[Any, ...] = tuple(error.absolute_path)
    rule = str(error.validator)
    special: dict[str, Callable[[Document, ValidationError, tuple[Any, ...]], Translated]] = {
        "required": _required,
        "additionalProperties": _unknown_keys,
        "pattern": _pattern,
    }
    if isinstance(error.instance, Unreadable):
        document.refused.add(path)
        return
    if "propertyNames" in error.absolute_schema_path:
        yield from _name(document, error, path)
        return
    if rule in special:
        yield from special[rule](document, error, path)
        return
    name = dotted(path) or document.name
    value: Any = error.instance
    limit: Any = error.validator_value
    keep = False
    if path and is_secret_name(path[-1]) and not isinstance(value, dict | list):
        problem = f"{name} has a value that it may not have, and that is not shown"
        expected = shown(limit) if rule == "const" else _description(error) or "what the schema says"
    elif rule == "not":  # {"not": {}} is a key that another one excludes
        problem, expected = f"{name} has no place here", "this key only with another mode or protocol"
    elif rule == "type":
        problem, expected = _type_words(name, error)
    elif rule == "enum":
        problem = f"{name} is {shown(value)}"
        expected = _description(error) or one_of(value, [str(item) for item in limit])
        if match := near(value, [str(item) for item in limit]):
            expected = expected if "did you mean" in expected else f'{expected} (did you mean "{match}"?)'
    elif rule == "const":
        problem, expected = f"{name} is {shown(value)}", shown(limit)
    elif rule in ("minItems", "minProperties", "minLength"):
        problem, expected, keep = (
            f"{name} is empty",
            "at least one entry" if rule != "minLength" else "a text",
            True,
        )
    elif rule in ("minimum", "maximum"):
        bound = "at least" if rule == "minimum" else "at most"
        problem, expected = f"{name} is {shown(value)}", f"a number of {bound} {limit}"
    elif rule == "maxLength":
        problem, expected = f"{name} has {len(value)} characters", f"at most {limit}"
    elif rule == "uniqueItems":
        problem, expected, keep = f"{name} names the same thing twice", "each once", True
    else:
        problem, expected = f"{name}: {error.message}", "what the schema says"
    yield document.finding(path, problem, expected), None if keep else path


def _description(error: ValidationError) -> str:
    return str(error.schema.get("description", "")) if isinstance(error.schema, dict) else ""


def _type_words(name: str, error: ValidationError) -> tuple[str, str]:
    value: Any = error.instance
    problem = f"{name} is {shown(value)}"
    if isinstance(error.schema, dict) and error.schema.get("format") == "date":
        return problem, A_DATE
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    expected = _description(error) or " or ".join(TYPES[str(kind)] for kind in wanted)
    if "string" in wanted and isinstance(value, int | float | dt.date):
        problem += f", which YAML reads as {_read_as(value)}"
        expected += "" if "quotes" in expected else ", in quotes"
    return problem, expected


def _read_as(value: object) -> str:
    if isinstance(value, dt.date):
        return "a date"
    return "true or false" if isinstance(value, bool) else "a number"


def _required(document: Document, error: ValidationError, path: tuple[Any, ...]) -> Translated:
    """jsonschema gives one error for each missing key, and names it in its message only."""
    match = re.match(r"'(.*)' is a required property", error.message)
    key = match[1] if match else "a key"
    properties = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
    instance: Any = error.instance
    if any(near(other, [key]) for other in instance if other not in properties):
        return  # a slip in the key's name: said as an unknown key
    hint = properties.get(key, {}).get("description", "") if isinstance(properties.get(key), dict) else ""
    where = dotted(path) or document.name
    yield (
        document.finding(path, f'{where} lacks "{key}"', f'the key "{key}"' + (f": {hint}" if hint else "")),
        None,
    )


def _unknown_keys(document: Document, error: ValidationError, path: tuple[Any, ...]) -> Translated:
    known = set(error.schema.get("properties", {})) if isinstance(error.schema, dict) else set()
    instance: Any = error.instance
    for key in [key for key in instance if key not in known]:
        here = (*path, key)
        what = f'"{key}"' if isinstance(key, str) else f"{key}, which is no text,"
        place = f"of {dotted(path)}" if path else f"of {document.name}"
        yield (
            document.finding(here, f"{what} is no key {place}", one_of(key, known)),
            here,
        )


def _pattern(document: Document, error: ValidationError, path: tuple[Any, ...]) -> Translated:
    expected = _description(error) or f"text that matches {error.validator_value}"
    yield document.finding(path, f"{dotted(path)} is {shown(error.instance)}", expected), path


def _name(document: Document, error: ValidationError, path: tuple[Any, ...]) -> Translated:
    """A key itself is wrong; jsonschema's path stops above it."""
    here = (*path, error.instance)
    expected = _description(error) or "a name"
    quotes = "" if isinstance(error.instance, str) or "quotes" in expected else ", in quotes"
    yield document.finding(here, f"the name {shown(error.instance)} is wrong", expected + quotes), here
