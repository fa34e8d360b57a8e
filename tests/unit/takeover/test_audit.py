"""The audit of a take-over: what differs from what was handed over, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from reversibility.operations.takeover.audit import Finding, Seen, audit, public_keys

OURS = "ssh-ed25519 AAAAours"
BEFORE = Seen(
    accounts=({"login": "cartable", "uid": 1000, "administrator": True, "declared": True},),
    services=({"name": "ssh", "startup": "enabled"}, {"name": "cups", "startup": "disabled"}),
    ports=({"protocol": "tcp", "port": 22, "process": "sshd"},),
    files={
        "/etc/sudoers": b"root ALL\n",
        "/etc/fstab": b"\n",
        "/home/cartable/.ssh/authorized_keys": f"{OURS} operators\n".encode(),
    },
)


def found(after: Seen, before: Seen = BEFORE) -> list[tuple[str, str, str, str]]:
    rows = audit("ecole", "UC1", before, after, frozenset({OURS}))
    assert all((row.site, row.asset) == ("ecole", "UC1") for row in rows)
    return [(row.subject, row.name, row.change, row.detail) for row in rows]


def test_what_is_as_it_was_handed_over_is_no_finding() -> None:
    assert found(BEFORE) == []


def test_what_an_intruder_leaves_is_found() -> None:
    assert BEFORE.files is not None
    after = Seen(
        accounts=(*BEFORE.accounts, {"login": "nuit", "uid": 0, "administrator": True, "declared": False}),
        services=({"name": "ssh", "startup": "enabled"}, {"name": "cups", "startup": "enabled"}),
        ports=({"protocol": "tcp", "port": 22}, {"protocol": "tcp", "port": 4444, "process": "nc"}),
        files={
            **BEFORE.files,
            "/etc/sudoers.d/nuit": b"nuit ALL\n",
            "/etc/cron.d/nuit": b"* * * * * root x\n",
            "/etc/systemd/system/nuit.service": b"[Service]\n",
            "/root/.ssh/authorized_keys": b'from="192.0.2.1" ssh-rsa AAAAtheirs porte de service\n',
            "/etc/fstab": b"# changed\n",
        },
    )
    assert found(after) == [
        ("account", "nuit", "added", "administrator"),
        ("file", "/etc/fstab", "changed", ""),
        ("job", "/etc/cron.d/nuit", "added", ""),
        ("job", "/etc/systemd/system/nuit.service", "added", ""),
        ("key", "/root/.ssh/authorized_keys", "foreign", "porte de service"),
        ("port", "tcp/4444", "added", "nc"),
        ("service", "cups", "changed", "enabled"),
        ("sudo", "/etc/sudoers.d/nuit", "added", ""),
    ]


def test_a_key_and_an_account_that_were_handed_over_and_nobody_declared_are_found() -> None:
    before = replace(
        BEFORE,
        accounts=({"login": "nuit", "uid": 1001, "declared": False},),
        files={"/home/nuit/.ssh/authorized_keys": b"ssh-ed25519 AAAAtheirs\n"},
    )
    assert found(before, before) == [
        ("account", "nuit", "foreign", ""),
        ("key", "/home/nuit/.ssh/authorized_keys", "foreign", "9 AAAAtheirs"),
    ]


def test_a_named_administrators_key_opens_that_persons_account_and_no_other() -> None:
    files = {
        f"/home/{name}/.ssh/authorized_keys": b"ssh-ed25519 AAAAalex alex\n" for name in ("alex", "alexis")
    }
    seen = replace(BEFORE, files=files)
    rows = audit("ecole", "UC1", seen, seen, frozenset({OURS}), {"alex": "ssh-ed25519 AAAAalex"})
    assert [(row.subject, row.name) for row in rows] == [("key", "/home/alexis/.ssh/authorized_keys")]


def test_rights_that_were_added_to_an_account_and_things_that_went_are_found() -> None:
    after = replace(
        BEFORE,
        accounts=({**BEFORE.accounts[0], "administrator": False},),
        services=({"name": "cups", "startup": "disabled"},),
        ports=(),
        files={"/etc/sudoers": b"root ALL\n"},
    )
    assert found(after) == [
        ("account", "cartable", "changed", "administrator"),
        ("file", "/etc/fstab", "removed", ""),
        ("port", "tcp/22", "removed", "sshd"),
        ("service", "ssh", "removed", ""),
    ]


def test_a_machine_that_did_not_answer_is_said_to_be_unread() -> None:
    assert audit("ecole", "UC1", BEFORE, replace(BEFORE, read=False), frozenset()) == [
        Finding("ecole", "UC1", "asset", "", "unread")
    ]


def test_public_keys_are_read_whatever_stands_before_them() -> None:
    lines = (
        "# a note",
        "",
        "ssh-ed25519 AAAA1 un",
        'command="ls -l",no-pty ssh-rsa AAAA2 deux mots',
        "sk-ssh-ed25519@openssh.com AAAA3",
    )
    assert list(public_keys("\n".join(lines))) == [
        ("ssh-ed25519 AAAA1", "un"),
        ("ssh-rsa AAAA2", "deux mots"),
        ("sk-ssh-ed25519@openssh.com AAAA3", ""),
    ]
