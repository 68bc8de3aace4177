"""Acts of one kind are done together, and still fail one by one."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.unit import RuleBroken, reading, unit_of_work
from hub.writer import Writer
from tests.integration.test_writer import Gate

SECONDS = 20


class Words:
    """A kind of act: write words; an empty word is refused by rule, a word that is there by the database."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, session: Session, words: Sequence[str]) -> list[str | Exception]:
        self.sizes.append(len(words))
        for word in filter(None, words):
            session.execute(text("INSERT INTO word VALUES (:word)"), {"word": word})
        return [word or LookupError("empty") for word in words]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engine_of(database_url)
    with unit_of_work(engine) as session:
        session.execute(text("CREATE TABLE word (word VARCHAR(64) PRIMARY KEY)"))
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    writer = Writer(partial(unit_of_work, engine))
    yield writer
    writer.close()


def together(writer: Writer, kind: Words, words: list[str]) -> list[Future[Any]]:
    gate = Gate()
    writer.submit(gate)
    assert gate.entered.wait(SECONDS)
    futures = [writer.submit_to(kind, word) for word in words]
    gate.opened.set()
    return futures


def stored(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.execute(text("SELECT word FROM word ORDER BY word")).scalars())


def test_items_of_one_kind_are_done_in_one_call(engine: Engine, writer: Writer) -> None:
    kind = Words()
    answers = [future.result(SECONDS) for future in together(writer, kind, ["a", "b", "c"])]
    assert (answers, kind.sizes, stored(engine)) == (["a", "b", "c"], [3], ["a", "b", "c"])


def test_item_refused_by_rule_costs_the_others_nothing(engine: Engine, writer: Writer) -> None:
    kind = Words()
    good, bad, more = together(writer, kind, ["a", "", "c"])
    assert (good.result(SECONDS), more.result(SECONDS)) == ("a", "c")
    assert isinstance(bad.exception(SECONDS), LookupError)
    assert (kind.sizes, stored(engine)) == ([3], ["a", "c"])


def test_item_that_breaks_its_kind_fails_alone(engine: Engine, writer: Writer) -> None:
    kind = Words()
    first, again, other = together(writer, kind, ["a", "a", "c"])
    assert (first.result(SECONDS), other.result(SECONDS)) == ("a", "c")
    refused = again.exception(SECONDS)
    assert isinstance(refused, RuleBroken)
    assert refused.__context__ is refused.__cause__ is None
    assert (kind.sizes, stored(engine)) == ([3, 1, 1, 1], ["a", "c"])


def test_one_item_alone_is_answered_or_refused(engine: Engine, writer: Writer) -> None:
    kind = Words()
    assert writer.submit_to(kind, "a").result(SECONDS) == "a"
    assert isinstance(writer.submit_to(kind, "").exception(SECONDS), LookupError)
    assert stored(engine) == ["a"]


def test_kinds_do_not_mix(engine: Engine, writer: Writer) -> None:
    one, other, gate = Words(), Words(), Gate()
    writer.submit(gate)
    assert gate.entered.wait(SECONDS)
    futures = [writer.submit_to(kind, word) for kind, word in ((one, "a"), (other, "b"), (one, "c"))]
    gate.opened.set()
    assert [future.result(SECONDS) for future in futures] == ["a", "b", "c"]
    assert (one.sizes, other.sizes) == ([2], [1])
