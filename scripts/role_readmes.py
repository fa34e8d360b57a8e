"""READMEs of the roles, made from their argument specs: what each does, on what, and with which settings.

``python scripts/role_readmes.py`` writes them; ``--check`` (the lint stage) fails when one is stale.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
MADE = "<!-- Made by scripts/role_readmes.py from meta/argument_specs.yml; change that, then run it. -->"


def readme(role: Path) -> str:
    """The README of one role."""
    spec = yaml.safe_load((role / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"][
        "main"
    ]
    options: dict[str, dict[str, Any]] = spec.get("options", {})
    lines = [f"# {role.name}", "", MADE, "", _sentence(spec["short_description"]), ""]
    for paragraph in _texts(spec.get("description")):
        lines += [_markdown(paragraph), ""]
    platforms = _platforms(role)
    if platforms:
        lines += [f"It has tasks for: {', '.join(platforms)}.", ""]
    if options:
        lines += ["| setting | type | default | meaning |", "|---|---|---|---|"]
        lines += [_row(name, option) for name, option in options.items()]
    else:
        lines += ["It has no settings."]
    return "\n".join([*lines, "", "## Example", "", "```yaml", *_example(role.name, options), "```", ""])


def _row(name: str, option: dict[str, Any]) -> str:
    kind = option["type"] + (f" of {option['elements']}" if "elements" in option else "")
    default = "required" if option.get("required") else f"`{_short(option.get('default'))}`"
    meaning = " ".join(_markdown(text) for text in _texts(option["description"]))
    if "choices" in option:
        meaning += " One of " + ", ".join(f"`{choice}`" for choice in option["choices"]) + "."
    return (
        "| " + " | ".join(text.replace("|", "\\|") for text in (f"`{name}`", kind, default, meaning)) + " |"
    )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def _example(role: str, options: dict[str, dict[str, Any]]) -> list[str]:
    """One play that runs the role, with a setting that a reader may want to change."""
    lines = ["- hosts: managed", "  roles:", f"    - role: cartable.fleet.{role}"]
    plain = {
        name: option["default"]
        for name, option in options.items()
        if isinstance(option.get("default"), (bool, int, str, list))
        and option.get("default") not in ("", [])
        and "{{" not in str(option["default"])
        and "password" not in name
    }
    needed = {name: "..." for name, option in options.items() if option.get("required")}
    chosen = needed or dict(list(plain.items())[:1])
    if chosen:
        text = yaml.safe_dump(chosen, allow_unicode=True, sort_keys=False, width=100)
        lines += ["      vars:", *(f"        {line}" for line in text.splitlines())]
    return lines


def _platforms(role: Path) -> list[str]:
    """The platforms and families of which the role has a task file."""
    table = yaml.safe_load((PROJECT / "reversibility/market/platforms.yml").read_text(encoding="utf-8"))
    known = {*table["platforms"], *table["families"]} - {"none"}
    return sorted(path.stem for path in (role / "tasks").glob("*.yml") if path.stem in known)


def _texts(value: Any) -> list[str]:
    return [str(one).strip() for one in (value if isinstance(value, list) else [value] if value else [])]


def _markdown(text: str) -> str:
    """Ansible's own markup (``C(x)``, ``O(x)``, ``M(x)``) as Markdown, on one line."""
    return " ".join(re.sub(r"\b[COVEMPB]\(([^()]*)\)", r"`\1`", text).split())


def _sentence(text: str) -> str:
    text = _markdown(text)
    return text if text.endswith(".") else f"{text}."


def main(arguments: list[str]) -> int:
    """Write all READMEs, or say which are not up to date."""
    stale = []
    for role in sorted(path.parent.parent for path in (PROJECT / "roles").glob("*/meta/argument_specs.yml")):
        path, text = role / "README.md", readme(role)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.relative_to(PROJECT))
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in arguments:
        print(f"error: not up to date: {', '.join(map(str, stale))}; run python scripts/role_readmes.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
