"""Placeholders of a thread: one value, one number; another thread, another number; no key, no number."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.redaction.redactor import redact
from privacy.redaction.thread import FIRST, Threads, Tokens


def under(key: str) -> Tokens:
    def tokens(values: Sequence[str]) -> list[bytes]:
        return [hashlib.sha256(f"{key}{value}".encode()).digest()[:8] for value in values]

    return tokens


def texts_of(*texts: str, threads: list[int | None], key: str = "k", own: tuple[str, ...] = ()) -> list[str | None]:
    given_threads = Threads(threads, under(key))
    frame = redact(list(texts), own=[own] * len(texts), threads=given_threads).frame
    return frame["text_redacted"].to_list()


def test_a_name_has_one_number_whether_said_in_full_or_not() -> None:
    full, short = texts_of("Hei Kari Nordmann", "Hei Kari", threads=[1, 1])
    assert full == short
    assert full is not None
    assert int(full.removeprefix("Hei [NAME_").removesuffix("]")) >= FIRST


def test_batches_apart_give_the_same_number() -> None:
    assert texts_of("Ring 91 23 45 67", threads=[7]) == texts_of("Ring 91234567", threads=[7])


def test_another_thread_and_another_key_give_another_number() -> None:
    first, other = texts_of("Hei Kari", "Hei Kari", threads=[1, 2])
    assert first != other
    assert texts_of("Hei Kari", threads=[1], key="other") != [first]


def test_the_writer_is_one_person_by_any_part_of_the_name() -> None:
    own = ("Kari Nordmann", "kari.nordmann@post.example")
    first, last = texts_of("Mvh Kari", "Mvh Nordmann", threads=[1, 1], own=own)
    assert first == last


def test_two_customers_of_one_thread_are_two_people() -> None:
    said = Threads([1, 1, 1], under("k"), writers=[b"a", b"b", b"a"])
    own = [["Kari Nordmann"], ["Ola Hansen"], ["Kari Nordmann"]]
    frame = redact(["Mvh Kari", "Mvh Ola", "Mvh Nordmann"], own=own, threads=said).frame
    kari, ola, nordmann = frame["text_redacted"]
    assert kari == nordmann
    assert kari != ola


def test_a_text_in_no_thread_counts_from_one() -> None:
    assert texts_of("Hei Kari", "Hei Ola", threads=[None, 3])[0] == "Hei [NAME_1]"


@given(st.lists(st.sampled_from(["Hei Kari", "Mvh\nOla Nordmann", "Ring Kari på 91234567"]), min_size=1, max_size=4))
def test_redacting_what_was_redacted_in_a_thread_changes_nothing(texts: list[str]) -> None:
    threads: list[int | None] = [5] * len(texts)
    once = texts_of(*texts, threads=threads)
    assert texts_of(*[text or "" for text in once], threads=threads) == once


def test_a_thread_must_be_given_for_each_text() -> None:
    with pytest.raises(ValueError, match="threads has 1 entries"):
        texts_of("a", "b", threads=[1])
