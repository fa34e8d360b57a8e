"""Advisories in the formats of their publishers, and the verdict on an asset."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from reversibility.errors import CartableError
from reversibility.operations.advisories.deadlines import Deadlines, record
from reversibility.operations.advisories.matching import Matcher
from reversibility.operations.advisories.model import Advisories
from reversibility.operations.advisories.observed import Observed, observed
from reversibility.operations.advisories.read import read_folder
from tests.unit.operations.conftest import small_market

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
CASES = Path(__file__).parent / "cases" / "advisories"


def read(tmp_path: Path, **files: Any) -> Advisories:
    for name, content in files.items():
        suffix = "csv" if isinstance(content, str) else "json"
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / f"{name}.{suffix}").write_text(text, encoding="utf-8")
    return read_folder(tmp_path)


def opened(advisories: Advisories, asset: Observed) -> dict[str, tuple[str | None, bool, bool]]:
    found = Matcher(advisories).open_on(asset)
    return {one.cve: (one.fixed, one.available, one.certain) for one in found}


def tracker(**states: dict[str, Any]) -> dict[str, Any]:
    return {
        "openssl": {cve.replace("_", "-"): {"releases": {"trixie": state}} for cve, state in states.items()}
    }


def test_debian_tracker(tmp_path: Path) -> None:
    """FACTS 2: 0 is never affected; no fix is open; a fix that is named and not in the archive is said."""
    archive = {"trixie": "3.5.4-1", "trixie-security": "3.5.4-1~deb13u2"}
    advisories = read(tmp_path, tracker=tracker(
        CVE_2026_0001={"status": "resolved", "fixed_version": "3.5.4-1~deb13u2", "urgency": "high**"},
        CVE_2026_0002={"status": "resolved", "fixed_version": "0", "repositories": archive},
        CVE_2026_0003={"status": "open", "repositories": archive, "urgency": "low"},
        CVE_2026_0004={"status": "resolved", "fixed_version": "3.5.9-1", "repositories": archive},
        CVE_2026_0005={"status": "undetermined", "repositories": archive},
        CVE_2026_0006={"status": "resolved", "fixed_version": "3.5.1-1", "repositories": archive},
        CVE_2026_0007={"status": "resolved", "repositories": archive},
    ))  # fmt: skip
    asset = Observed("UC260001", "tilleuls", "trixie", (("openssl", "3.5.4-1~deb13u1"),))
    assert opened(advisories, asset) == {
        "CVE-2026-0001": ("3.5.4-1~deb13u2", True, True),
        "CVE-2026-0003": (None, True, True),
        "CVE-2026-0004": ("3.5.9-1", False, True),
        "CVE-2026-0007": (None, True, True),
    }
    assert "1 CVE of openssl in trixie are undetermined" in advisories.unread[0].what
    assert (advisories.severity("CVE-2026-0001"), advisories.severity("CVE-2026-0003")) == (
        "important",
        "minor",
    )
    upgraded = Observed("UC260001", "tilleuls", "trixie", (("openssl", "3.5.9-1"),))
    assert opened(advisories, upgraded).keys() == {"CVE-2026-0003", "CVE-2026-0007"}
    other = Observed("UC260002", "tilleuls", "bookworm", (("openssl", "1.0-1"),))
    assert opened(advisories, other) == {}


def csaf(tree: dict[str, Any], status: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "document": {
            "csaf_version": "2.0",
            "category": "csaf_security_advisory",
            "title": "Switch",
            "publisher": {"namespace": "https://vendor.example"},
            "tracking": {"id": "SSA-1", "version": "1", "initial_release_date": "2026-11-28T00:00:00Z"},
        },
        "product_tree": tree,
        "vulnerabilities": [{"cve": "CVE-2026-1000", "product_status": status, **more}],
    }


def ranges(*versions: str) -> dict[str, Any]:
    leaves = [
        {
            "category": "product_version_range",
            "name": text,
            "product": {"product_id": f"P{number}", "name": text},
        }
        for number, text in enumerate(versions)
    ]
    products = [{"category": "product_name", "name": "SCALANCE X", "branches": leaves}]
    return {"branches": [{"category": "vendor", "name": "Siemens", "branches": products}]}


@pytest.mark.parametrize(
    ("text", "installed", "verdict"),
    [
        ("<V14.3.0.6", "14.3.0.5", True),
        ("<V14.3.0.6", "14.3.0.6", None),
        ("<=V14.3.0.6", "14.3.0.6", True),
        ("<=V14.3.0.6", "14.3.1", None),
        (">=V2|<V4", "1.9", None),
        (">=V2|<V4", "3", True),
        ("vers:all/*", "99", True),
        ("vers:intdot/<4.5", "4.4", True),
        ("<V4", "4-beta", False),  # not comparable: shown, and for a person
    ],
)
def test_csaf_version_ranges(tmp_path: Path, text: str, installed: str, verdict: bool | None) -> None:
    advisories = read(tmp_path, ssa=csaf(ranges(text), {"known_affected": ["P0"]}))
    asset = Observed("SW260001", "tilleuls", "", (), (("Siemens AG", "Scalance X", installed),))
    found = opened(advisories, asset)
    assert (found["CVE-2026-1000"][2] if found else None) is verdict
    assert advisories.unread == []


@pytest.mark.parametrize(
    "text", ["vers:all/<1.2", "All versions with serial < 5", "<=The_first_5_digits_of_serial_No"]
)
def test_a_range_that_nobody_can_parse_is_for_a_person(tmp_path: Path, text: str) -> None:
    advisories = read(tmp_path, ssa=csaf(ranges(text), {"known_affected": ["P0"]}))
    assert advisories.ranges == []
    assert "version not readable" in advisories.unread[0].what


def test_csaf_of_a_distribution_joins_by_relationships(tmp_path: Path) -> None:
    leaf = {
        "category": "product_version",
        "name": "1.2-3",
        "product": {
            "product_id": "part",
            "name": "tool",
            "product_identification_helper": {
                "purl": "pkg:deb/debian/tool@1.2-3?arch=source&distro=debian-trixie"
            },
        },
    }
    tree = {
        "branches": [leaf],
        "relationships": [
            {
                "category": "default_component_of",
                "product_reference": "part",
                "relates_to_product_reference": "debian",
                "full_product_name": {"product_id": "debian:part", "name": "x"},
            }
        ],
    }
    scores = [{"cvss_v3": {"baseScore": 9.8, "baseSeverity": "CRITICAL"}, "products": ["debian:part"]}]
    advisories = read(tmp_path, csaf=csaf(tree, {"recommended": ["debian:part"]}, scores=scores))
    asset = Observed("UC260001", "tilleuls", "trixie", (("tool", "1.2-2"),))
    assert opened(advisories, asset) == {"CVE-2026-1000": ("1.2-3", True, True)}
    assert advisories.severity("CVE-2026-1000") == "critical"


def certfr(reference: str, *cves: str, **more: Any) -> dict[str, Any]:
    return {
        "reference": reference,
        "title": "Vulnérabilité dans OpenSSL",
        "cves": [{"name": cve, "url": ""} for cve in cves],
        "affected_systems": [{"description": "OpenSSL versions 3.5.x antérieures à 3.5.4", "product": {}}],
        "revisions": [{"description": "Version initiale", "revision_date": "2026-11-29T08:00:00.000000"}],
        **more,
    }


TABLE = "cve;release;package;fixed;severity;published\nCVE-2026-0001;trixie;openssl;3.5.4-2;important;2026-11-01\n"


def test_certfr_starts_the_clock_and_an_alert_is_critical(tmp_path: Path) -> None:
    advisories = read(
        tmp_path,
        table=TABLE,
        avis=certfr("CERTFR-2026-AVI-0155", "CVE-2026-0001"),
        alerte=certfr("CERTFR-2026-ALE-1"),
    )
    assert advisories.published("CVE-2026-0001") == dt.datetime(2026, 11, 29, 8, tzinfo=dt.UTC)
    assert advisories.severity("CVE-2026-0001") == "important"
    assert "no CVE named" in advisories.unread[0].what and "antérieures à 3.5.4" in advisories.unread[0].what
    alert = read(tmp_path, second=certfr("CERTFR-2026-ALE-2", "CVE-2026-0001"))
    assert alert.severity("CVE-2026-0001") == "critical"
    closed = certfr("CERTFR-2026-ALE-2", "CVE-2026-0001", closed_at="2026-11-30")
    assert read(tmp_path, second=closed).severity("CVE-2026-0001") == "important"


def test_what_is_no_advisory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CartableError, match="no advisory that can be read"):
        read(tmp_path, proxy={"html": "<title>Portail</title>"})
    with pytest.raises(CartableError, match=r"t\.csv:2: 30/11/2026 is no date"):
        (tmp_path / "proxy.json").unlink()
        read(tmp_path, t="cve,release,package,fixed,published\nCVE-1,trixie,a,1,30/11/2026\n")


def test_a_deadline_runs_from_the_publication_and_is_recorded_when_it_is_met(tmp_path: Path) -> None:
    advisories = read(tmp_path, table=TABLE.replace("2026-11-01", "2026-11-29"))
    work = {
        "cve": "CVE-2026-0001",
        "what": "service arrêté",
        "by": "Alex",
        "on": NOW.date(),
        "until": NOW.date(),
    }
    market = small_market({})
    asset = market.assets["UC260001"]
    seen = Observed("UC260001", "tilleuls", "trixie", (("openssl", "3.5.4-1"),))
    found = Deadlines(market, advisories, NOW).of(asset, Matcher(advisories).open_on(seen), None)
    assert [(d.due, d.state(NOW), d.state(NOW + dt.timedelta(days=2))) for d in found] == [
        (dt.datetime(2026, 12, 1, tzinfo=dt.UTC), "open", "late")
    ]
    covered = small_market({})
    object.__setattr__(covered, "workarounds", {"workarounds": [work]})
    assert (
        Deadlines(covered, advisories, NOW).of(asset, Matcher(advisories).open_on(seen), None)[0].workaround
    )
    later = Deadlines(covered, advisories, NOW + dt.timedelta(days=1))
    assert later.of(asset, Matcher(advisories).open_on(seen), None)[0].workaround is None, "it has ended"

    first = record(found, None, NOW)
    again = record(Deadlines(market, advisories, NOW + dt.timedelta(hours=5)).of(asset, Matcher(advisories).open_on(seen), first), first, NOW)  # fmt: skip # noqa: E501
    assert again == first, "nothing in the record moves while the CVE stays open"
    assert record([], first, NOW)["closed"][0]["met"] is True
    assert record([], first, NOW + dt.timedelta(days=3))["closed"][0]["met"] is False


def test_without_a_date_the_clock_starts_at_the_first_record(tmp_path: Path) -> None:
    advisories = read(tmp_path, t="cve,release,package,fixed\nCVE-2026-0009,trixie,openssl,9\n")
    market = small_market({})
    asset = market.assets["UC260001"]
    seen = Observed("UC260001", "tilleuls", "trixie", (("openssl", "3"),))
    first = record(
        Deadlines(market, advisories, NOW).of(asset, Matcher(advisories).open_on(seen), None), None, NOW
    )
    later = Deadlines(market, advisories, NOW + dt.timedelta(days=9)).of(
        asset, Matcher(advisories).open_on(seen), first
    )
    assert (later[0].since, later[0].severity) == (NOW, "security")


def test_source_packages_of_a_record() -> None:
    record_path = Path(__file__).parents[1] / "asset" / "cases" / "debian13-container" / "expected.json"
    inventory = json.loads(record_path.read_text())["inventory"]
    seen = observed(small_market({}).assets["UC260001"], inventory)
    assert seen is not None
    assert seen.release == "trixie"
    packages = dict(seen.packages)
    assert {"glibc", "krb5", "openssl"} <= packages.keys()
    assert "libc6" not in packages


def cvrf(*builds: tuple[str, str], severity: str = "Important", **more: Any) -> dict[str, Any]:
    """A month of Microsoft's with one CVE, affecting Windows 11 24H2 (P1) and Windows Server 2022 (P2)."""
    products = {"P1": "Windows 11 Version 24H2 for x64-based Systems", "P2": "Windows Server 2022"}
    return {
        "DocumentTracking": {"InitialReleaseDate": "2026-11-10T08:00:00Z"},
        "ProductTree": {
            "FullProductName": [{"ProductID": key, "Value": name} for key, name in products.items()]
        },
        "Vulnerability": [
            {
                "CVE": "CVE-2026-0100",
                "Title": {"Value": "Windows Essai"},
                "ProductStatuses": [{"Type": 3, "ProductID": ["P1", "P2"]}],
                "Threats": [
                    {"Type": 3, "Description": {"Value": severity}},
                    {"Type": 1, "Description": {"Value": "x"}},
                ],
                "Remediations": [
                    {"Type": 2, "ProductID": [key], "FixedBuild": build, "Description": {"Value": "5068861"}}
                    for key, build in builds
                ]
                + [{"Type": 5, "ProductID": ["P1"], "Description": {"Value": "Known Issue"}}],
                **more,
            }
        ],
    }


