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
    applied = "/etc/console-setup/cached_setup_keyboard.sh"
    assert host.check_output(f"find {applied} -newermc /etc/default/keyboard") == applied


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


def test_the_running_ssh_server_shows_the_banner_before_a_login(machine):
    """A stranger is refused, and has read whose machine it is. The drift had the server forget it."""
    unknown = ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"]
    refused = machine.run(
        *("env", "LC_ALL=C.UTF-8", "ssh", "-o", "BatchMode=yes"), *unknown, "personne@127.0.0.1", "true"
    )
    assert refused.returncode == 255
    assert "Permission denied" in refused.stderr
    assert "Commune de Villedessai - École des Essais" in refused.stderr


def test_packages_come_from_the_declared_source_too(host):
    assert host.package("cartable-essai").version == "1.0"
    assert host.package("less").is_installed


def test_check_mode_showed_all_of_the_drift(checked):
    assert "-bonjour\n" in checked
    assert "+Commune de Villedessai - École des Essais\n" in checked
    assert '-XKBLAYOUT="us"\n+XKBLAYOUT="fr"\n' in checked
    assert "-    mode: '0666'\n+    mode: '0644'\n" in checked
    assert "/usr/share/zoneinfo/Europe/Paris" in checked
    assert "Would be installed: cartable-essai" in checked
    assert "Would be put to use: name, locale, keyboard, ssh.service'\n" in checked
