"""docs/compliance.md says what the spec tests say, and each spec test says something."""

from pathlib import Path

import pytest

from tests.spec.compliance import ABSENT, PAGE, Malformed, chapters, page, stale_absences

ASKS = '"""Article 17: asks."""\n'
ERASE = 'def test_art17_3b_kept() -> None:\n    """Keeps a | b,\n    and c.\n\n    More.\n    """\n'


def spec(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def test_the_list_is_what_the_spec_tests_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(chapters()), "run `python -m tests.spec.compliance` and commit it"


def test_nothing_is_said_to_be_absent_that_is_there() -> None:
    assert stale_absences(chapters()) == [], "take it out of ABSENT"


def test_articles_are_in_the_order_of_their_numbers_whatever_the_files_order(tmp_path: Path) -> None:
    late = ERASE.replace("17_3b", "35")
    directive = '"""Directive 2002/58/EC, Article 13: asks."""\n' + ERASE.replace(
        "art17_3b", "directive_2002_58_art13_1"
    )
    written = page(
        chapters(
            spec(
                tmp_path,
                test_directive_2002_58_art13_channels=directive,
                test_art35_assessment=ASKS.replace("17", "35") + late,
                test_art09_special=ASKS.replace("17", "9") + ERASE + ERASE.replace("17_3b", "09_2a"),
                test_art17_erasure=ASKS + "def test_it() -> None:\n    '''Erases.'''\n",
            )
        )
    )
    headings = [line for line in written.splitlines() if line.startswith(("## Article", "## Dir"))]
    assert headings == ["## Article 9", "## Article 17", "## Article 35", "## Directive 2002/58/EC, Article 13"]
    assert (
        r"| 17(3)(b) | Keeps a \| b, and c. | [`test_art17_3b_kept`](../tests/spec/test_art09_special.py) |" in written
    )
    assert written.index("| 17 | Erases.") < written.index("| 17(3)(b) |")
    assert "[Directive 2002/58/EC, Article 13](#directive-200258ec-article-13)" in written


def test_a_file_of_two_articles_is_of_both(tmp_path: Path) -> None:
    asks = '"""Articles 13 and 14: asks."""\n'
    written = page(chapters(spec(tmp_path, test_art13_notice=asks + ERASE.replace("17_3b", "14_1d"))))
    assert "## Article 13\n- Articles 13 and 14: asks." in written
    assert "## Article 14\n- Articles 13 and 14: asks." in written
    assert "| 14(1)(d) |" in written


def test_an_article_is_absent_until_a_file_is_named_after_it(tmp_path: Path) -> None:
    folder = spec(tmp_path, test_art17_erasure=ASKS + ERASE)
    assert all(f"| {article} | {why} |" in page(chapters(folder)) for article, why in ABSENT.items())
    spec(folder, test_art33_breach='"""Article 33: asks."""\ndef test_it() -> None:\n    """Tells."""\n')
    assert stale_absences(chapters(folder)) == [33]
    assert f"| 33 | {ABSENT[33]} |" not in page(chapters(folder))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("test_art17_erasure", ERASE, "begin its docstring"),
        ("test_art17_erasure", ASKS.replace("17", "18") + ERASE, "begin its docstring `Article 17"),
        ("test_art1_subject", ASKS + ERASE, "begin its docstring `Article 1[.]"),
        ("test_art17_erasure", ASKS + "def test_it() -> None: ...\n", "test_it needs a docstring"),
        ("test_art17_erasure", ASKS, "holds no test"),
        ("test_erasure", ASKS + ERASE, "name it test_artNN_subject"),
        ("test_art18_restriction", ASKS.replace("17", "18") + ERASE, "Article 17: give it a file of its own"),
    ],
)
def test_what_says_nothing_is_refused_with_its_place(tmp_path: Path, name: str, text: str, told: str) -> None:
    with pytest.raises(Malformed, match=told):
        page(chapters(spec(tmp_path, **{name: text})))
