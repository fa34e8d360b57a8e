"""A school that answers a take-over's playbooks: what the real ones leave in the vault and in the records."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reversibility.bundle.open import load_identity
from reversibility.bundle.takeover import arrival
from reversibility.bundle.takeover.context import Context
from reversibility.bundle.takeover.handed_over import handed_over
from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from reversibility.operations.takeover.progress import Progress
from reversibility.records.password_policy import POLICIES
from reversibility.records.revocations import CLOSED
from reversibility.records.state import State
from reversibility.records.vault import Entry, Vault
from tests.unit.bundle.market import Case, make_case
from tests.unit.contract.handover import CHEAP

NEW_PASSPHRASE = "une autre phrase pour le coffre du repreneur"


@dataclass
class School:
    """Stands in for ``Playbooks``. Machines in ``off`` do not answer; ``stubborn`` ones let former secrets in.

    Of the accounts (asset, account) in ``closes``, the person's access is over: a rotation closes them."""

    paths: MarketPaths
    vault: Vault
    off: set[str] = field(default_factory=set)
    stubborn: set[str] = field(default_factory=set)
    closes: set[tuple[str, str]] = field(default_factory=set)
    runs: list[str] = field(default_factory=list)
    interrupt: Callable[[str], None] = lambda moment: None
    changes: dict[str, int] = field(default_factory=dict)

    def run(
        self,
        playbook: str,
        variables: Mapping[str, Any] | None = None,
        *,
        tags: Sequence[str] = (),
        limit: Sequence[str] = (),
    ) -> int:
        """Do what a playbook does, to every machine that answers."""
        name = tags[0] if tags else playbook
        self.interrupt(f"before {name}")
        given = variables or {}
        for asset in load_market(self.paths.inventory).assets.values():
            if asset.managed and asset.tag not in self.off and (not limit or asset.tag in limit):
                getattr(self, f"_{name.removesuffix('.yml')}")(asset.site, asset.tag, given)
        self.runs.append(name)
        self.interrupt(f"after {name}")
        return 0

    @property
    def state(self) -> State:
        return State(self.paths.state)

    def _observe(self, site: str, tag: str, _: Mapping[str, Any]) -> None:
        self.state.note_seen(site, tag, datetime.now(UTC), True)

    def _rotate(self, site: str, tag: str, given: Mapping[str, Any]) -> None:
        for entry in self.vault.entries():
            if (tag, entry.account) in self.closes:
                self._close(site, tag, entry)
            elif entry.asset == tag and entry.revision in given["rotate_revisions"]:
                policy = POLICIES[entry.policy]
                with self.vault.transaction() as change:
                    change.put_pending(
                        site, tag, entry.account, username=entry.username, password=policy.generate(),
                        policy=entry.policy, expires=policy.expiry(datetime.now(UTC)),
                    )  # fmt: skip
                    change.make_current(site, tag, entry.account)
                self.changes[entry.title] = self.changes.get(entry.title, 0) + 1

    def _close(self, site: str, tag: str, entry: Entry) -> None:
        revoked = [{"name": entry.account, "mark": entry.revision, "result": "refused"}]
        self.state.write(site, tag, CLOSED, {"credential": "passwords", "revoked": revoked})
        with self.vault.transaction() as change:
            change.remove(site, tag, entry.account)

    def _passwords(self, site: str, tag: str, given: Mapping[str, Any]) -> None:
        rows = given["takeover_former"].get(tag, [])
        for row in rows:
            assert self.vault.former(tag, row["name"], row["mark"]), (
                "the former password is there to be tried"
            )
        self._refused(site, tag, "passwords", rows)

    def _operator_key(self, site: str, tag: str, given: Mapping[str, Any]) -> None:
        assert Path(given["takeover_new_key"]).is_file() and Path(given["takeover_former_key"]).is_file()
        self._refused(
            site, tag, "operator-key", [{"name": "cartable", "mark": given["takeover_former_fingerprint"]}]
        )

    def _host_keys(self, site: str, tag: str, given: Mapping[str, Any]) -> None:
        address = load_market(self.paths.inventory).assets[tag].address
        lines = self.paths.known_hosts.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.split()[0] != address]
        self.paths.known_hosts.write_text("\n".join([*kept, f"{address} ssh-ed25519 AAAA{tag}", ""]))
        self._refused(
            site, tag, "host-keys", [{"name": "ssh", "mark": m} for m in given["takeover_former_lines"]]
        )

    def _refused(self, site: str, tag: str, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if tag not in self.stubborn:
            revoked = [{**row, "method": "ssh", "result": "refused"} for row in rows]
            self.state.write(site, tag, f"revoked-{name}.json", {"credential": name, "revoked": revoked})


@dataclass
class Successor:
    """A controller that has nothing but the bundle, two holders' keys and the project."""

    case: Case
    bundle: Path
    fingerprint: str
    paths: MarketPaths

    def begin(self) -> tuple[Context, School]:
        """Open the bundle, as often as the command is typed; the take-over goes on from where it is."""
        keys = [
            self.case.paths.data / self.case.market.contract["holders"][group][0]["recipient_file"]
            for group in "ab"
        ]
        identities = [one for key in keys for one in load_identity(key.with_suffix(".key"))]
        vault = arrival.bring_vault(
            self.bundle, self.paths, lambda: identities, NEW_PASSPHRASE, None, cost=CHEAP
        )
        arrival.bring_records(self.bundle, self.paths)
        arrival.bring_public_keys(self.bundle, self.paths)
        state = State.create(self.paths.state)
        arrival.bring_volatile(self.bundle, state, vault.age_identity())
        progress = Progress.read(self.paths.state)
        if progress is None:
            known = handed_over(self.bundle, vault, state, self.fingerprint)
            progress = Progress.begin(self.paths.state, self.bundle.name, known, datetime.now(UTC))
        school = School(self.paths, vault)
        context = Context(
            bundle=self.bundle,
            paths=self.paths,
            vault=vault,
            state=state,
            progress=progress,
            playbooks=school,
            cost=CHEAP,
        )
        return context, school

    def declare(self) -> None:
        """Take the outgoing contractor out of the holders, and give its people's access an end, as the step asks."""
        file = self.paths.inventory / "contract.yml"
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if "Entreprise Exemple, party: contractor, recipient_file" not in line]
        assert len(kept) < len(lines)
        text = "".join(kept)
        assert "account: aexemple, ssh_key_file" in text
        ended = text.replace("account: aexemple,", "account: aexemple, until: 2026-01-31,")
        file.write_text(ended, encoding="utf-8")


def make_successor(root: Path) -> Successor:
    """Build a bundle of the demonstration's market, and the place of somebody who has only that."""
    case = make_case(root / "outgoing")
    built = case.build()
    project = root / "successor"
    shutil.copytree(case.project, project, ignore=shutil.ignore_patterns("var"))
    bundle = root / built.path.name
    shutil.copytree(built.path, bundle)
    paths = MarketPaths("demo", project / "inventories" / "demo", project / "var" / "demo")
    return Successor(case, bundle, built.seal.fingerprint, paths)
