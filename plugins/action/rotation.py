# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selection of passwords to rotate, and check that each was rotated; on the controller, once a play."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.market.people import people
    from reversibility.market.variables import loaded
    from reversibility.operations.rotation import Selection, check_selection, due, not_rotated
    from reversibility.records import session
    from reversibility.records.journals import record
    from reversibility.records.origin import origin
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

WORDS = {"type": "list", "elements": "str", "default": []}
ARGUMENTS = {
    "step": {"type": "str", "choices": ["select", "verify"], "default": "select"},
    "hosts": WORDS,
    "sites": WORDS,
    "kinds": WORDS,
    "accounts": WORDS,
    "revisions": WORDS,
    "older_than": {"type": "int"},
    "reason": {"type": "str", "default": ""},
    "selected": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):
    """The action ``cartable.fleet.rotation``; see the module of the same name for its documentation."""

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """Select, or verify; reaches no host."""
        super().run(tmp, task_vars)
        need_package(MISSING, AnsibleActionFail)
        _validation, args = self.validate_argument_spec(argument_spec=ARGUMENTS)
        try:
            folder = identity.market_folder()
            known = loaded(folder)
            if known is None or known.market is None:
                raise CartableError(f"{folder} has errors; 'reversibility check -i {folder}' lists them.")
            entries = session.opened_vault(session.vault_of(folder)).entries()
            if args["step"] == "verify":
                return self._verify(args, entries, known.market)
            return self._select(args, known, entries)
        except (CartableError, identity.NoIdentity) as error:
            raise AnsibleActionFail(str(error)) from error

    def _select(self, args, known, entries):
        chosen = Selection(
            *(frozenset(args[name]) for name in ("sites", "kinds", "accounts")),
            older_than=args["older_than"],
            reason=args["reason"].strip(),
            revisions=frozenset(args["revisions"]),
        )
        check_selection(chosen, known.market, entries)
        selected = due(chosen, known.market, args["hosts"], entries, datetime.now(UTC))
        told = list(
            dict.fromkeys(
                f"{each.owner}/{each.account}: {each.why}" for found in selected.values() for each in found
            )
        )
        if chosen.reason and told and not self._task.check_mode:
            record(
                known.paths.journal,
                {
                    "event": "rotation",
                    "detail": chosen.reason,
                    "accounts": [line.partition(": ")[0] for line in told],
                    "market": known.paths.market,
                    **origin(known.paths.inventory),
                },
            )
        plain = {tag: [dataclasses.asdict(each) for each in found] for tag, found in selected.items()}
        return {"changed": False, "selected": plain, "told": told}

    def _verify(self, args, entries, market):
        today = datetime.now(UTC).date()
        closed = {each.account for each in people(market.contract) if each.has_ended(today)}
        left = not_rotated(args["selected"], entries, closed)
        result = {"changed": False, "left": left}
        if not left:
            return result
        return {
            **result,
            "failed": True,
            "msg": f"These passwords were selected and are still the former ones: {', '.join(left)}. Either the run failed on the asset (see "
            "above, and run again), or no role of playbooks/tasks/rotate.yml sets this secret: change it by hand, in the vault too.",
        }
