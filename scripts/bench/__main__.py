"""Run one of the benchmarks beside this file, with its own options.

.venv/bin/python scripts/bench                          which there are
.venv/bin/python scripts/bench kills --kills 100        one of them
"""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def benchmarks() -> dict[str, str]:
    """Name → what it measures: the files that start with how they are called."""
    said = {
        path.stem: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        for path in HERE.glob("*.py")
    }
    return {
        name: text.splitlines()[0]
        for name, text in sorted(said.items())
        if text and f"bench/{name}.py" in text
    }


def main() -> None:
    found = benchmarks()
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in found:
        sys.argv[:] = [str(HERE / f"{name}.py"), *sys.argv[2:]]
        runpy.run_path(sys.argv[0], run_name="__main__")
        return
    listed = "\n".join(f"  {one:13} {what}" for one, what in found.items())
    sys.exit(f"{f'error: no benchmark {name}. ' if name else ''}The benchmarks:\n{listed}")


if __name__ == "__main__":
    main()
