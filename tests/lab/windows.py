"""The simulated Windows PCs of the school, which run on its controller while they are needed.

They show what Cartable sends and records, not what Windows does (docs/windows.md).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from tests.lab.simulated import first_passwords, simulators
from tests.simulators.windows.market import USER, windows_assets

LANGUAGES = {"UC250004": "en-US"}


def folder_of(paths: MarketPaths) -> Path:
    """Where the simulated PCs have their state files, with passwords, and their journals."""
    return paths.data / "simulated-pcs"


@contextlib.contextmanager
def simulated_pcs(paths: MarketPaths) -> Iterator[list[str]]:
    """Run the simulated PCs on the controller, at the addresses of the inventory; their tags."""
    folder = folder_of(paths)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    assets = windows_assets(load_market(paths.inventory))
    states = {tag: folder / f"{tag}.json" for tag in assets}
    first = first_passwords(paths, assets.values(), USER, states)
    languages = [f"--language={tag}={language}" for tag, language in LANGUAGES.items()]
    arguments = ["--inventory", paths.inventory, "--known-certificates", paths.known_certificates, *languages]
    with simulators("tests.simulators.windows.market", arguments, folder, assets.values(), first) as tags:
        yield tags
