"""Contrast of every text of a page, from its own style sheet: cascade, inheritance and variables as CSS has them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import cssselect2
import tinycss2
from lxml import html as lxml_html
from tinycss2.color3 import parse_color

Colour = tuple[float, float, float]
BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


def contrasts(page: str) -> list[tuple[str, float]]:
    """Each text of the page with the contrast (WCAG 2) of its colour and what is behind it."""
    root = lxml_html.fromstring(page)
    sheet = "".join(style.text_content() for style in root.iter("style"))
    variables = dict(re.findall(r"(--[\w-]+):\s*([^;}]+)", sheet))
    matcher = cssselect2.Matcher()
    for selector, declarations in _rules(sheet):
        for compiled in cssselect2.compile_selector_list(selector):
            if compiled.pseudo_element is None:
                matcher.add_selector(compiled, declarations)
    tree = cssselect2.ElementWrapper.from_html_root(root)
    return list(_walk(tree, matcher, variables, BLACK, WHITE))


def _rules(sheet: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The rules for a screen: what stands in @media and @page is for paper, or for where things stand."""
    for rule in tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            declared = tinycss2.parse_declaration_list(rule.content, skip_comments=True, skip_whitespace=True)
            wanted = {
                one.lower_name: tinycss2.serialize(one.value).strip()
                for one in declared
                if one.type == "declaration"
            }
            yield tinycss2.serialize(rule.prelude), wanted


def _walk(
    element: cssselect2.ElementWrapper,
    matcher: cssselect2.Matcher,
    variables: dict[str, str],
    colour: Colour,
    behind: Colour,
) -> Iterator[tuple[str, float]]:
    if element.local_name in ("head", "style", "title", "script"):
        return
    declared: dict[str, str] = {}
    for _, _, _, declarations in sorted(matcher.match(element), key=lambda match: match[:2]):
        declared |= declarations
    colour = _colour(declared.get("color"), variables) or colour
    background = declared.get("background", declared.get("background-color"))
    behind = _colour(background, variables) or behind
    texts = [element.etree_element.text, *(child.tail for child in element.etree_element)]
    for text in texts:
        if text and text.strip():
            yield text.strip(), _ratio(colour, behind)
    for child in element.iter_children():
        yield from _walk(child, matcher, variables, colour, behind)


def _colour(value: str | None, variables: dict[str, str]) -> Colour | None:
    if not value:
        return None
    value = re.sub(r"var\((--[\w-]+)\)", lambda match: variables[match[1]], value)
    parsed = parse_color(value.strip())
    return tuple(parsed[:3]) if parsed is not None and parsed != "currentColor" and parsed[3] == 1 else None


def _ratio(first: Colour, second: Colour) -> float:
    dark, light = sorted((_luminance(first), _luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
