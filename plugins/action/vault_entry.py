# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates and rotates the password of an account in the market's vault, on the controller."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.package import need_package

try:
    from reversibility.errors import CartableError
    from reversibility.records import session
    from reversibility.records.password_policy import policy_named
    from reversibility.records.vault_entry import INSTALLATION
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

ARGUMENTS = {
    "account": {"type": "str", "required": True},
    "username": {"type": "str"},
    "policy": {"type": "str", "choices": ["administrator", "readable", "user"], "default": "user"},
    "address": {"type": "str"},
    "shared": {"type": "bool", "default": False},
    "state": {
        "type": "str",
        "choices": ["prepared", "current", "installation", "installed", "absent"],
        "default": "prepared",
    },
    "rotate": {"type": "raw", "default": False},
}

LENGTHS = {"administrator": "security_password_administrator_length"}


class ActionModule(ActionBase):
    """The action ``cartable.fleet.vault_entry``; see the module of the same name for its documentation."""

    _requires_connection = False
    _supports_check_mode = True
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        """Bring the entry into the wanted state and return its attributes, without secrets."""
        super().run(tmp, task_vars)
        need_package(MISSING, AnsibleActionFail)
        variables = task_vars or {}
        _validation, args = self.validate_argument_spec(argument_spec=ARGUMENTS)
        try:
            self._vault = session.opened_vault(session.vault_of(identity.market_folder()))
            self._account = args["account"]
            self._length = self._asked_length(args["policy"], variables)
            self._site = identity.host_site()
            self._asset = self._site if args["shared"] else identity.host_name()
            before = self._entry()
            change = getattr(self, f"_{args['state']}")
            change(self._described(args, variables), _rotates(args["rotate"], self._account), before)
            return self._answer(args["state"], before)
        except (CartableError, identity.NoIdentity) as error:
            raise AnsibleActionFail(str(error)) from error

    def _described(self, args, variables):
        """Attributes of the account, without its secret."""
        own = "" if args["shared"] else variables.get("ansible_host", "")
        address = args["address"] if args["address"] is not None else own
        return {
            "username": args["username"] or args["account"],
            "address": self._templar.template(address) or "",
            "policy": args["policy"],
        }

    def _asked_length(self, policy, variables):
        """Length that the market asks for (role security); 0 where it says nothing."""
        name = LENGTHS.get(policy, "security_password_length")
        return int(self._templar.template(variables.get(name)) or 0)

    def _entry(self):
        return self._vault.find(self._asset, self._account)

    @property
    def _place(self):
        return (self._site, self._asset, self._account)

    # ---- the states. Each stores the wanted entry in self._wanted in check mode, and writes otherwise.

    def _prepared(self, said, rotate, before):
        now_said = before and {
            "username": before.username,
            "address": before.address,
            "policy": before.policy,
        }
        needed = _needs_secret(before, rotate)
        self._changed = needed or now_said != said or before.site != self._site
        self._makes_secret = needed
        if not self._changed or self._task.check_mode:
            return
        policy = policy_named(said["policy"])
        with self._vault.transaction() as change:
            # Decided again under the lock: another run may have prepared it since.
            if _needs_secret(self._entry(), rotate):
                change.put_pending(
                    *self._place, password=policy.generate(self._length), expires=policy.expiry(), **said
                )
            else:
                change.describe(*self._place, **said)

    def _current(self, said, rotate, before):
        self._makes_secret = False
        self._changed = before is None or bool(before.pending) or not before.password
        if self._task.check_mode:
            return  # a real run would have prepared it in an earlier task
        if self._changed:
            with self._vault.transaction() as change:
                change.make_current(*self._place)

    def _installation(self, said, rotate, before):
        self._makes_secret = False
        self._changed = rotate or not self._vault.secret(self._asset, self._account, INSTALLATION)
        if self._changed and not self._task.check_mode:
            with self._vault.transaction() as change:
                change.put_secret(
                    *self._place, INSTALLATION, policy_named(said["policy"]).generate(self._length)
                )
                change.describe(*self._place, **said)

    def _installed(self, said, rotate, before):
        self._makes_secret = False
        secret = self._vault.secret(self._asset, self._account, INSTALLATION)
        self._changed = bool(secret)
        if not self._changed and (before is None or not before.password):
            raise AnsibleActionFail(
                f"The vault has no password of an installation for {self._asset}/{self._account}; run bootstrap.yml."
            )
        if self._changed and not self._task.check_mode:
            expires = policy_named(said["policy"]).expiry()
            with self._vault.transaction() as change:
                change.put_current(*self._place, password=secret, expires=expires, **said)
                change.remove_secret(*self._place, INSTALLATION)

    def _absent(self, said, rotate, before):
        self._makes_secret = False
        self._changed = before is not None
        if self._changed and not self._task.check_mode:
            with self._vault.transaction() as change:
                change.remove(*self._place)

    # ---- results

    def _answer(self, state, before):
        """The result, from the vault as it is now, or as it would be in check mode."""
        after = self._entry()
        result = {
            "changed": self._changed,
            "pending": bool(after and after.pending),
            "current": bool(after and after.password),
            "former": after is not None and self._vault.former(self._asset, self._account) is not None,
            "revision": after.wanted_revision if after else before.revision if before else "",
            "expires": _expiry_text(after),
        }
        if self._task.check_mode and self._changed:
            result.update(self._foreseen(state, result))
        result["diff"] = {"before": _told(before), "after": _told(after)}
        if self._task.check_mode and self._changed:
            result["diff"]["after"] = {
                **result["diff"]["before"],
                "site": self._site,
                "entry": f"{self._asset}/{self._account}",
                **{name: result[name] for name in ("pending", "current")},
                "state": state,
            }
        return result

    def _foreseen(self, state, result):
        """The predictable part of a real run's result."""
        if state == "absent":
            return {"pending": False, "current": False, "expires": ""}
        if state in ("current", "installed"):
            return {"pending": False, "current": True}
        return {"pending": True, "revision": "", "expires": ""} if self._makes_secret else {}


def _rotates(rotate, account):
    """Whether ``rotate`` (true, false or a list of accounts) applies to ``account``."""
    if isinstance(rotate, (list, tuple)):
        return account in rotate
    try:
        return boolean(rotate)
    except TypeError as error:
        raise AnsibleActionFail(f"rotate is true, false or a list of accounts, not {rotate!r}.") from error


def _needs_secret(entry, rotate):
    """Whether to make a new secret. A pending one is kept, since the device may have it already."""
    if entry is not None and entry.pending:
        return False
    return entry is None or not entry.password or rotate or entry.expired()


def _expiry_text(entry):
    """Expiry of the pending secret, else of the current one."""
    when = entry and ((entry.pending_expires if entry.pending else None) or entry.expires)
    return when.isoformat() if when else ""


def _told(entry):
    """An entry for a diff, without its secrets."""
    if entry is None:
        return {}
    return {
        "site": entry.site,
        "entry": entry.title,
        "username": entry.username,
        "address": entry.address,
        "policy": entry.policy,
        "pending": bool(entry.pending),
        "current": bool(entry.password),
        "revision": entry.wanted_revision,
        "expires": _expiry_text(entry),
    }
