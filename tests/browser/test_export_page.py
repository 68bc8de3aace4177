"""The page of an access export in a browser: it loads nothing, fits a telephone, and prints as a PDF."""

import re
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import Page

from hub.requests.export import Form
from tests.builders import FixedClock
from tests.request_builders import copied


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    with copied(folder, FixedClock()) as office:
        place = folder / "my-data.html"
        place.write_bytes(office.exported("shop:k1", Form.HTML, "nb"))
    return place


def test_nothing_is_fetched_and_nothing_runs(page: Page, exported: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(exported.as_uri())
    assert asked == [exported.as_uri()]
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_contents_lead_to_their_sections(page: Page, exported: Path) -> None:
    page.goto(exported.as_uri())
    links = page.locator("nav a")
    for number in range(links.count()):
        heading = page.locator(f"{links.nth(number).get_attribute('href')} h2")
        assert heading.inner_text() == links.nth(number).inner_text()


def test_it_prints_as_a_pdf_of_several_pages(page: Page, exported: Path) -> None:
    """The words of the PDF are glyphs: what can be read back without a PDF library is its title, pages and tags."""
    page.goto(exported.as_uri())
    written = page.pdf(prefer_css_page_size=True, tagged=True)
    plain = written + b"".join(_inflated(written))
    assert written.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", plain)) > 1
    assert b"/StructTreeRoot" in plain  # a screen reader finds headings and tables in it
    assert b"/Lang" in plain
    box = re.search(rb"/MediaBox\s*\[\s*0 0 (\d+)", plain)
    assert box is not None
    assert box.group(1) in {b"594", b"595"}  # A4, by the page's own rule


def test_what_is_for_the_screen_is_not_on_paper(page: Page, exported: Path) -> None:
    page.goto(exported.as_uri())
    page.emulate_media(media="print")
    assert not page.is_visible("nav")
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"


def _inflated(content: bytes) -> list[bytes]:
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, flags=re.DOTALL):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return found
