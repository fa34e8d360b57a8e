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
  - A PC whose certificate no authority has signed is known by the certificate's fingerprint, as SSH knows a machine by C(known_hosts). With
    C(ansible_winrm_server_cert_validation=ignore) over HTTPS, a PC without a known fingerprint is unreachable. The certificate is compared before
    the login.
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
      - Fingerprint of the PC's certificate, its SHA-256 as C(openssl x509 -noout -fingerprint -sha256) prints it. Used in place of O(known_certificates).
    type: str
    vars:
      - name: ansible_winrm_certificate_fingerprint
  known_certificates:
    description:
      - File with an address and the SHA-256 of its certificate a line. C(reversibility certificates scan) writes it.
    type: path
    vars:
      - name: ansible_winrm_known_certificates
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.connection import winrm
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from requests.adapters import HTTPAdapter
    from requests.exceptions import SSLError
except ImportError:  # Ansible's plugin says so when it connects
    HTTPAdapter = object
    SSLError = OSError

try:
    from reversibility.errors import CartableError
    from reversibility.market.known_certificates import Endpoint, read
    from reversibility.operations.certificates.pc_certificates import shown_by
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

ERROR_BUSY = 170
FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 8.0
MISMATCH = "Fingerprints did not match"  # urllib3's words
IMPOSTOR = "the certificate is not the one that is known of this PC (ansible_winrm_certificate_fingerprint, known_certificates): {}"
UNKNOWN = (
    "the certificate of {} is not known, so nothing is sent there: anybody could have answered. Compare it with the PC's screen and note it: "
    "reversibility certificates scan -i <market> <asset> --add"
)


class OneCertificate(HTTPAdapter):
    """Connections of a session, to a server with this fingerprint alone."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, assert_fingerprint=self._fingerprint, **kwargs)


@contextmanager
def comparing_protocols(fingerprint: str) -> Iterator[None]:
    """Let Ansible's plugin, which makes its Protocol by itself, make one that compares certificates before its first message."""
    original = winrm.Protocol

    def make(*args: Any, **kwargs: Any) -> Any:
        protocol = original(*args, **kwargs)
        transport = protocol.transport
        # With "always", the session would log in while it is built.
        wanted, transport.message_encryption = transport.message_encryption, "never"
        session = transport.build_session()
        session.mount("https://", OneCertificate(fingerprint))
        transport.message_encryption = wanted
        if wanted == "always":
            transport.setup_encryption(session)
        return protocol

    winrm.Protocol = make
    try:
        yield
    finally:
        winrm.Protocol = original


class Connection(winrm.Connection):
    """Ansible's connection, but for the answer "busy" and for a certificate that is known by its fingerprint."""

    def _winrm_connect(self) -> Any:
        fingerprint = self._known_fingerprint()
        if not fingerprint:
            return super()._winrm_connect()
        try:
            with comparing_protocols(fingerprint):
                return super()._winrm_connect()
        except AnsibleConnectionFailure as error:
            if MISMATCH in str(error):
                raise AnsibleConnectionFailure(IMPOSTOR.format(error)) from error
            raise

    def _known_fingerprint(self) -> str:
        """Fingerprint that the PC must show; '' when an authority's signature or message encryption proves who it is."""
        given: str = self.get_option("certificate_fingerprint") or ""
        ignored = self._winrm_kwargs.get("server_cert_validation") == "ignore"
        if given or not ignored or self._winrm_scheme != "https":
            return given
        need_package(MISSING, AnsibleError)
        endpoint = Endpoint(self._winrm_host, self._winrm_port)
        path = self.get_option("known_certificates")
        try:
            known = sorted(read(Path(path)).get(str(endpoint), ())) if path else []
        except CartableError as error:
            raise AnsibleConnectionFailure(str(error)) from error
        if not known:
            raise AnsibleConnectionFailure(UNKNOWN.format(endpoint))
        if len(known) == 1:
            return known[0]
        [shown] = shown_by(
            [endpoint]
        )  # while a certificate is being replaced: the session compares the one that is there
        return shown.fingerprint if shown.fingerprint in known else known[0]

    def _winrm_exec(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super()._winrm_exec(*args, **kwargs)
        except SSLError as error:
            self.protocol = self.shell_id = None  # another machine than that of the login
            raise AnsibleConnectionFailure(IMPOSTOR.format(error)) from error

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
