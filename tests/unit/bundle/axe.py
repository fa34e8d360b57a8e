"""axe, the accessibility checker, on pages: all in one run of Chromium, each in a frame of its own."""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

PAGE = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>axe</title></head><body>
<pre id="said"></pre>{frames}
<script>
const said = {{}};
addEventListener("load", async () => {{
  for (const frame of document.querySelectorAll("iframe")) {{
    try {{
      const found = await frame.contentWindow.axe.run(frame.contentDocument, {{resultTypes: ["violations"]}});
      said[frame.name] = found.violations.map(one => [one.id, one.help, one.nodes.map(node => node.html)]);
    }} catch (error) {{ said[frame.name] = [["error", String(error), []]]; }}
  }}
  document.getElementById("said").textContent = JSON.stringify(said);
}});
</script></body></html>"""


def violations(pages: Mapping[str, str], folder: Path) -> dict[str, list[Any]]:
    """Name of each page → what axe finds: rule, help and the elements. ``folder`` is for the browser's own files."""
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    script = f"<script>{axe}</script></head>"
    frames = "".join(
        f'<iframe name="{html.escape(name)}" title="{html.escape(name)}" width="1200" height="3000" '
        f'srcdoc="{html.escape(page.replace("</head>", script, 1))}"></iframe>'
        for name, page in pages.items()
    )
    path = folder / "axe.html"
    path.write_text(PAGE.format(frames=frames), encoding="utf-8")
    command = [
        *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *(f"--user-data-dir={folder}/profile", "--virtual-time-budget=60000", "--dump-dom", path.as_uri()),
    ]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    said = re.search(r'<pre id="said">(.*?)</pre>', dom, re.DOTALL)
    assert said and said[1], "axe did not come to its end"
    found: dict[str, list[Any]] = json.loads(html.unescape(said[1]))
    return found
