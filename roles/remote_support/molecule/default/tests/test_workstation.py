"""What the roles browser and sobriety leave: asked of those who read it, logind, systemd and dconf."""

import json
import time

WEEK = 7 * 24 * 3600


def test_firefox_has_the_homepage_and_the_bookmarks(host):
    policies = json.loads(host.file("/etc/firefox/policies/policies.json").content_string)["policies"]
    assert policies["Homepage"] == {"URL": "https://ent.example/", "Locked": True, "StartPage": "homepage"}
    folder, *links = policies["ManagedBookmarks"]
    assert folder == {"toplevel_name": "École"}
    assert [link["name"] for link in links] == ["ENT", "Médiathèque"]


def test_logind_sleeps_after_the_minutes(host):
    manager = "org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager"
    said = host.check_output(f"busctl get-property {manager} IdleAction IdleActionUSec")
    assert said.split() == ["s", '"suspend"', "t", str(14 * 60 * 1_000_000)]


def test_gnome_sleeps_after_the_minutes_and_nobody_changes_that(host):
    power = "/org/gnome/settings-daemon/plugins/power"
    run = "su partage -s /bin/sh -c"
    host.check_output(
        f'{run} \'dbus-run-session dconf write {power}/sleep-inactive-ac-type "\\"x\\""\' || true'
    )
    assert host.check_output(f"{run} 'dconf read {power}/sleep-inactive-ac-timeout'") == str(14 * 60)
    assert host.check_output(f"{run} 'dconf read {power}/sleep-inactive-ac-type'") == "'suspend'"


def test_it_is_shut_down_in_the_evening(host):
    host.run_expect([0], "systemctl is-enabled cartable-shutdown.timer")
    said = host.check_output(
        "systemctl show --value --property=NextElapseUSecRealtime cartable-shutdown.timer"
    )
    assert " 19:00:00 " in said


def test_it_is_not_shut_down_at_another_hour(host):
    """A PC that slept at that hour runs the timer when it is woken."""
    host.run_expect([0], "cartable-shutdown $(date -d '-1 hour' +%H:%M) 0")
    assert host.check_output("systemctl is-system-running || true") in ("running", "degraded")


def test_an_update_holds_the_shutdown_up(host):
    during = "systemd-inhibit --what=shutdown --mode=block --who=apt --why=test"
    done = host.run(f"{during} cartable-shutdown $(date +%H:%M) 0")
    assert done.rc != 0
    assert "inhibit" in done.stderr.lower()


def test_its_clock_wakes_it_on_the_next_wednesday(host):
    host.run_expect([0], "systemctl is-enabled cartable-wake.service")
    at = int(host.check_output("cartable-wake print 08:00"))
    assert 0 < at - time.time() <= WEEK
    assert host.check_output(f"LC_ALL=C date -d @{at} '+%a %H:%M'") == "Wed 08:00"
    assert host.exists("rtcwake")
