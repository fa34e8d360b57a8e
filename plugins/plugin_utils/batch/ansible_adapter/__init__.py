# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adapter to ansible-core's internals: the only files of the batch that use them.

A task is evaluated by Ansible's own executor and action plugins, in a thread that is paused where the plugin would run
a module (``hooks``) and resumed with the target's answer. ``support`` lists the internals in use.
"""
