"""Laws of redaction over random texts made of words, names, numbers, marks and placeholders."""

import re
from collections import Counter

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from privacy.redaction.folding import folded, viewed
from privacy.redaction.placeholder import Kind
from privacy.redaction.redactor import redact

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PIECES = st.sampled_from(
    [
        "Hei",
        "Kari",
        "nordmann",
        "Per",
        "Mvh",
        "\n",
        "Herr",
        "Müller",
        "jeg heter",
        "og",
        "Storgata",
        "5",
        "0155 Oslo",
        "91234567",
        "ordre",
        "kr",
        "[NAME_1]",
        "[EMAIL_2]",
        "@",
        "a@b.example",
        "010190 12345",
        "12.03.2024",
        "+47",
        "(",
        ")",
        "-",
        "Straße",
        "von",
        "K.",
        "https://x?y",
        "4111 1111",
    ]
)
WORDS = st.lists(PIECES | st.text(max_size=6), max_size=12).map(" ".join)
GLUED = st.lists(PIECES | st.text(max_size=6), max_size=8).map("".join)
TEXTS = WORDS | GLUED | st.text(max_size=60)
ATTRIBUTES = st.text(st.characters(categories=["Lu", "Ll", "Nd"], max_codepoint=0x17F), min_size=3, max_size=14)


def redacted(text: str, *own: str) -> str:
    return str(redact([text], own=[own]).frame["text_redacted"].fill_null("")[0])


@settings(deadline=None)
@given(TEXTS)
@example("Hei [NAME_1] Nordmann")
@example("a@b@c.example")
@example("Kari(591234567")  # the number is seen only once the name is gone
@example("91234567@Herr")
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = redact([text], own=None)
    twice = redact(once.frame["text_redacted"], own=None)
    assert twice.counts == {}
    assert twice.frame["text_redacted"].to_list() == once.frame["text_redacted"].to_list()


@settings(deadline=None)
@given(TEXTS)
@example("x@@y.example a@b.c@d.e")
@example("kari＠firma.example")
def test_no_email_is_left(text: str) -> None:
    assert not EMAIL.search(viewed(redacted(text)))


@settings(deadline=None)
@given(TEXTS, ATTRIBUTES, TEXTS, st.sampled_from([str, str.upper, str.lower, str.title]))
def test_an_own_attribute_never_survives(before: str, attribute: str, after: str, cased: type[str]) -> None:
    planted = cased(attribute)
    assume(len(planted) == len(attribute))
    assume(not any(folded(attribute) in folded(kind) for kind in Kind))
    left = redacted(f"{before} {planted} {after}", attribute)
    words = re.findall(r"\w+", folded(re.sub(r"\[[A-Z]+_\d+\]", " ", left)))
    assert folded(attribute) not in words


@settings(deadline=None)
@given(ATTRIBUTES.filter(lambda value: len(value) > 5), TEXTS)
def test_a_long_own_attribute_goes_even_inside_a_word(attribute: str, around: str) -> None:
    left = re.sub(r"\[[A-Z]+_\d+\]", " ", redacted(f"{around}{attribute}{around}", attribute))
    assert folded(attribute) not in folded(left)


@settings(deadline=None)
@given(st.lists(TEXTS | st.none(), max_size=6))
@example(["Hei", "0000 A0"])
@example(["Hei", "Ea!A"])
@example(["Storgata 5", "0000 A0"])
def test_texts_that_share_no_word_say_nothing_of_each_other(texts: list[str | None]) -> None:
    words = [set(re.findall(r"[^\W\d_]+", viewed(text or "").lower().replace("s", ""))) for text in texts]
    shared = Counter(word for each in words for word in each)
    batch = redact(texts, own=None).frame.rows()
    apart = [row for row, said in enumerate(words) if all(shared[word] == 1 for word in said)]
    assert [batch[row] for row in apart] == [redact([texts[row]], own=None).frame.row(0) for row in apart]


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=6))
@example(["Olsen ringte", "Olsen svarte ikke", "Per Olsen her"])
def test_redacting_a_batch_twice_changes_nothing(texts: list[str]) -> None:
    once = redact(texts, own=None)
    assume(not once.frame["withheld"].any())  # what is withheld speaks for no other text any more
    twice = redact(once.frame["text_redacted"], own=None)
    assert twice.counts == {}
    assert twice.frame["text_redacted"].to_list() == once.frame["text_redacted"].to_list()


@given(st.text(max_size=40))
def test_views_keep_every_place(text: str) -> None:
    assert len(viewed(text)) == len(folded(text)) == len(text)
