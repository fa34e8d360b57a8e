"""What the role baseline leaves, after a first run, a drift and a repair."""

import pytest


def test_the_machine_is_called_as_its_tag(host):
    assert host.file("/etc/hostname").content_string == "uc990001\n"
    assert host.check_output("getent hosts uc990001").split() == ["127.0.1.1", "uc990001"]
    assert host.check_output("hostname") == "uc990001"


def test_it_speaks_french(host):
    assert "fr_FR.utf8" in host.check_output("locale -a").splitlines()
    date = host.check_output(". /etc/default/locale; LC_ALL=$LANG date --date=2025-08-15 '+%A %d %B'")
    assert date == "vendredi 15 août"
    assert host.file("/etc/default/locale").mode == 0o644


def test_its_keyboard_is_french(host):
    assert host.check_output(". /etc/default/keyboard; echo $XKBMODEL $XKBLAYOUT") == "pc105 fr"
    assert host.file("/etc/console-setup/cached_setup_keyboard.sh").exists


def test_its_time_is_that_of_paris(host):
    assert host.file("/etc/localtime").linked_to == "/usr/share/zoneinfo/Europe/Paris"
    assert host.check_output("date --date='2025-07-01 12:00 UTC' +%H%Z") == "14CEST"


def test_it_takes_the_time_from_the_servers_named(host):
    assert (
        "NTP=203.0.113.1"
        in host.check_output("systemd-analyze cat-config systemd/timesyncd.conf").splitlines()
    )
    assert host.service("systemd-timesyncd").is_enabled


@pytest.mark.parametrize("path", ["/etc/issue", "/etc/issue.net", "/etc/motd"])
def test_the_banner_says_whose_it_is(host, path):
    text = host.file(path).content_string
    assert "Commune de Villedessai" in text
    assert "École des Essais" in text
    assert "UC990001" in text


def test_the_banner_is_shown_before_a_remote_login(host):
    assert "banner /etc/issue.net" in host.check_output("/usr/sbin/sshd -T").splitlines()


def test_packages_come_from_the_declared_source_too(host):
    assert host.package("cartable-essai").version == "1.0"
    assert host.package("less").is_installed
