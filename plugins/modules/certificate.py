#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate
short_description: Gives an asset a certificate of the market's authority
version_added: "0.1.0"
description:
  - Issues a certificate if the asset has none, or if its certificate expires soon, is revoked, or differs from the
    wanted one.
  - The first certificate creates the authority. Its private key is in the vault and never leaves the controller.
  - Common name, names and purpose come from the task. Only the key of the request is used.
  - The record C(issued-certificates.json) of the asset lists each certificate. C(reversibility certificates revoke)
    revokes it.
  - This is an action plugin. It needs no connection to the asset.
author:
  - Cartable contributors (@cartable)
options:
  request:
    description: Certificate request (PKCS 10, PEM), as M(cartable.fleet.certificate_request) gives it. May be empty in check mode only.
    type: str
    required: true
  current:
    description: The certificate that the asset has (PEM); empty for none.
    type: str
    default: ''
  common_name:
    description: Common name of the certificate.
    type: str
    required: true
  names:
    description: DNS names and IP addresses of the server.
    type: list
    elements: str
    default: []
  purpose:
    description: What the certificate is for. V(peer) is both a client and a server.
    type: str
    choices: [client, server, peer]
    default: client
  days:
    description: Validity of a new certificate in days.
    type: int
    default: 365
  renew_days:
    description: Days before its expiry from which a certificate is renewed.
    type: int
    default: 90
  issuer:
    description:
      - Who issues it. With V(external) the request is kept for whoever orders the certificate
        (C(reversibility certificates request)), and what was delivered (C(reversibility certificates import)) is returned.
    type: str
    choices: [market, external]
    default: market
  name:
    description: Name of the order. Required with an external issuer.
    type: str
    default: ''
attributes:
  check_mode:
    description: Says whether it would issue one, and why. Issues nothing and makes no authority.
    support: full
  diff_mode:
    description: Shows why a certificate is issued.
    support: full
"""

EXAMPLES = r"""
- name: Have a certificate for 802.1X
  cartable.fleet.certificate:
    request: "{{ requested.request }}"
    current: "{{ requested.certificate }}"
    common_name: "{{ inventory_hostname }}"
    purpose: client
  register: given
"""

RETURN = r"""
certificate:
  description: The certificate that the asset should have (PEM). Empty in check mode if a new one would be issued.
  returned: always
  type: str
authority:
  description: The certificate of the authority (PEM). Empty in check mode before there is one.
  returned: always
  type: str
revocations:
  description: The revocation list in force (PEM). Empty in check mode before there is an authority.
  returned: always
  type: str
reason:
  description: Why a certificate was issued; empty when none was.
  returned: always
  type: str
  sample: it ends on 2027-02-11
"""
