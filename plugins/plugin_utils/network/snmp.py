# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SNMPv3 requests (RFC 3414): whether a device answers the controller at all, and whether it accepts a user's keys."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import DeviceError

PORT = 161
SECONDS = 2.0  # for an answer
TRIES = 2
# A get request without user, keys and engine; an agent answers it with the identifier of its engine (RFC 3414, section 4).
DISCOVERY = bytes.fromhex(
    "303a020103300f02020a0d020300ffe3040104020103"  # version 3, message 2573 of up to 65507 bytes, reportable, USM
    "0410300e0400020100020100040004000400"
    "301204000400a00c02020a0d0201000201003000"
)
SYS_NAME = "1.3.6.1.2.1.1.5.0"


def answers(host: str, port: int = PORT) -> bool:
    """Whether an SNMPv3 agent answers this machine: a request that needs no user."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(SECONDS)
        for _ in range(TRIES):
            with contextlib.suppress(OSError):  # no answer in time, or nothing listens
                asked.connect((host, port))
                asked.send(DISCOVERY)
                if asked.recv(2048):
                    return True
    return False


def refusal(host: str, user: str, auth: str, priv: str, port: int = PORT) -> str:
    """Why an agent does not answer a user's request (authPriv: HMAC-SHA-96 and AES-128); '' where it does."""
    return asyncio.run(_refusal(host, port, user, auth, priv))


async def _refusal(host: str, port: int, user: str, auth: str, priv: str) -> str:
    try:
        from pysnmp.hlapi.v3arch import asyncio as snmp  # 0.4 s, which most runs do not need
    except ImportError:
        raise DeviceError("pysnmp is missing on the controller; scripts/setup installs it.") from None
    engine = snmp.SnmpEngine()
    transport = snmp.Udp6TransportTarget if ":" in host else snmp.UdpTransportTarget
    try:
        error, status, _, _ = await snmp.get_cmd(
            engine,
            snmp.UsmUserData(
                user,
                authKey=auth,
                privKey=priv,
                authProtocol=snmp.USM_AUTH_HMAC96_SHA,
                privProtocol=snmp.USM_PRIV_CFB128_AES,
            ),
            await transport.create((host, port), timeout=SECONDS, retries=TRIES - 1),
            snmp.ContextData(),
            snmp.ObjectType(snmp.ObjectIdentity(SYS_NAME)),
            lookupMib=False,
        )
    finally:
        engine.close_dispatcher()
    return str(error or (status.prettyPrint() if status else ""))