@pytest.mark.parametrize(
    ("name", "build", "expected"),
    [
        (
            "Microsoft Windows 11 Éducation",
            "10.0.26100.7000",
            {"CVE-2026-0100": ("10.0.26100.7171", True, True)},
        ),
        ("Microsoft Windows 11 Éducation", "10.0.26100.7171", {}),
        ("Microsoft Windows 11 Éducation", "10.0.22631.1", {}),  # another branch: what it needs is not known
        (
            "Microsoft Windows Server 2022 Standard",
            "10.0.20348.1",
            {"CVE-2026-0100": ("10.0.20348.4000", True, True)},
        ),
    ],
)
def test_a_month_of_microsoft(tmp_path: Path, name: str, build: str, expected: dict[str, Any]) -> None:
    """FACTS 7.7: by build within one branch only; of a hotpatch and the whole update either suffices."""
    month = cvrf(("P1", "10.0.26100.7200"), ("P1", "10.0.26100.7171"), ("P2", "10.0.20348.4000"))
    advisories = read(tmp_path, month=month)
    assert opened(advisories, Observed("UC1", "tilleuls", "", (), (("Microsoft", name, build),))) == expected
    assert advisories.severity("CVE-2026-0100") == "important"
    assert advisories.published("CVE-2026-0100") == dt.datetime(2026, 11, 10, 8, tzinfo=dt.UTC)
    assert advisories.unread == []


def test_a_month_of_microsoft_on_an_observed_pc(tmp_path: Path) -> None:
    """The record of a PC has the build without the two fields before it."""
    advisories = read(tmp_path, month=cvrf(("P1", "10.0.26100.7171")))
    asset = next(iter(small_market({}).assets.values()))
    for build, expected in {"26100.7000": {"CVE-2026-0100"}, "26100.7171": set()}.items():
        system = {"name": "Windows", "full_name": "Microsoft Windows 11 Éducation", "kernel_version": build}
        seen = observed(asset, {"content": {"operatingsystem": system}})
        assert seen is not None and set(opened(advisories, seen)) == expected


def test_a_month_of_microsoft_without_a_build_is_for_a_person(tmp_path: Path) -> None:
    month = cvrf(("P1", "Click to Run"), severity="Critical", CVSSScoreSets=[{"BaseScore": 6.5}])
    advisories = read(tmp_path, month=month)
    assert advisories.ranges == []
    assert "no build for Windows 11 Version 24H2" in advisories.unread[0].what
    assert "Windows Server 2022" in advisories.unread[0].what
    assert advisories.severity("CVE-2026-0100") == "minor", "the score counts where there is one"
