"""Templates into HTML, and HTML into PDF/A-3.

A document is one file: its style is inside it, it loads nothing, it works without JavaScript and without a network.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import jinja2
from markupsafe import Markup

from reversibility.documents import french
from reversibility.errors import CartableError
from reversibility.records.atomic import write_atomically

FOLDER = Path(__file__).parent
PDF_VARIANT = "pdf/a-3u"  # PDF/A-3 with Unicode text: what is read can be searched, copied and spoken


def render_html(template: str, context: Mapping[str, Any]) -> str:
    """Render ``templates/<template>`` with ``context``. A name that is missing is an error, never a blank."""
    return _environment().get_template(template).render(context)


def html_to_pdfa3(html: str, path: Path, mode: int = 0o644) -> None:
    """Write ``html`` as PDF/A-3 with embedded fonts and tags for screen readers.

    Raises CartableError when WeasyPrint's system libraries (Pango) are missing.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise CartableError(
            f"PDF files cannot be made ({error}); install Pango: apt install libpango-1.0-0 libpangoft2-1.0-0."
        ) from error
    logging.getLogger("fontTools").setLevel(logging.WARNING)

    class Refusal(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
        """Documents load nothing from anywhere."""

        def fetch(self, url: str, headers: Any = None) -> NoReturn:
            raise ValueError(f"a document may not load {url}")

    document = HTML(string=html, url_fetcher=Refusal())
    content = document.write_pdf(pdf_variant=PDF_VARIANT, pdf_tags=True)
    assert content is not None
    write_atomically(path, content, mode)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        long_date=french.long_date,
        long_moment=french.long_moment,
        number=french.number,
        percent=french.percent,
        size=french.size,
        kind_name=french.kind_name,
    )
    environment.globals.update(
        # our own file, not data: it goes in as it is
        style=Markup((FOLDER / "style.css").read_text(encoding="utf-8")),
        plural=french.plural,
        statuses=french.STATUSES,
        methods=french.METHODS,
        parties=french.PARTIES,
        nbsp=french.NBSP,
        nnbsp=french.NNBSP,
    )
    return environment
