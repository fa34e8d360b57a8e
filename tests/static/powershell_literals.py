"""Evaluator of PowerShell literals, as the argument specifications of modules use them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import tree_sitter_pwsh
from tree_sitter import Language, Node, Parser

CONSTANTS = {"$true": True, "$false": False, "$null": None}
DELEGATE = "delegate"  # the type of an option that a script block converts
UNITS = {"kb": 2**10, "mb": 2**20, "gb": 2**30}
_PARSER = Parser(Language(tree_sitter_pwsh.language()))


class NotLiteral(ValueError):
    """The expression needs PowerShell to be evaluated."""


def parse(source: bytes) -> Node:
    """The root of the syntax tree of a script."""
    return _PARSER.parse(source).root_node


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, in the order of the text."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += reversed(current.children)


def text_of(node: Node) -> str:
    """The source text of a node."""
    return (node.text or b"").decode()


def literal(node: Node, variables: Mapping[str, Any]) -> Any:
    """The value of an expression; ``variables`` are known ones by lower-case name with the dollar sign."""
    children = [child for child in node.children if child.type != "comment"]
    match node.type:
        case "hash_literal_expression":
            return _hash(children, variables)
        case "array_expression":
            return _array(children, variables)
        case "array_literal_expression":
            return [literal(child, variables) for child in children if child.type != ","]
        case "expression_with_unary_operator":
            return _unary(children, variables)
        case "string_literal":
            return _string(text_of(node))
        case "integer_literal":
            return _integer(text_of(node))
        case "real_literal":
            return float(text_of(node))
        case "variable":
            name = text_of(node).lower()
            if name in CONSTANTS:
                return CONSTANTS[name]
            if name in variables:
                return variables[name]
            raise NotLiteral(name)
        case "cast_expression":
            return literal(children[-1], variables)
        case "additive_expression":
            return _sum(children, variables)
        case "member_access":
            return _member(children, variables)
        case "parenthesized_expression":
            return literal(children[1], variables)
    if len(children) == 1:
        return literal(children[0], variables)
    raise NotLiteral(f"{node.type}: {text_of(node)[:60]}")


def _hash(children: list[Node], variables: Mapping[str, Any]) -> dict[str, Any]:
    entries = [
        entry
        for body in children
        if body.type == "hash_literal_body"
        for entry in body.children
        if entry.type == "hash_entry"
    ]
    found = {}
    for entry in entries:
        values = [c for c in entry.children if c.type not in ("key_expression", "=", ";", "comment")]
        key = text_of(entry.children[0]).strip("'\"")
        try:
            found[key] = literal(values[0], variables)
        except NotLiteral:
            if key not in ("type", "elements"):
                raise
            found[key] = DELEGATE
    return found


def hash_keys(node: Node) -> list[str]:
    """Keys of the first hash literal in a node, whatever its values are."""
    found = next((child for child in walk(node) if child.type == "hash_literal_expression"), None)
    bodies = [body for body in found.children if body.type == "hash_literal_body"] if found else []
    entries = [entry for body in bodies for entry in body.children if entry.type == "hash_entry"]
    return [text_of(entry.children[0]).strip("'\"") for entry in entries]


def _sum(children: list[Node], variables: Mapping[str, Any]) -> list[Any]:
    left, right = literal(children[0], variables), literal(children[2], variables)
    if not isinstance(left, list):
        raise NotLiteral(text_of(children[0]))
    return left + (right if isinstance(right, list) else [right])


def _member(children: list[Node], variables: Mapping[str, Any]) -> list[str]:
    owner = variables.get(text_of(children[0]).lower())
    if text_of(children[-1]).lower() != "keys" or not isinstance(owner, dict):
        raise NotLiteral(text_of(children[0]))
    return list(owner)


def _array(children: list[Node], variables: Mapping[str, Any]) -> list[Any]:
    found: list[Any] = []
    for statements in children:
        if statements.type != "statement_list":
            continue
        for statement in statements.children:
            if statement.type not in (";", "comment"):
                value = literal(statement, variables)
                found += value if isinstance(value, list) else [value]
    return found


def _unary(children: list[Node], variables: Mapping[str, Any]) -> Any:
    if len(children) != 2:
        raise NotLiteral(text_of(children[0]))
    value = literal(children[1], variables)
    match children[0].type:
        case ",":
            return [value]
        case "-":
            return -value
    raise NotLiteral(text_of(children[0]))


def _string(text: str) -> str:
    if text.startswith('"'):
        if "$" in text:
            raise NotLiteral(text)
        return text[1:-1].replace('`"', '"')
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def _integer(text: str) -> int:
    found = re.fullmatch(r"(?i)(0x[0-9a-f]+|\d+)[lud]?(kb|mb|gb)?", text)
    if not found:
        raise NotLiteral(text)
    return int(found[1], 0) * UNITS.get((found[2] or "").lower(), 1)
