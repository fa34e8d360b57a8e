# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures of a session with a network device, each one clear sentence without secrets."""

from __future__ import annotations


class DeviceError(Exception):
    """Failure of a device; its text is shown to the operator."""


class Unreachable(DeviceError):
    """No session: no answer, no SSH, or an unknown host key."""


class LoginRefused(DeviceError):
    """The device refuses the account or its password."""


class SessionLost(DeviceError):
    """The session ended unexpectedly."""


class NoPrompt(DeviceError):
    """The device does not show its prompt."""


class UnexpectedQuestion(DeviceError):
    """The device asks a question without a known safe answer."""


class CommandRefused(DeviceError):
    """The device refuses a command."""


class Truncated(DeviceError):
    """An answer stops before its end."""


class NoWayBack(DeviceError):
    """No rollback could be armed for a change that may cut the management access."""
