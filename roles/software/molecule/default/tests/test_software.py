"""What the role software leaves, after a first run, a drift, a refusal and a repair."""

import json

NOTE = "/var/lib/cartable/software.json"


def test_the_catalogues_software_is_installed_and_runs(host):
    assert host.package("gtypist").is_installed
    assert host.run("gtypist --version").rc == 0


def test_software_without_an_approval_is_not_there(host):
    assert not host.package("sl").is_installed


def test_a_package_that_left_the_catalogue_is_noted_and_stays(host):
    assert json.loads(host.file(NOTE).content_string) == {"gtypist": "gtypist", "sudo": "droits"}
    assert host.package("sudo").is_installed
