"""Options that several subcommands share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

INVENTORY_VARIABLE = "CARTABLE_INVENTORY"


def add_inventory(parser: argparse.ArgumentParser) -> None:
    """Add ``-i/--inventory``, the market folder; ``$CARTABLE_INVENTORY`` where it is not given."""
    configured = os.environ.get(INVENTORY_VARIABLE)
    parser.add_argument(
        "-i",
        "--inventory",
        type=Path,
        metavar="DIR",
        default=Path(configured) if configured else None,
        required=not configured,
        help=f"the market's folder, such as inventories/demo (default: ${INVENTORY_VARIABLE})",
    )
