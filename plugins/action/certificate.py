# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Issues certificates of the market's authority, on the controller."""

from __future__ import annotations

from datetime import UTC, datetime

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.market.paths import MarketPaths
    from reversibility.market.variables import loaded
    from reversibility.operations.certificates import issuing
    from reversibility.operations.certificates.authority import Wanted
    from reversibility.operations.certificates.external import Orders
    from reversibility.records import session
    from reversibility.records.state import State
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

ARGUMENTS = {
    "request": {"type": "str", "required": True},
    "current": {"type": "str", "default": ""},
    "common_name": {"type": "str", "required": True},
    "names": {"type": "list", "elements": "str", "default": []},
    "purpose": {"type": "str", "choices": ["client", "server", "peer"], "default": "client"},
    "days": {"type": "int", "default": 365},
    "renew_days": {"type": "int", "default": 90},
    "issuer": {"type": "str", "choices": ["market", "external"], "default": "market"},
    "name": {"type": "str", "default": ""},
}


class ActionModule(ActionBase):
    """The action ``cartable.fleet.certificate``; see the module of the same name for its documentation."""

    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """Issue a certificate where one is needed."""
        super().run(tmp, task_vars)
        need_package(MISSING, AnsibleActionFail)
        _validation, args = self.validate_argument_spec(
            argument_spec=ARGUMENTS, required_if=[("issuer", "external", ["name"])]
        )
        if args["renew_days"] >= args["days"]:
            raise AnsibleActionFail(
                f"renew_days ({args['renew_days']}) must be less than days ({args['days']}), or each run issues a certificate."
            )
        try:
            return self._delivered(args) if args["issuer"] == "external" else self._given(args)
        except (CartableError, identity.NoIdentity) as error:
            raise AnsibleActionFail(str(error)) from error

    def _delivered(self, args):
        """The certificate of an external authority; keeps the request for the person who orders it."""
        asset, site, folder = identity.host_name(), identity.host_site(), identity.market_folder()
        paths, check = MarketPaths.for_inventory(folder), self._task.check_mode
        state = State(paths.state) if check else State.create(paths.state)
        wanted = Wanted(args["common_name"], args["purpose"], tuple(args["names"]), args["days"])
        answer = Orders(state, site, asset).answer(
            args["name"], args["request"], wanted,
            now=datetime.now(UTC), renew_days=args["renew_days"], check=check,
        )  # fmt: skip
        certificate = answer.certificate or args["current"]
        result = {
            "changed": answer.asked_anew or certificate != args["current"],
            "reason": answer.waiting,
            "certificate": certificate,
            "authority": "",
            "revocations": "",
        }
        if answer.waiting:
            result["warnings"] = [f"{asset}, certificate {args['name']}: {answer.waiting}"]
        return result

    def _given(self, args):
        asset, site, folder = identity.host_name(), identity.host_site(), identity.market_folder()
        paths, now = MarketPaths.for_inventory(folder), datetime.now(UTC)
        vault = session.opened_vault(paths.vault)
        check = self._task.check_mode
        state = State(paths.state) if check else State.create(paths.state)
        market = loaded(folder)
        title = market.market.contract["contract"]["title"] if market and market.market else paths.market
        authority = (
            issuing.known_authority(vault) if check else issuing.made_authority(vault, state, title, now)
        )
        wanted = Wanted(args["common_name"], args["purpose"], tuple(args["names"]), args["days"])
        reason = issuing.why_new(
            authority,
            args["current"],
            args["request"],
            wanted,
            issuing.register(state, site, asset),
            now=now,
            renew_days=args["renew_days"],
        )
        result = {
            "changed": bool(reason),
            "reason": reason,
            "certificate": "" if reason else args["current"],
            "authority": authority.certificate_pem().decode() if authority else "",
            "revocations": "",
        }
        if reason:
            result["diff"] = {
                "prepared": f"a certificate for {wanted.common_name} is issued, since {reason}\n"
            }
        if reason and not check:
            result["certificate"] = issuing.issue(authority, state, site, asset, args["request"], wanted, now)
        if authority:
            kept = (state.read_authority(issuing.REVOCATIONS) or b"").decode()
            result["revocations"] = kept if check else issuing.revocations(authority, state, now)
        return result
