"""The holiday run: its stages, its plan, what was done of it on each asset, and what that amounts to."""
