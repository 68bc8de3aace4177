"""What arrives while the writer is at work goes to it as one group, and everybody gets their own answer."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from hub.api.counter import Counter
from hub.errors import ChoiceWithoutEffect, ServiceUnreachable
from hub.writer import GROUP_LIMIT


class Writer:
    """Takes groups and answers when it is told to."""

    def __init__(self) -> None:
        self.groups: list[tuple[Sequence[Any], Future[list[Any]]]] = []
        self.closed = False

    def submit_all(self, _kind: object, items: Sequence[Any]) -> Future[list[Any]]:
        if self.closed:
            raise ServiceUnreachable("the writer", "it has been closed")
        self.groups.append((items, Future()))
        return self.groups[-1][1]

    def answer(self, group: int) -> None:
        items, future = self.groups[group]
        future.set_result([ChoiceWithoutEffect("contract") if item == "bad" else item.upper() for item in items])


def counter_of(writer: Writer) -> Counter:
    return Counter(writer, lambda _session, items: items)  # type: ignore[arg-type]  # the fake stands in for the writer


def test_what_arrives_meanwhile_is_one_group() -> None:
    writer = Writer()

    async def act() -> list[Any]:
        counter = counter_of(writer)
        asked = [counter.ask(word) for word in ("a", "b", "c", "bad", "d")]
        assert [list(items) for items, _ in writer.groups] == [["a"]], "one group is on its way at a time"
        writer.answer(0)
        await asked[0]
        assert list(writer.groups[1][0]) == ["b", "c", "bad", "d"]
        writer.answer(1)
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = asyncio.run(act())
    assert [answer for answer in answers if not isinstance(answer, Exception)] == ["A", "B", "C", "D"]
    assert isinstance(answers[3], ChoiceWithoutEffect)


def test_who_waits_behind_a_whole_group_that_gave_up_is_done() -> None:
    writer = Writer()

    async def act() -> Any:
        counter = counter_of(writer)
        first, *gone = [counter.ask("a") for _ in range(GROUP_LIMIT + 1)]
        stayed = counter.ask("stayed")
        for each in gone:
            each.cancel()
        writer.answer(0)
        await first
        assert list(writer.groups[1][0]) == ["stayed"]
        writer.answer(1)
        return await stayed

    assert asyncio.run(act()) == "STAYED"


def test_who_gave_up_before_is_not_done() -> None:
    writer = Writer()

    async def act() -> None:
        counter = counter_of(writer)
        first, gone, stayed = [counter.ask(word) for word in ("a", "gone", "stayed")]
        gone.cancel()
        writer.answer(0)
        await first
        assert list(writer.groups[1][0]) == ["stayed"]
        writer.answer(1)
        assert await stayed == "STAYED"

    asyncio.run(act())


def test_a_group_has_a_limit() -> None:
    writer = Writer()

    async def act() -> None:
        counter = counter_of(writer)
        asked = [counter.ask("x") for _ in range(GROUP_LIMIT + 5)]
        writer.answer(0)
        await asked[0]
        assert len(writer.groups[1][0]) == GROUP_LIMIT
        writer.answer(1)
        await asked[1]
        assert len(writer.groups[2][0]) == 4

    asyncio.run(act())


def test_a_failure_of_the_group_reaches_everybody_and_the_next_is_served() -> None:
    writer = Writer()

    async def act() -> None:
        counter = counter_of(writer)
        first = counter.ask("a")
        writer.groups[0][1].set_exception(ServiceUnreachable("the control database", "gone"))
        with pytest.raises(ServiceUnreachable):
            await first
        second = counter.ask("b")
        writer.answer(1)
        assert await second == "B"
        writer.closed = True
        with pytest.raises(ServiceUnreachable):
            await counter.ask("c")
        writer.closed = False
        third = counter.ask("d")
        writer.answer(2)
        assert await third == "D"

    asyncio.run(act())
