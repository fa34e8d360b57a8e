"""What the role patch leaves, after a first run, a way back, failures of the field, and a second run."""

import pytest


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("essai-simple", "1.2"),
        ("essai-securite", "1.1"),
        ("essai-conf", "1.1"),
        ("essai-tenu", "1.0"),  # on hold
        ("essai-refuse", "1.0"),  # refused until a day that has not come
        ("essai-coupe", "1.0"),  # was unpacked only
    ],
)
def test_versions(host, package, version):
    assert host.package(package).is_installed
    assert host.package(package).version == version


def test_both_versions_of_an_edited_file_are_there(host):
    assert host.file("/etc/essai.conf").content_string == "version=la nôtre\n"
    assert host.file("/etc/essai.conf.dpkg-dist").content_string == "version=1.1\n"


def test_dpkg_has_nothing_to_report_and_nothing_is_pinned(host):
    assert host.run("dpkg --audit").stdout == ""
    assert not host.file("/etc/apt/preferences").exists
    assert host.run("apt-mark showhold").stdout.split() == ["essai-tenu"]


def test_the_machine_installs_nothing_by_itself(host):
    said = host.run("apt-config dump APT::Periodic::Unattended-Upgrade").stdout
    assert said == 'APT::Periodic::Unattended-Upgrade "0";\n'
