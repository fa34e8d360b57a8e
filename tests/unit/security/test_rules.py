"""Probes and comparison of the module security_rules, on files and answers of programs as Debian gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.module_utils.security.comparison import compare, to_do
from plugins.module_utils.security.probes import Probes
from tests.project import PROJECT

SSHD = "port 22\npermitrootlogin yes\nallowusers cartable\nallowusers aide\nhostkey /etc/ssh/a\nhostkey /etc/ssh/b\n"
RULESET = (
    '{"nftables": [{"table": {"family": "inet", "name": "cartable"}},'
    ' {"chain": {"table": "cartable", "name": "input", "hook": "input", "policy": "drop"}}]}'
)
SUDOERS = (
    '{"Defaults": [{"Options": [{"env_reset": true}, {"logfile": "/var/log/sudo.log"}, {"use_pty": false}]},'
    ' {"Binding": [{"username": "a"}], "Options": [{"ignore_dot": true}]}]}'
)


def machine(folder: Path, answers: dict[str, str] | None = None, **files: str) -> Probes:
    """A machine of these files (``etc__login`` is /etc/login) whose programs answer as given."""
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return Probes(str(folder), lambda command: (answers or {}).get(" ".join(command)))


def rule(probe: str, expected: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": "essai",
        "group": "g",
        "title": "t",
        "probe": probe,
        "expected": expected,
        "needs": [],
        **more,
    }


def state(probes: Probes, asked: dict[str, Any], **texts: str) -> tuple[str, str | None]:
    row = compare(asked, probes, texts, {})
    return row["state"], row.get("seen")


def test_sshd_is_read_as_it_runs(tmp_path: Path) -> None:
    probes = machine(tmp_path, {"sshd -T": SSHD})
    assert state(probes, rule("sshd", "no", key="PermitRootLogin")) == ("present", "yes")
    assert state(probes, rule("sshd", "cartable aide", key="AllowUsers")) == ("complies", "cartable aide")
    assert state(probes, rule("sshd", "/etc/ssh/a /etc/ssh/b", key="HostKey"))[0] == "complies"
    assert state(probes, rule("sshd", "x", key="Banner")) == ("missing", None)


def test_a_defaults_line_for_one_user_is_none_for_all(tmp_path: Path) -> None:
    probes = machine(tmp_path, {f"cvtsudoers -f json {tmp_path}/etc/sudoers": SUDOERS})
    assert state(probes, rule("sudo", "on", key="env_reset"))[0] == "complies"
    assert state(probes, rule("sudo", "on", key="use_pty")) == ("present", "off")
    assert state(probes, rule("sudo", "on", key="ignore_dot")) == ("missing", None)
    assert state(probes, rule("sudo", "/var/log/sudo.log", key="logfile"))[0] == "complies"


@pytest.mark.parametrize(
    ("expected", "seen", "kept"),
    [("0644", 0o600, True), ("0600", 0o644, False), ("0640", 0o640, True), ("0755", 0o4755, False)],
)
def test_fewer_rights_than_allowed_conform(tmp_path: Path, expected: str, seen: int, kept: bool) -> None:
    probes = machine(tmp_path, etc__shadow="")
    (tmp_path / "etc/shadow").chmod(seen)
    owners = probes.mode({"path": "/etc/shadow"}).rsplit(" ", 1)[0]  # type: ignore[union-attr]
    assert (state(probes, rule("mode", f"{owners} {expected}", path="/etc/shadow"))[0] == "complies") is kept


def test_a_file_that_is_not_there_conforms_only_where_it_may(tmp_path: Path) -> None:
    probes = machine(tmp_path)
    assert state(probes, rule("mode", "root:root 0600", path="/x", optional=True))[0] == "complies"
    assert state(probes, rule("mode", "root:root 0600", path="/x"))[0] == "missing"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("#UMASK 022\nUMASK\t\t077\n", "077"),
        ("UMASK 022\nUMASK 077", "077"),
        ("UMASKED 1\n", None),
        ("", None),
    ],
)
def test_the_last_setting_counts_and_comments_do_not(tmp_path: Path, text: str, seen: str | None) -> None:
    assert machine(tmp_path, etc__login=text).setting({"path": "/etc/login", "key": "UMASK"}) == seen


def test_settings_with_and_without_a_sign(tmp_path: Path) -> None:
    probes = machine(tmp_path, etc__f="deny = 10\nsilent\n# even_deny_root\n")
    assert [
        probes.setting({"path": "/etc/f", "key": key}) for key in ("deny", "silent", "even_deny_root")
    ] == ["10", "set", None]
    assert state(probes, rule("setting", "12", path="/etc/f", key="deny", compare="at_least"))[0] == "present"
    assert state(probes, rule("setting", "12", path="/etc/f", key="deny", compare="at_most"))[0] == "complies"


def test_an_unneeded_unit_conforms_when_there_is_none(tmp_path: Path) -> None:
    asked = rule("unit", "off", key="avahi-daemon.service")
    question = "systemctl is-enabled avahi-daemon.service"
    assert state(machine(tmp_path, {question: "not-found\n"}), asked) == ("complies", None)
    assert state(machine(tmp_path, {question: "disabled\n"}), asked) == ("complies", "off")
    assert state(machine(tmp_path, {question: "enabled\n"}), asked) == ("present", "on")
    running = {question: "static\n", "systemctl is-active avahi-daemon.service": "active\n"}
    assert state(machine(tmp_path, running), asked) == ("present", "on")


def test_a_unit_that_runs_and_does_not_start_by_itself_is_neither_on_nor_off(tmp_path: Path) -> None:
    said = {
        "systemctl is-enabled nftables.service": "disabled\n",
        "systemctl is-active nftables.service": "active\n",
    }
    for wanted in ("on", "off"):
        asked = rule("unit", wanted, key="nftables.service")
        assert state(machine(tmp_path, said), asked) == ("present", "running only")


def test_the_firewall_is_the_one_of_the_file(tmp_path: Path) -> None:
    shown = 'table ip other {\n\tchain a {\n\t}\n}\ntable inet cartable {\n\tcomment "abc"\n\tchain input {\n\t}\n}\n'
    probes = machine(tmp_path, {"nft -j list ruleset": RULESET, "nft list ruleset": shown})
    assert state(probes, rule("nft", "drop abc"))[0] == "complies"
    assert state(probes, rule("nft", "drop other")) == ("present", "drop abc")
    assert state(machine(tmp_path), rule("nft", "drop abc"))[0] == "missing"


def test_a_kernel_parameter_in_a_container_is_its_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = rule("sysctl", "2", key="kernel.kptr_restrict")
    probes = machine(tmp_path, run__systemd__container="podman", proc__sys__kernel__kptr_restrict="0\n")
    monkeypatch.setattr(Probes, "writable", lambda self, key: False)
    assert compare(asked, probes, {}, {})["state"] == "not_applicable"
    monkeypatch.setattr(Probes, "writable", lambda self, key: True)
    assert compare(asked, probes, {}, {})["state"] == "present"


def test_a_kernel_module_is_refused_however_its_name_is_written(tmp_path: Path) -> None:
    probes = machine(
        tmp_path, **{"etc__modprobe.d__a.conf": "install usb-storage /bin/false\n#install uas /bin/false\n"}
    )
    assert probes.kernel_module({"key": "usb_storage"}) == "refused"
    assert probes.kernel_module({"key": "uas"}) is None


def test_the_control_word_of_pam_may_be_a_list(tmp_path: Path) -> None:
    text = (
        "auth requisite pam_faillock.so preauth\n"
        "auth\t[success=1 default=ignore]\tpam_unix.so nullok\n"
        "# auth required pam_x.so\n"
    )
    probes = machine(tmp_path, etc__pam=text)
    assert probes.pam({"path": "/etc/pam", "key": "pam_faillock.so preauth"}) == "requisite"
    assert probes.pam({"path": "/etc/pam", "key": "pam_unix.so"}) == "[success=1 default=ignore]"
    assert probes.pam({"path": "/etc/pam", "key": "pam_x.so"}) is None


LOCK = "/org/gnome/desktop/screensaver/lock-enabled"


@pytest.mark.parametrize(
    ("locks", "seen", "kept"),
    [
        (f"{LOCK}\n", "true\n", True),
        ("", "true\n", False),
        (f"{LOCK}\n", "", False),
        (f"{LOCK}-not\n", "true\n", False),
    ],
)
def test_a_desktops_key_counts_where_nobody_can_change_it(
    tmp_path: Path, locks: str, seen: str, kept: bool
) -> None:
    said = {f"dconf read {LOCK}": seen, "dconf list-locks /org/gnome/desktop/screensaver/": locks}
    asked = rule("dconf", "true locked", key=LOCK, needs=["desktop"])
    assert compare(asked, machine(tmp_path, said), {}, {})["state"] == "not_applicable"
    probes = machine(tmp_path, said, usr__bin__dconf="")
    assert (state(probes, asked)[0] == "complies") is kept


def test_a_file_of_a_desktop_that_is_not_there_is_not_written(tmp_path: Path) -> None:
    files = [{"group": "g", "path": "/etc/xdg/lock", "content": "x", "needs": ["plasma"]}]
    asked = rule("owned", path="/etc/xdg/lock", needs=["plasma"])
    assert to_do([asked], [compare(asked, machine(tmp_path), {}, {})], files, machine(tmp_path)) == []
    probes = machine(tmp_path, usr__bin__plasmashell="")
    due = to_do([asked], [compare(asked, probes, {"/etc/xdg/lock": "x"}, {})], files, probes)
    assert due[0]["files"] == ["/etc/xdg/lock"]


@pytest.mark.parametrize(
    ("menu", "seen"),
    [
        ('set superusers="grub"\npassword_pbkdf2 grub grub.pbkdf2.sha512.10000.AB.CD\n', "password"),
        ("password_pbkdf2 grub grub.pbkdf2.sha512.10000.AB.CD\n", None),
        ('set superusers="grub"\npassword grub clear\n', None),
    ],
)
def test_a_boot_menu_asks_for_a_password_where_it_has_a_superuser(
    tmp_path: Path, menu: str, seen: str | None
) -> None:
    assert machine(tmp_path, boot__grub=menu).grub({"path": "/boot/grub"}) == seen


def test_waived_and_declined_rules_say_why_and_ask_for_nothing(tmp_path: Path) -> None:
    probes = machine(tmp_path)
    waiver = {"rule": "essai", "reason": "imprimante", "author": "Mairie", "until": "2027-01-01"}
    rules = [
        rule("package", "installed", key="x"),
        rule("package", "installed", key="y", id="autre", declined="jamais"),
    ]
    rows = [compare(each, probes, {}, {"essai": waiver}) for each in rules]
    assert [row["state"] for row in rows] == ["waived", "declined"]
    assert {key: rows[0][key] for key in ("reason", "author", "until")} == {
        k: v for k, v in waiver.items() if k != "rule"
    }
    assert to_do(rules, rows, [], probes) == []


def test_what_has_to_be_done_is_told_by_group(tmp_path: Path) -> None:
    probes = machine(tmp_path, etc__a="old")
    rules = [
        rule("owned", path="/etc/a", id="a"),
        rule("package", "installed", key="x", id="p", group="second"),
        rule("sudo", "on", key="use_pty", id="s", group="third"),
    ]
    texts = {"/etc/a": "new"}
    rows = [compare(each, probes, texts, {}) for each in rules]
    due = to_do(rules, rows, [{"group": "g", "path": "/etc/a", "content": "new"}], probes)
    assert [(each["name"], each["files"], each["rules"]) for each in due] == [
        ("g", ["/etc/a"], ["a"]),
        ("second", [], ["p"]),
    ]
    assert due[1]["packages"] == [{"key": "x", "expected": "installed"}]


def test_groups_that_let_nobody_in_are_one_change_at_the_place_of_the_first(tmp_path: Path) -> None:
    probes = machine(tmp_path)
    rules = [rule("package", "installed", key=name, id=name, group=name) for name in ("a", "b", "c", "d")]
    rows = [compare(each, probes, {}, {}) for each in rules]
    due = to_do(rules, rows, [], probes, ["d", "b", "unused"])
    assert [(each["name"], each["groups"], each["rules"]) for each in due] == [
        ("a", ["a"], ["a"]),
        ("b, d", ["b", "d"], ["b", "d"]),
        ("c", ["c"], ["c"]),
    ]
    assert [package["key"] for package in due[1]["packages"]] == ["b", "d"]


def _rules() -> list[dict[str, Any]]:
    folder = PROJECT / "roles/security/vars/main"
    values = [
        value for path in folder.glob("linux*.yml") for value in yaml.safe_load(path.read_text()).values()
    ]
    return [
        each
        for value in values
        if isinstance(value, list)
        for each in value
        if isinstance(each, dict) and "id" in each
    ]


def test_every_rule_of_the_role_has_a_name_of_its_own_a_level_and_a_way_to_be_read() -> None:
    rules = _rules()
    names = [each["id"] for each in rules]
    assert len(names) == len(set(names)) > 150
    for each in rules:
        assert each["title"] and each["group"] and each["level"], each
        assert ("probe" in each) != ("declined" in each), each
