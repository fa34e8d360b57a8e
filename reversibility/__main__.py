"""``python -m reversibility``: the command ``reversibility``, also where its script is not on the path."""

import sys

from reversibility.cli import main

sys.exit(main())
