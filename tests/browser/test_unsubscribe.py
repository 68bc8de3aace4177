"""The link of a message in a browser: looking changes nothing, one key says no, and nothing comes from elsewhere."""

import pytest
from playwright.sync_api import Browser, Page

from privacy.purposes import LANGUAGES
from privacy.store.consent import history_of
from privacy.store.subject_token import SubjectScope
from privacy.terms import ActChannel, ConsentAct
from tests.api.world import WINBACK, World

BUTTONS = {"nb": "Ja, slutt å sende meg slike", "de": "Ja, bitte nicht mehr senden"}


def link(world: World, person: int) -> str:
    return f"/u/{world.token(person, scope=SubjectScope.OPT_OUT, purposes=WINBACK)}"


def noes(world: World, person: int) -> list[tuple[str, ConsentAct]]:
    with world.hub.reading() as session:
        found = history_of(session, [world.records[person]])
    return [(act.purpose, act.event.act) for act in found if act.event.channel is ActChannel.ONE_CLICK]


@pytest.mark.parametrize(("person", "language"), [*enumerate(LANGUAGES)])
def test_one_key_press_says_no_and_looking_does_not(
    browser: Browser, world: World, address: str, person: int, language: str
) -> None:
    context = browser.new_context(locale=language, viewport={"width": 320, "height": 640})
    page = context.new_page()
    asked: list[str] = []
    refused: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: refused.append(message.text))
    page.goto(address + link(world, person))
    page.reload()
    assert noes(world, person) == []
    question = page.inner_text("h1")
    assert page.get_attribute("html", "lang") == language
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    assert noes(world, person) == [(WINBACK, ConsentAct.WITHDRAWN)]
    assert page.inner_text("h1") != question
    assert page.get_attribute("html", "lang") == language
    assert {url.partition("/u/")[0] for url in asked if not url.endswith("/favicon.ico")} == {address}
    assert [text for text in refused if "Content Security Policy" in text] == []
    page.reload()  # the browser posts the form again: a no said twice is one no
    assert len(noes(world, person)) == 1
    context.close()


def test_another_language_is_one_link_away_and_does_nothing(page: Page, world: World, address: str) -> None:
    page.goto(address + link(world, 6))
    page.click("a[hreflang=de]")
    page.wait_for_selector("html[lang=de]")
    assert page.inner_text("button") == BUTTONS["de"]
    page.click("a[hreflang=nb]")
    page.wait_for_selector("html[lang=nb]")
    assert page.inner_text("button") == BUTTONS["nb"]
    assert noes(world, 6) == []


def test_the_policy_of_the_page_is_in_force(page: Page, world: World, address: str) -> None:
    """What somebody managed to put into the page would neither run, nor load, nor send the form elsewhere."""
    page.goto(address + link(world, 7))
    reached: list[str] = []
    page.on("requestfinished", lambda request: reached.append(request.url))  # one that is blocked fails
    page.evaluate(
        """() => {
        const script = document.createElement('script'); script.textContent = 'window.ran = true';
        const picture = document.createElement('img'); picture.src = '/v1/health?picture';
        document.body.append(script, picture);
        document.querySelector('form').action = 'http://elsewhere.example/';
        }"""
    )
    page.evaluate("document.querySelector('button').click()")  # `click` would wait for what never comes
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None
    assert reached == []
    assert noes(world, 7) == []


def test_the_page_fits_a_small_screen_and_large_letters(page: Page, world: World, address: str) -> None:
    for language in LANGUAGES:
        page.goto(f"{address}{link(world, 8)}?lang={language}")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_dead_link_says_so_and_how_to_go_on(page: Page, address: str) -> None:
    page.goto(f"{address}/u/nobody-has-this-token?lang=en")
    page.click("button")
    page.wait_for_selector("[role=status]")
    assert "newest message" in page.inner_text("main")
