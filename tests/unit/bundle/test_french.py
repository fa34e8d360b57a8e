"""What people read in a bundle is French: its typography, no English word, no code where there is a word for it.

Every text, table, page and sheet of a whole bundle, which also has what only some bundles have: anomalies, a
transition, attempts between the networks. Left out: what is typed (commands, codes of the market's files, names of
devices), the words of the contract, which stay as they are, and what machines have written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest
import yaml

from reversibility.bundle.build import BuiltBundle
from reversibility.market.load import load_market
from reversibility.records.tables import read_table
from tests.unit.bundle.axe import violations
from tests.unit.bundle.market import Case, make_case
from tests.unit.contract.handover import NOW

# Such as an operator, a library or the code would write: none is a French word, a name or a unit.
ENGLISH = re.compile(
    r"\b(the|and|of|is|are|was|were|not|with|for|from|has|have|been|this|that|which|will|shall|must|should|"
    r"missing|proven|waived|failed|success|pending|unknown|cannot|found|wrong|read|write|file|files|folder|password|"
    r"passwords|account|accounts|contractor|town|successor|administrator|administrators|teacher|teachers|pupil|pupils|"
    r"guests|"
    r"user|users|school|schools|device|devices|asset|assets|site_name|true|false|none|null|yes|access_point)\b",
    re.IGNORECASE,
)
TYPED = re.compile(
    r"(?s)«[^»]*»|\S+@\S+|[\w./=-]*[/_][\w./=…-]*|--?\w[\w-]*|SHA256:\S+"
    r"|\w+\.(?:csv|json|html|pdf|txt|yml|age|kdbx|keyx|py|md|pub|gz|bundle)\b"
)
# Of typewriters: a straight apostrophe, an ordinary space or none before ; : ! ?, and within guillemets.
ODD = re.compile(r"\w'\w| [;:!?»]|« |\w[;!?](?=\s|$)|\.\.\.|\w :|\w:(?=\s|$)(?<!http:)")


class Words(HTMLParser):
    """The text of a page without its commands, its style and the contract's own words."""

    LEFT_OUT = ("pre", "code", "style", "title")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._inside: list[tuple[str, bool]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br", "link", "img", "input"):
            out = tag in self.LEFT_OUT or dict(attrs).get("class") == "words"
            self._inside.append((tag, out or (bool(self._inside) and self._inside[-1][1])))

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not (self._inside and self._inside[-1][1]):
            self.parts.append(data)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> BuiltBundle:
    case = make_case(tmp_path_factory.mktemp("market"))
    add_transition(case)
    spoil(case)
    return case.build()


def add_transition(case: Case) -> None:
    """Both contractors are there, with a freeze; and somebody has tried what passes between the networks."""
    path = case.paths.inventory / "contract.yml"
    contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    day = NOW.date()
    freeze = {
        "from": day,
        "until": day,
        "operations": ["patch"],
        "reason": "Bascule en cours",
        "author": "Dominique Exemple",
    }
    lots = [{"name": "Réseau", "date": day, "sites": ["trois_platanes"]}]
    contract["transition"] = {"from": day, "until": day, "freeze": freeze, "lots": lots}
    contract["administrators"].append({"name": "Robin Exemple", "party": "successor", "account": "rexemple"})
    contract["parties"]["successor"] = {"name": "Repreneur Exemple"}
    path.write_text(yaml.safe_dump(contract, allow_unicode=True), encoding="utf-8")
    case.market = load_market(case.paths.inventory)
    attempt = {
        "attempt": "tcp/22",
        "expected": "blocked",
        "seen": "passes",
        "reason": "",
        "source": "a",
        "target": "b",
    }
    rows = [{**attempt, "source_vlan": "pupils", "target_vlan": "guests"}]
    record = {"tried_on": f"{day}", "attempts": rows}
    case.state.write("trois_platanes", "RT250001", "isolation.json", record)
    case.state.commit("isolation")


def spoil(case: Case) -> None:
    """Have each kind of anomaly that a market's own files can give."""
    (case.project / "notes.txt").write_text("not committed")
    case.paths.operator_key.unlink()
    case.paths.known_hosts.unlink()
    folder = case.state.directory / "trois_platanes/UC250001"
    (folder / "updates.json").write_text("{")
    (folder / "link").symlink_to("updates.json")
    (folder / "services.json").write_text("[]")


def readable(bag: Path) -> Iterator[tuple[str, str]]:
    """Each piece of text that people read: where it stands, and what it says."""
    for path in sorted(bag.rglob("*")):
        name = path.relative_to(bag).as_posix()
        if "marche" in path.parts or "config" in path.parts:
            continue
        if (
            path.suffix == ".txt"
            and not name.startswith(("manifest-", "tagmanifest-", "bag"))
            and path.name != "requirements.txt"
        ):
            for line in path.read_text(encoding="utf-8").splitlines():
                if not line.startswith("      "):  # a command
                    yield name, line
        elif path.suffix == ".html":
            yield from ((name, text) for text in Words(path.read_text(encoding="utf-8")).parts)
        elif path.suffix == ".csv":
            yield from cells(name, list(read_table(path)))
        elif path.suffix == ".xlsx":
            for sheet in openpyxl.load_workbook(path, read_only=True):
                table = [[str(cell) if cell is not None else "" for cell in row] for row in sheet.values]
                yield from cells(f"{name} {sheet.title}", table)


FOREIGN = (
    "Code ",
    "Logiciel",
    "Version",
    "Éditeur",
    "Modèle",
    "Système",
    "Révision",
    "Compte",
    "Groupes",
    "Identifiant",
    "Pièce",
    "Port",
    "Obligation",
)


def cells(name: str, table: list[list[str]]) -> Iterator[tuple[str, str]]:
    """The cells of a table but those of codes and of what machines say."""
    header = table[0] if table else []
    for row in table:
        for index, cell in enumerate(row):
            column = header[index] if index < len(header) else ""
            if row is header or not column.startswith(FOREIGN):
                yield f"{name}, {column}", cell


def test_what_people_read_has_no_english_word(bundle: BuiltBundle) -> None:
    found = [
        (where, match[0], text.strip()[:100])
        for where, text in readable(bundle.path)
        if (match := ENGLISH.search(TYPED.sub("", text)))
    ]
    assert found == []


def test_what_people_read_has_french_typography(bundle: BuiltBundle) -> None:
    found = [
        (where, match[0], text.strip()[:100])
        for where, text in readable(bundle.path)
        if (match := ODD.search(re.sub(r"SHA256:\S*|\d\d:\d\d\S*|[0-9a-f:]{17}|C:\\\S*", "", text)))
    ]
    assert found == []


def test_no_cell_has_json_nor_half_of_a_sentence_of_a_program(bundle: BuiltBundle) -> None:
    for where, text in readable(bundle.path):
        assert not text.startswith(("{", "[")) and "None" not in text, (where, text)


def test_every_anomaly_is_told_in_french_and_to_the_operator_in_english(bundle: BuiltBundle) -> None:
    told = (bundle.path / "data/00-lisez-moi/anomalies.txt").read_text(encoding="utf-8")
    assert len(bundle.findings) >= 6 and "message du logiciel" not in told
    for word in (
        "notes.txt",
        "clé SSH des exploitants",
        "Clé d’hôte inconnue",
        "UC250001/updates.json",
        "UC250001/link",
    ):
        assert word in told, word
    assert any("not committed" in finding for finding in bundle.findings)


def test_the_pages_and_the_workbook_name_this_market_and_no_other(bundle: BuiltBundle) -> None:
    for where, text in readable(bundle.path):
        assert "Jurançon" not in text, where
    titles = [
        re.search(r"<title>([^<]*)</title>", path.read_text(encoding="utf-8"))
        for path in (bundle.path / "data").rglob("*.html")
    ]
    assert len(titles) > 6 and all(title and "école de démonstration" in title[1] for title in titles)


def test_the_transition_has_its_page(bundle: BuiltBundle) -> None:
    page = " ".join(
        Words((bundle.path / "data/05-comptes/transition.html").read_text(encoding="utf-8")).parts
    )
    for word in (
        "Robin Exemple",
        "rexemple",
        "mises à jour",
        "Bascule en cours",
        "Réseau",
        "École élémentaire",
    ):
        assert word in page, word


@pytest.mark.judge("chromium")
def test_axe_finds_nothing_on_any_page(bundle: BuiltBundle, tmp_path: Path) -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in (bundle.path / "data").rglob("*.html")}
    bad = '<!doctype html><html lang="fr"><head><title>x</title></head><body><img src="x"></body></html>'
    found = violations({**pages, "bad": bad}, tmp_path)
    assert "image-alt" in {rule for rule, _, _ in found.pop("bad")}
    assert len(found) == len(pages) > 8 and {name: seen for name, seen in found.items() if seen} == {}


@pytest.mark.parametrize(
    "text", ["l'école", "fin ;", "fin :", "fin:", "vraiment?", "« ici", "ici »", "et puis..."]
)
def test_typewriter_marks_are_seen(text: str) -> None:
    assert ODD.search(f"Voici {text} et la suite")


@pytest.mark.parametrize("text", ["l’école", "fin\u202f;", "fin\u00a0: oui", "«\u00a0ici\u00a0»", "et puis…"])
def test_good_typography_is_let_pass(text: str) -> None:
    assert not ODD.search(f"Voici {text} et la suite")


def test_an_english_word_is_seen_and_what_is_typed_is_not() -> None:
    assert ENGLISH.search(TYPED.sub("", "le fichier is missing"))
    assert not ENGLISH.search(
        TYPED.sub("", "reversibility takeover, étape « passwords », dans roles/accounts/the.yml")
    )
