"""The vars plugin, the lookup and the action in real runs of ansible-playbook against a tiny market."""

from __future__ import annotations

import os

import pytest

from tests.unit.vault.tiny_market import TinyMarket

pytestmark = pytest.mark.playbook

HOSTS = ("UC250001", "UC250002", "NA250001")

PREPARE = """
    - name: Prepare
      cartable.fleet.vault_entry: {account: cartable, policy: administrator, address: 198.51.100.9}
      register: prepared
"""


def test_prepared_then_current_in_workers_with_one_opening(tiny: TinyMarket) -> None:
    result = tiny.run(
        PREPARE
        + """
    - name: A pending secret is what the lookup gives while there is no current one
      ansible.builtin.assert:
        that:
          - prepared is changed
          - prepared.pending and not prepared.current
          - lookup('cartable.fleet.vault', 'cartable') | length == 24
          - lookup('cartable.fleet.vault', 'cartable') == lookup('cartable.fleet.vault', 'cartable', pending=true)
          - lookup('cartable.fleet.vault', inventory_hostname ~ '/cartable') ==
            lookup('cartable.fleet.vault', 'cartable')
          - lookup('cartable.fleet.vault', 'NA250001/cartable', other_asset=true) | length == 24
    - name: Logged in
      cartable.fleet.vault_entry: {account: cartable, policy: administrator, state: current}
      register: current
    - name: The same revision, now current
      ansible.builtin.assert:
        that:
          - current is changed
          - current.current and not current.pending
          - current.revision == prepared.revision
          - current.expires == prepared.expires
    - name: Again
      cartable.fleet.vault_entry: {account: cartable, policy: administrator, address: 198.51.100.9}
      register: again
    - name: Again current
      cartable.fleet.vault_entry: {account: cartable, policy: administrator, state: current}
      register: again_current
    - name: Nothing changes
      ansible.builtin.assert:
        that:
          - again is not changed and again_current is not changed
          - again.revision == prepared.revision and not again.pending
    - name: A rotation keeps the current secret
      cartable.fleet.vault_entry: {account: cartable, policy: administrator, address: 198.51.100.9, rotate: true}
      register: rotated
    - name: Both are there
      ansible.builtin.assert:
        that:
          - rotated is changed and rotated.pending and rotated.current
          - rotated.revision != prepared.revision
          - lookup('cartable.fleet.vault', 'cartable') != lookup('cartable.fleet.vault', 'cartable', pending=true)
    - name: A cut run is taken up with the same pending secret
      cartable.fleet.vault_entry: {account: cartable, policy: administrator, address: 198.51.100.9, rotate: true}
      register: taken_up
    - name: The same
      ansible.builtin.assert:
        that:
          - taken_up is not changed and taken_up.pending
          - taken_up.revision == rotated.revision
""",
        "-vvv",
        "--diff",
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert tiny.asked == 1
    entries = tiny.opened().entries()
    assert {entry.asset for entry in entries} == set(HOSTS)
    for entry in entries:
        assert (entry.site, entry.username, entry.policy) == ("trois_platanes", "cartable", "administrator")
        assert entry.address == "198.51.100.9"
        assert entry.pending
        assert entry.password not in result.stdout + result.stderr
        assert entry.pending not in result.stdout + result.stderr
    assert tiny.passphrase not in result.stdout + result.stderr
    assert tiny.opened().age_identity() not in result.stdout + result.stderr


def test_passwords_are_as_long_as_the_market_asks(tiny: TinyMarket) -> None:
    result = tiny.run(
        """
    - name: Prepare
      cartable.fleet.vault_entry: {account: "{{ item }}", policy: "{{ item }}"}
      loop: [user, administrator]
    - name: Compare
      ansible.builtin.assert:
        that:
          - lookup('cartable.fleet.vault', 'user') | length == 19
          - lookup('cartable.fleet.vault', 'administrator') | length == 30
""",
        *("--limit", HOSTS[0]),
        *(
            "--extra-vars",
            '{"security_password_length": 15, "security_password_administrator_length": "{{ 15 * 2 }}"}',
        ),
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_rotation_of_some_accounts_and_the_former_password_of_each(tiny: TinyMarket) -> None:
    result = tiny.run(
        """
    - name: Prepare two
      cartable.fleet.vault_entry: {account: "{{ item }}", policy: user}
      loop: [eleve, enseignant]
    - name: Current
      cartable.fleet.vault_entry: {account: "{{ item }}", state: current}
      loop: [eleve, enseignant]
      register: first
    - name: Keep what opens
      ansible.builtin.set_fact:
        before: "{{ lookup('cartable.fleet.vault', 'eleve') }}"
      no_log: true
    - name: Rotate one of them
      cartable.fleet.vault_entry: {account: "{{ item }}", policy: user, rotate: [eleve]}
      loop: [eleve, enseignant]
      register: rotated
    - name: Current again
      cartable.fleet.vault_entry: {account: "{{ item }}", state: current}
      loop: [eleve, enseignant]
      register: second
    - name: Only that one is another
      ansible.builtin.assert:
        that:
          - first.results | map(attribute='former') == [false, false]
          - rotated.results | map(attribute='changed') == [true, false]
          - second.results | map(attribute='former') == [true, false]
          - lookup('cartable.fleet.vault', 'eleve', former=true) == before
          - lookup('cartable.fleet.vault', 'eleve') != before
          - lookup('cartable.fleet.vault', 'enseignant', former=true, missing='empty') == ''
    - name: There is no former one
      ansible.builtin.debug:
        msg: "{{ lookup('cartable.fleet.vault', 'enseignant', former=true) }}"
      ignore_errors: true
    - name: Not a list and not a truth
      cartable.fleet.vault_entry: {account: eleve, policy: user, rotate: eleve}
"""
    )
    assert result.returncode == 2
    assert "has no former password of UC250001/enseignant" in result.stdout + result.stderr
    assert "rotate is true, false or a list of accounts, not 'eleve'" in result.stdout + result.stderr
    for asset in HOSTS:
        vault = tiny.opened()
        former = vault.former(asset, "eleve")
        assert former and former not in result.stdout
        assert vault.former(asset, "enseignant") is None


def test_check_mode_writes_nothing_and_says_what_would_be(tiny: TinyMarket) -> None:
    before = {path: path.read_bytes() for path in tiny.vault.parent.iterdir()}
    result = tiny.run(
        PREPARE
        + """
    - name: Current
      cartable.fleet.vault_entry: {account: cartable, policy: administrator, state: current}
      register: current
    - name: What would be
      ansible.builtin.assert:
        that:
          - prepared is changed and prepared.pending and prepared.revision == ''
          - current is changed and current.current
          - lookup('cartable.fleet.vault', 'cartable') | length > 14
          - lookup('cartable.fleet.vault', 'cartable', missing='empty') == ''
""",
        "--check",
        "--diff",
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert '+    "entry": "UC250001/cartable"' in result.stdout
    assert {path: path.read_bytes() for path in tiny.vault.parent.iterdir()} == before


def test_a_removed_entry_and_what_lookups_say_of_a_missing_one(tiny: TinyMarket) -> None:
    result = tiny.run(
        PREPARE
        + """
    - name: Remove
      cartable.fleet.vault_entry: {account: cartable, state: absent}
      register: removed
    - name: Removed
      cartable.fleet.vault_entry: {account: cartable, state: absent}
      register: again
    - name: Gone
      ansible.builtin.assert:
        that:
          - removed is changed and again is not changed
          - lookup('cartable.fleet.vault', 'cartable', missing='empty') == ''
    - name: Fail
      ansible.builtin.debug:
        msg: "{{ lookup('cartable.fleet.vault', 'cartable') }}"
      ignore_errors: true  # what it says is asserted below, and the next task fails the run
    - name: Nothing to make current
      cartable.fleet.vault_entry: {account: cartable, state: current}
"""
    )
    assert result.returncode == 2
    assert (
        "has no password for UC250001/cartable; prepare it with cartable.fleet.vault_entry"
        in result.stdout + result.stderr
    )
    assert "There is no entry UC250001/cartable in the vault" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


LOOK_UP = """
    - name: Look up
      ansible.builtin.debug:
        msg: "{{ lookup('cartable.fleet.vault', 'cartable', missing='empty') | length }}"
"""


def test_a_vault_that_is_missing_is_said(tiny: TinyMarket) -> None:
    tiny.vault.unlink()
    result = tiny.run(PREPARE)
    assert result.returncode == 2
    assert "make it with `reversibility vault init -i DIR`" in result.stdout + result.stderr
    assert tiny.asked == 0


def test_a_wrong_passphrase_stops_the_run(tiny: TinyMarket) -> None:
    (tiny.root / "passphrase").write_text("not the one")
    result = tiny.run(PREPARE)
    assert result.returncode != 0
    assert "the passphrase (or the key file) is wrong" in result.stdout + result.stderr
    assert "not the one" not in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_without_a_way_to_the_passphrase_only_what_needs_it_fails(tiny: TinyMarket) -> None:
    config = tiny.root / "ansible.cfg"
    config.write_text(config.read_text().partition("[cartable]")[0])
    harmless = "    - name: Harmless\n      ansible.builtin.debug: {msg: fine}\n"
    assert tiny.run(harmless).returncode == 0
    result = tiny.run(LOOK_UP)
    assert result.returncode == 2
    assert "is not open; set vault_passphrase_command" in result.stdout + result.stderr


def test_the_passphrase_from_a_descriptor(tiny: TinyMarket) -> None:
    config = tiny.root / "ansible.cfg"
    config.write_text(config.read_text().partition("[cartable]")[0])
    (tiny.root / "play.yml").write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n{LOOK_UP}")
    reading, writing = os.pipe()
    os.write(writing, tiny.passphrase.encode())
    os.close(writing)
    tiny.environment["CARTABLE_VAULT_PASSPHRASE_FD"] = str(reading)
    result = tiny.ansible("playbook", "-i", "inventories/tiny", "play.yml", pass_fds=[reading])
    os.close(reading)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("inventory", ["-i", "inventories/tiny", "--list"]),
        ("playbook", ["-i", "inventories/tiny", "--syntax-check", "play.yml"]),
        ("playbook", ["-i", "inventories/tiny", "--list-hosts", "play.yml"]),
        ("playbook", ["-i", "inventories/tiny", "--list-tasks", "play.yml"]),
    ],
)
def test_programs_that_only_list_ask_for_nothing(tiny: TinyMarket, program: str, words: list[str]) -> None:
    (tiny.root / "play.yml").write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n{LOOK_UP}")
    result = tiny.ansible(program, *words)
    assert result.returncode == 0, result.stdout + result.stderr
    assert tiny.asked == 0


def test_a_host_without_a_site_is_said(tiny: TinyMarket) -> None:
    hosts = tiny.root / "inventories/tiny/hosts.yml"
    hosts.write_text(hosts.read_text().replace("site_trois_platanes", "trois_platanes"))
    result = tiny.run(PREPARE)
    assert result.returncode == 2
    assert "is on no site: it is in no group site_*" in result.stdout + result.stderr


RECOVERY_KEY = "-".join(f"{number * 11:06d}" for number in range(1001, 1009))
KEPT_AS = "account: cartable, name: 'BitLocker C: 1', format: bitlocker_recovery_key"
KEEP = f"cartable.fleet.vault_secret: {{{KEPT_AS}, value: '%s'}}"


def test_a_recovery_key_is_kept_once_and_a_wrong_one_is_not(tiny: TinyMarket) -> None:
    kept, wrong = KEEP % RECOVERY_KEY, KEEP % RECOVERY_KEY.replace("011011", "011012", 1)
    tasks = f"""
    - {PREPARE.strip().removeprefix("- ")}
    - {{name: Check, {kept}, check_mode: true, register: checked}}
    - {{name: Keep, {kept}, register: done}}
    - {{name: Again, {kept}, register: again}}
    - {{name: Wrong, {wrong}, register: wrong, ignore_errors: true}}
    - ansible.builtin.assert:
        that:
          - checked is changed and not checked.kept
          - done is changed and done.kept
          - again is not changed and again.kept
          - wrong is failed and 'no BitLocker recovery key' in wrong.msg
"""
    result = tiny.run(tasks, "--limit", "UC250001", "-vvv")
    assert result.returncode == 0, result.stdout + result.stderr
    assert tiny.opened().secret("UC250001", "cartable", "BitLocker C: 1") == RECOVERY_KEY
    assert RECOVERY_KEY not in result.stdout + result.stderr


def test_a_file_of_a_medium_is_written_once_for_its_owner_only(tiny: TinyMarket) -> None:
    target = tiny.root / "key" / "autounattend.xml"
    write = f"cartable.fleet.medium_file: {{dest: '{target}', content: 'canary-of-a-secret'}}"
    tasks = f"""
    - {{name: Check, {write}, check_mode: true, register: checked}}
    - {{name: Look, ansible.builtin.stat: {{path: '{target}'}}, register: looked}}
    - {{name: Write, {write}, register: done}}
    - {{name: Again, {write}, register: again}}
    - name: Relative
      cartable.fleet.medium_file: {{dest: key/x, content: x}}
      register: relative
      ignore_errors: true
    - ansible.builtin.assert:
        that:
          - checked is changed and not looked.stat.exists
          - done is changed and again is not changed
          - relative is failed and 'not absolute' in relative.msg
"""
    result = tiny.run(tasks, "--limit", "UC250001", "--diff", "-vvv")
    assert result.returncode == 0, result.stdout + result.stderr
    assert target.read_text() == "canary-of-a-secret"
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    assert "canary-of-a-secret" not in result.stdout + result.stderr
