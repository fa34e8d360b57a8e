# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's WinRM connection, with input sent again to a PC that is busy, and one certificate a PC."""

from __future__ import annotations

DOCUMENTATION = """
name: winrm
author: Cartable contributors (@cartable)
version_added: "0.3.0"
short_description: Runs tasks over WinRM, waits for a PC that is busy, and knows its certificate
description:
  - The connection P(ansible.builtin.winrm#connection) with all its options. Input that Windows refuses because it is busy (C(ERROR_BUSY), 170) is sent
    again, with longer and longer pauses.
  - Ansible's own plugin means to do so too, but ansible-core 2.20 and 2.21 do not recognise that answer with pywinrm 0.5.
  - A PC whose certificate is its own, which no authority vouches for, can be known by the fingerprint, as SSH knows a machine by C(known_hosts).
requirements:
  - pywinrm 0.5 or later
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
  - cartable.fleet.winrm_options
options:
  busy_timeout:
    description: Seconds for which refused input is sent again. After that the task fails.
    type: float
    default: 60
    vars:
      - name: ansible_winrm_busy_timeout
  certificate_fingerprint:
    description:
      - Of the PC's certificate, its SHA-256 as C(openssl x509 -noout -fingerprint -sha256) prints it, or the thumbprint that Windows shows. Nothing is sent to a PC that shows another one, but the
        login of the shell, which is bound to the certificate that was seen.
      - Set it beside C(ansible_winrm_server_cert_validation=ignore), which alone takes any certificate.
    type: str
    vars:
      - name: ansible_winrm_certificate_fingerprint
"""

import time
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import winrm

try:
    from requests.adapters import HTTPAdapter
    from requests.exceptions import SSLError
except ImportError:  # Ansible's plugin says so when it connects
    HTTPAdapter = object
    SSLError = OSError

ERROR_BUSY = 170
FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 8.0


class OneCertificate(HTTPAdapter):
    """Connections of a session, to a server with this fingerprint alone."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, assert_fingerprint=self._fingerprint, **kwargs)


class Connection(winrm.Connection):
    """Ansible's connection, but for the answer "busy" and for a certificate that is known."""

    def _winrm_connect(self) -> Any:
        protocol = super()._winrm_connect()
        fingerprint = self.get_option("certificate_fingerprint")
        if fingerprint:
            # The session's connection so far is dropped: what follows goes over one whose certificate was compared.
            protocol.transport.session.mount("https://", OneCertificate(fingerprint))
        return protocol

    def _winrm_exec(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super()._winrm_exec(*args, **kwargs)
        except SSLError as error:
            self.protocol = self.shell_id = None  # whoever answered there has nothing to be told
            raise AnsibleConnectionFailure(
                f"the certificate is not that of ansible_winrm_certificate_fingerprint: {error}"
            ) from error

    def _winrm_send_input(self, *args: Any, **kwargs: Any) -> None:
        """Send one piece of input. Windows answers "busy" instead of taking it, so nothing is sent twice."""
        end = time.monotonic() + self.get_option("busy_timeout")
        pause = FIRST_PAUSE
        while True:
            try:
                super()._winrm_send_input(*args, **kwargs)
                return
            except winrm.WSManFaultError as fault:
                if fault.wsman_fault_code != ERROR_BUSY or time.monotonic() + pause > end:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
