"""Configuration tree by indentation: each line with the lines below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Node:
    """A line without its indentation, and the lines of its mode."""

    text: str
    number: int = 0
    children: list[Node] = field(default_factory=list)

    def words(self) -> list[str]:
        """The words of the line."""
        return self.text.split()

    def first(self, start: str) -> str | None:
        """What follows ``start`` in the first child that begins with it; None when none does."""
        return next(self.each(start), None)

    def each(self, start: str) -> Iterator[str]:
        """What follows ``start`` in each child that begins with it."""
        for child in self.children:
            if child.text == start or child.text.startswith(start + " "):
                yield child.text[len(start) :].strip()

    def has(self, text: str) -> bool:
        """Whether a child is this very line."""
        return any(child.text == text for child in self.children)


def read_tree(lines: Iterable[tuple[int, str]]) -> Node:
    """The tree of ``(number, line)``; lines that are blank or start with ``!`` or ``;`` are left out.

    A mode that is entered twice is one node.
    """
    root = Node("")
    modes: dict[str, Node] = {}
    stack: list[tuple[int, Node]] = [(-1, root)]
    for number, line in lines:
        text = line.strip()
        if not text or text[0] in "!;":
            continue
        depth = len(line) - len(line.lstrip())
        while stack[-1][0] >= depth:
            stack.pop()
        parent = stack[-1][1]
        node = modes.get(text) if parent is root else None
        if node is None:
            node = Node(text, number)
            parent.children.append(node)
            if parent is root:
                modes[text] = node
        stack.append((depth, node))
    return root
