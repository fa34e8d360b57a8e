"""What people receive: in French, accessible, self-contained, and PDF/A-3 that says so."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest

from reversibility.contract.assessment import Assessment
from reversibility.contract.formats import open_format, pdf_metadata
from reversibility.documents import french
from reversibility.documents.completeness import SHOWN, write_completeness
from reversibility.documents.render import html_to_pdfa3, render_html
from reversibility.documents.start_page import FolderContents, HolderLine, start_context, write_start_page
from tests.unit.contract.handover import PROJECT, Handover
from tests.unit.documents.contrast import contrasts

SCHEMA = PROJECT / "reversibility/documents/completude.schema.json"


class Page(HTMLParser):
    """Collects what an accessibility check looks at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.problems: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes something else")

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def all(self, *names: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.tags if tag in names)


@pytest.fixture(scope="module")
def assessment(pristine: Handover) -> Assessment:
    return pristine.assess()


@pytest.fixture(scope="module")
def documents(pristine: Handover, assessment: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("documents")
    write_completeness(data, assessment, pristine.market)
    (data / "00-lisez-moi").mkdir()
    contents = [
        FolderContents.of(folder, "Le parc déclaré.", (".csv", ".json", ""), "les parties")
        for folder in sorted(pristine.data.iterdir())
        if folder.is_dir()
    ]
    write_start_page(
        data / "00-lisez-moi",
        pristine.market,
        assessment,
        contents,
        bundle="cartable-demo-X",
        holders=[
            HolderLine(
                "a", "Mairie, services techniques", "town", "moitie-a/mairie.age", "cles-publiques/mairie.pub"
            ),
            HolderLine("b", "Repreneur", "successor", "moitie-b/repreneur.age", None),
        ],
        fingerprint="SHA256:abc",
        operator_key=True,
        known_hosts=True,
    )
    return data


@pytest.fixture(scope="module", params=["completude.html", "00-lisez-moi/lisez-moi.html"])
def html(request: pytest.FixtureRequest, documents: Path) -> str:
    return (documents / request.param).read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_in_french(html: str) -> None:
    page = Page(html)
    assert not page.problems and not page.open
    assert next(page.all("html"))["lang"] == "fr"
    assert len(re.findall(r"<title>[^<]{10,}</title>", html)) == 1


def test_headings_are_in_order(html: str) -> None:
    levels = [int(tag[1]) for tag, _ in Page(html).tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scopes(html: str) -> None:
    page = Page(html)
    assert len(list(page.all("table"))) == len(list(page.all("caption"))) > 0
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.all("th"))


def test_links_and_labels_lead_somewhere(html: str) -> None:
    page = Page(html)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for attributes in page.all("a"):
        target = str(attributes["href"])
        assert target.removeprefix("#") in ids if target.startswith("#") else target == "../completude.html"
    for _, attributes in page.tags:
        assert set(attributes.get("aria-labelledby", ids[0]).split()) <= set(ids)
    regions = [
        attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes
    ]
    assert len(regions) == len(set(regions)), "two landmarks that a screen reader calls the same"
    assert page.tags[[tag for tag, _ in page.tags].index("a")][1]["href"] == "#contenu"  # skip link first


def test_the_page_loads_nothing_and_runs_nothing(html: str) -> None:
    page = Page(html)
    assert not list(page.all("script", "link", "img", "iframe"))
    assert "url(" not in html and "@import" not in html and "http://" not in html


def test_no_status_is_told_by_colour_alone(html: str) -> None:
    for match in re.finditer(r'<span class="status (\w+)">([^<]*)</span>', html):
        assert match[2].lower() == french.STATUSES[match[1]]


def test_punctuation_is_french(html: str) -> None:
    """Ours; the words of a contract stay as they are."""
    text = re.sub(r"(?s)<(pre|code|style|title)\b.*?</\1>|<p class=\"words\">.*?</p>|<[^>]+>", "", html)
    text = re.sub(r"&#?\w+;", "", text)
    assert not re.findall(r".{12}[^\u00a0\u202f][:;!?](?=\s)", text)
    assert not re.findall(r"«[^\u00a0].{12}|.{12}[^\u00a0]»", text)


def test_all_text_has_contrast(html: str) -> None:
    """RGAA 3.2 asks for 4.5; the style promises 7, for every text of the page as its style sheet colours it."""
    found = contrasts(html)
    assert len(found) > 100
    assert [(text, ratio) for text, ratio in found if ratio < 7] == []


def test_contrast_is_computed_and_not_assumed() -> None:
    style = ":root { --i: #777 } body { color: var(--i); background: #fff } .b { background: #000 } b { color: white }"
    html = f"<html><style>{style}</style><body><p>grey</p><div class='b'><b>white</b></div></body></html>"
    assert [(text, round(ratio, 2)) for text, ratio in contrasts(html)] == [("grey", 4.48), ("white", 21.0)]


def test_completeness_json_keeps_its_schema(documents: Path, assessment: Assessment) -> None:
    document = json.loads((documents / "completude.json").read_bytes())
    validator = jsonschema.Draft202012Validator(
        json.loads(SCHEMA.read_bytes()), format_checker=jsonschema.FormatChecker()
    )
    assert not list(validator.iter_errors(document))
    assert document == assessment.to_json()
    for row in document["rows"]:
        if row["status"] == "present":
            row["method"] = "opened"
    document["rows"][0].update(status="proven")
    assert list(validator.iter_errors(document))


def test_all_rows_are_in_the_table(documents: Path, assessment: Assessment) -> None:
    lines = (documents / "completude.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == len(assessment.rows) + 1
    assert open_format(str(documents / "completude.csv")) is None


def test_what_is_not_proven_is_on_the_page(documents: Path, assessment: Assessment) -> None:
    text = Page((documents / "completude.html").read_text(encoding="utf-8")).text
    for row in assessment.rows:
        if row.status != "proven":
            assert row.detail in text
    assert "Copieur installé et configuré" in text


def test_the_page_stays_small_for_a_large_fleet(
    pristine: Handover, assessment: Assessment, tmp_path: Path
) -> None:
    row = next(row for row in assessment.rows if row.status == "missing" and row.asset)
    many = tuple(replace(row, asset=f"UC{number:06d}") for number in range(50_000))
    write_completeness(tmp_path, replace(assessment, rows=many), pristine.market)
    page = (tmp_path / "completude.html").read_text(encoding="utf-8")
    assert len(page) < 200_000 and page.count("UC0") == SHOWN
    assert f"Et {french.number(50_000 - SHOWN)} autres lignes" in page
    assert len((tmp_path / "completude.csv").read_text(encoding="utf-8-sig").splitlines()) == 50_001


def test_the_start_page_is_enough_to_take_over(documents: Path) -> None:
    text = Page((documents / "00-lisez-moi/lisez-moi.html").read_text(encoding="utf-8")).text
    for needed in (
        "python3 -I cartable-demo-X/verifier.py --empreinte", "py -I cartable-demo-X\\verifier.py",
        "-m bagit --validate cartable-demo-X",
        "reversibility verify cartable-demo-X --fingerprint",
        "age -d -i MA-CLE-PRIVEE moitie-a", "age -d -i MA-CLE-PRIVEE -o ../../../cle.keyx moitie-b",
        "vault.kdbx", "KeePassXC",
        "detenteurs.json", "moitie-a/mairie.age", "cles-publiques/mairie.pub", "SHA256:abc",
        "Mairie, services techniques", "Repreneur", "technique@villedemo.example",
        "Camille Exemple", "Dominique Exemple", "git clone cartable-demo-X/data/10-automatisation/depot.bundle",
        "--until audit", "audit-de-reprise.html", "completude.html",
        "Les connexions ont été essayées avant", "Prouvé le",
        "01-inventaire", "CSV, JSON",
        "reversibility takeover ../cartable-demo-X -i inventories/demo", "cartable/operator-ssh",
    ):  # fmt: skip
        assert needed in text, needed
    assert "ne suffit pas" not in text


def test_the_start_page_names_what_the_system_has_to_have(documents: Path) -> None:
    """The same as this project's own installation."""
    setup = (PROJECT / "scripts" / "setup").read_text(encoding="utf-8")
    block = re.search(r"^packages=\(\n(.*?)^\)", setup, re.DOTALL | re.MULTILINE)
    assert block
    wanted = {name for line in block[1].splitlines() for name in line.partition("#")[0].split()}
    page = (documents / "00-lisez-moi/lisez-moi.html").read_text(encoding="utf-8")
    assert wanted and {name for name in wanted if f"<code>{name}</code>" not in page} == set()


@pytest.mark.parametrize(("operator_key", "known_hosts"), [(False, False), (True, False), (False, True)])
def test_a_bundle_that_cannot_reach_the_machines_says_so(
    pristine: Handover, assessment: Assessment, operator_key: bool, known_hosts: bool
) -> None:
    """No command is printed that would fail."""
    there = {"operator_key": operator_key, "known_hosts": known_hosts}
    html = render_html("lisez-moi.html.j2", start_context(pristine.market, assessment, (), "", "", **there))
    page, commands = Page(html), "\n".join(re.findall(r"(?s)<pre[^>]*><code>(.*?)</code></pre>", html))
    assert not page.problems and "Ce dossier ne suffit pas pour joindre les machines" in page.text
    assert ("la clé SSH des exploitants n’a pas été remise" in page.text) is not operator_key
    assert ("les clés d’hôte des machines n’ont pas été remises" in page.text) is not known_hosts
    assert (
        "reversibility takeover" in commands
        and "--until open" in commands
        and "--until audit" not in commands
    )


@pytest.mark.judge("pdfinfo", "pdffonts", "pdftotext")
def test_the_pdf_is_pdf_a_3_and_reads_as_the_page(documents: Path) -> None:
    path = documents / "00-lisez-moi/lisez-moi.pdf"
    assert open_format(str(path)) is None
    metadata = pdf_metadata(path.read_bytes())
    assert b'pdfaid:part="3"' in metadata and b'pdfaid:conformance="U"' in metadata
    information = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Tagged:\s+yes", information) and "Lisez-moi" in information
    fonts = subprocess.run(
        ["pdffonts", path], capture_output=True, text=True, check=True
    ).stdout.splitlines()[2:]
    assert fonts and all(re.search(r"\byes\s+\w+\s+yes\b", line) for line in fonts)  # embedded, with Unicode
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
    assert "Ouvrir le coffre de mots de passe" in text and "à deux" in text


@pytest.mark.judge("pdftotext")
def test_each_command_of_the_pdf_is_one_line_that_can_be_copied(documents: Path) -> None:
    """Those of the page, which other tests run: none is broken at the edge of the paper."""
    folder = documents / "00-lisez-moi"
    page = (folder / "lisez-moi.html").read_text(encoding="utf-8")
    blocks = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)
    commands = [line for block in blocks for line in unescape(block).splitlines()]
    layout = ["pdftotext", "-layout", folder / "lisez-moi.pdf", "-"]
    text = subprocess.run(layout, capture_output=True, text=True, check=True).stdout
    lines = {" ".join(line.split()) for line in text.splitlines()}
    assert len(commands) > 12
    assert [command for command in commands if command not in lines] == []


@pytest.mark.judge("pdftotext")
@pytest.mark.parametrize("length", [60, 92, 93, 110, 111, 128, 129, 150])
def test_a_long_command_is_printed_smaller_and_never_broken(
    pristine: Handover, assessment: Assessment, tmp_path: Path, length: int
) -> None:
    verify = "python3 -I /verifier.py --empreinte SHA256:…"
    name = "x" * (length - len(verify))
    html = render_html("lisez-moi.html.j2", start_context(pristine.market, assessment, (), name, ""))
    html_to_pdfa3(html, tmp_path / "a.pdf")
    layout = ["pdftotext", "-layout", tmp_path / "a.pdf", "-"]
    text = subprocess.run(layout, capture_output=True, text=True, check=True).stdout
    assert f"python3 -I {name}/verifier.py --empreinte SHA256:…" in [
        line.strip() for line in text.splitlines()
    ]


def test_a_document_may_load_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = tmp_path / "secret.css"
    secret.write_text("body { color: red }")
    html = f'<html lang="fr"><head><title>t</title><link rel="stylesheet" href="file://{secret}"></head><p>a</p></html>'
    html_to_pdfa3(html, tmp_path / "a.pdf")
    assert (tmp_path / "a.pdf").stat().st_size > 0
    assert "may not load" in caplog.text


def test_names_are_text_and_never_markup(pristine: Handover, assessment: Assessment) -> None:
    contract = {
        **pristine.market.contract,
        "administrators": [{"name": "<script>x</script>", "party": "town"}],
    }
    market = replace(pristine.market, contract=contract)
    html = render_html("lisez-moi.html.j2", start_context(market, assessment, (), "", ""))
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_a_market_with_the_least_that_is_allowed_renders(pristine: Handover, assessment: Assessment) -> None:
    market = replace(pristine.market, contract={"parties": {"town": {"name": "V"}}}, sites={"a": {}})
    html = render_html("lisez-moi.html.j2", start_context(market, assessment, (), "", ""))
    assert not Page(html).problems


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (french.long_date(date(2026, 3, 1)), "1er\u00a0mars\u00a02026"),
        (french.long_date(datetime(2025, 12, 31, 23, 30, tzinfo=UTC)), "1er\u00a0janvier\u00a02026"),
        (french.month_name(date(2026, 8, 2)), "août\u00a02026"),
        (
            french.long_moment(datetime(2026, 7, 1, 7, 5, tzinfo=UTC)),
            "1er\u00a0juillet\u00a02026 à 9\u00a0h\u00a005",
        ),
        (french.number(25000), "25\u202f000"),
        (french.percent(0.97999), "97,9\u00a0%"),
        (french.percent(1.0), "100,0\u00a0%"),
        (french.percent(0.29), "29,0\u00a0%"),
        (french.size(999), "999\u00a0octets"),
        (french.size(12_400_000), "12,4\u00a0Mo"),
        (french.plural(1, "fichier"), "1\u00a0fichier"),
        (french.plural(2, "ligne non prouvée", "lignes non prouvées"), "2\u00a0lignes non prouvées"),
        (french.kind_name("space_ship"), "space ship"),
    ],
)
def test_french_words(written: str, expected: str) -> None:
    assert written == expected
