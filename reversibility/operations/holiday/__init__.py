"""The holiday run: stages, plan, progress on each asset, and summary."""
