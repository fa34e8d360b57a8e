# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the bundle of a market, once, on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.bundle import passphrase_sheets
    from reversibility.bundle.build import SIGNING_KEY, build
    from reversibility.bundle.dual_control import load_holders
    from reversibility.bundle.signature import fingerprint_of, public_key
    from reversibility.errors import CartableError
    from reversibility.market.load import load_market
    from reversibility.market.paths import MarketPaths
    from reversibility.records import session
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None


class ActionModule(ActionBase):
    """The action ``cartable.fleet.handover``; see the module of the same name for its documentation."""

    TRANSFERS_FILES = False
    BYPASS_HOST_LOOP = True  # once a play, whatever its hosts
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Build, or in check mode say that it could be done; no secret is in the result."""
        super().run(tmp, task_vars)
        _, args = self.validate_argument_spec(
            argument_spec={
                "market": {"type": "path", "required": True},
                "output": {"type": "path"},
                "signing_key": {"type": "path"},
            }
        )
        need_package(MISSING, AnsibleActionFail)
        try:
            return self._hand_over(args)
        except CartableError as error:
            raise AnsibleActionFail(str(error)) from error

    def _hand_over(self, args: Mapping[str, Any]) -> dict[str, Any]:
        paths = MarketPaths.for_inventory(Path(args["market"]))
        market = load_market(paths.inventory)
        holders = load_holders(market.contract, paths.data)
        if passphrase_sheets.without_key(holders):
            # A worker has no terminal of its own, and a result goes to logs and to the journal.
            raise CartableError(
                f"{', '.join(passphrase_sheets.without_key(holders))} holds a passphrase that is shown once, which a playbook "
                f"cannot do; run `reversibility build -i {paths.inventory}` on a terminal, or with --sheets-to and a "
                "command that prints."
            )
        signing_key = Path(args["signing_key"]) if args["signing_key"] else paths.keys / SIGNING_KEY
        fingerprint = fingerprint_of(public_key(signing_key))
        vault = session.opened_vault(paths.vault)
        output = Path(args["output"]) if args["output"] else paths.bundles
        if self._task.check_mode:
            said = f"A bundle of {market.name} can be built in {output}."
            return {"changed": True, "msg": said, "fingerprint": fingerprint}
        display = Display()
        built = build(
            market,
            paths,
            vault,
            output=output,
            signing_key=signing_key,
            holders=holders,
            progress=lambda text: display.vv(f"handover: {text}"),
        )
        for finding in built.findings:
            display.warning(f"handover: {finding}")
        return {
            "changed": True,
            "bundle": str(built.path),
            "completeness": built.completeness,
            "counts": built.assessment.counts(),
            "fingerprint": built.seal.fingerprint,
            "files": built.seal.files,
            "size": built.seal.size,
            "findings": list(built.findings),
        }
