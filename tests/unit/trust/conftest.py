"""Makes the collection importable by its name, as ansible-playbook does."""

from __future__ import annotations

from ansible.plugins.loader import init_plugin_loader

from tests.project import COLLECTIONS

init_plugin_loader([str(COLLECTIONS)])
