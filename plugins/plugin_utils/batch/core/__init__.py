# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of the batch that touches ansible-core's internals, and nothing else.

A task is evaluated by Ansible's own executor and its own action plugins, so that conditions, loops, results and their
registration are Ansible's own and not an imitation. It is left where it would run a module and gone on with when the target
has answered (``hooks.Pause``), or else evaluated twice: until it would run a module (``hooks.Capture``), and again with the
answers (``answers.Replay``). Only what goes over the connection is intercepted. ``tests/unit/batch/test_core.py`` names each
internal that is relied on.
"""
