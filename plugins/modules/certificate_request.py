#!/usr/bin/python
# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: private key of a certificate, and the request for it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_request
short_description: Makes the private key of a certificate on the asset, and a request for it
version_added: "0.1.0"
description:
  - Makes a private key (elliptic curve P-256, PKCS 8) where there is none, with C(openssl). The key never leaves the asset.
  - Returns a certificate request (PKCS 10), signed with the key, for M(cartable.fleet.certificate). The market's
    authority takes the names from the inventory; only an external one needs them in the request.
  - Never replaces a key. To get a new key and certificate, remove the file and run again.
options:
  path:
    description: File of the private key.
    type: path
    required: true
  certificate:
    description: File of the certificate that belongs to the key. Its content is returned.
    type: path
    required: true
  subject:
    description: Distinguished name of the request, as C(openssl req -subj) takes it.
    type: str
    default: /CN=request
  names:
    description: DNS names and IP addresses to ask for.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - ansible.builtin.files
attributes:
  check_mode:
    support: full
    description: Makes nothing. Without a key there is no request.
author:
  - Cartable contributors (@cartable)
"""

EXAMPLES = r"""
- name: Have a key for 802.1X
  cartable.fleet.certificate_request:
    path: /etc/ssl/cartable/pc.key
    certificate: /etc/ssl/cartable/pc.crt
    owner: root
    group: root
    mode: "0600"
  register: requested
"""

RETURN = r"""
request:
  description: The request (PEM). Empty in check mode when there is no key yet.
  returned: always
  type: str
certificate:
  description: The present certificate (PEM); empty if there is none.
  returned: always
  type: str
"""

import ipaddress
import os
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

GENERATE = ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
REQUEST = ("req", "-new", "-batch", "-utf8")


def openssl(module, *arguments):
    """Output of openssl. It may be a private key, so no message contains it."""
    program = module.get_bin_path("openssl", required=True)
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        module.fail_json(
            msg=f"openssl {arguments[0]} failed for {module.params['path']}: {done.stderr.strip()[-300:]}"
        )
    return done.stdout


def general_name(name):
    """A DNS name or an address as OpenSSL's configuration writes it."""
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def write_key(path, pem):
    """Write the key to a temporary file with mode 0600, and rename it."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(pem)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.rename(path)


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "certificate": {"type": "path", "required": True},
            "subject": {"type": "str", "default": "/CN=request"},
            "names": {"type": "list", "elements": "str", "default": []},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    )
    path, certificate = Path(module.params["path"]), Path(module.params["certificate"])
    made = not path.exists()
    result = {"changed": made, "request": "", "certificate": ""}
    if certificate.is_file():
        result["certificate"] = certificate.read_text(errors="replace")
    if made and module.check_mode:
        module.exit_json(**result)
    if made:
        try:
            write_key(path, openssl(module, *GENERATE))
        except OSError as error:
            module.fail_json(msg=f"The key {path} cannot be written: {error.strerror}.")
    asked = ["-subj", module.params["subject"]]
    if module.params["names"]:
        asked += ["-addext", f"subjectAltName={','.join(map(general_name, module.params['names']))}"]
    result["request"] = openssl(module, *REQUEST, *asked, "-key", str(path))
    attributes = module.load_file_common_arguments(module.params, path=str(path))
    result["changed"] = module.set_fs_attributes_if_different(attributes, result["changed"])
    module.exit_json(**result)


if __name__ == "__main__":
    main()
