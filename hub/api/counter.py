"""Collecting what arrives while the writer is at work, so that a group costs one hand-over and one answer.

A hand-over between the event loop and the writer's thread costs as much processor time as a row in the database: a
group of them is handed over together. Nothing waits for company: what finds the writer idle goes at once. One group is
on its way at a time, and all that arrives meanwhile is the next. Two were tried, one being written while what must
follow the COMMIT of the other was done: groups were half as large, and their fixed cost ate more than the overlap gave.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from hub.errors import ServiceUnreachable
from hub.writer import GROUP_LIMIT, Together, Writer

_Waiting = tuple[Any, asyncio.Future[Any]]


class Counter:
    """One kind of act for the callers of one event loop."""

    def __init__(self, writer: Writer, kind: Together) -> None:
        self._writer, self._kind = writer, kind
        self._waiting: list[_Waiting] = []
        self._is_on_its_way = False

    def ask(self, item: Any) -> asyncio.Future[Any]:  # noqa: ANN401 - what it takes is the kind's to say
        """Have an item done; the future holds its answer once the COMMIT that contains it is durable.

        Who gives up before it was handed over is not done.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._hand_over()
        return future

    def _hand_over(self) -> None:
        if self._is_on_its_way:
            return
        group: list[_Waiting] = []
        while self._waiting and not group:  # behind many who gave up, somebody may still wait
            group = [each for each in self._waiting[:GROUP_LIMIT] if not each[1].done()]
            del self._waiting[:GROUP_LIMIT]
        if not group:
            return
        self._is_on_its_way = True
        loop = asyncio.get_running_loop()
        try:
            handed = self._writer.submit_all(self._kind, [item for item, _ in group])
        except ServiceUnreachable as exc:  # the writer has been closed: every caller of the group must hear of it
            self._tell(group, [exc] * len(group))
            return
        handed.add_done_callback(lambda done: loop.call_soon_threadsafe(self._tell, group, _answers(done, len(group))))

    def _tell(self, group: Sequence[_Waiting], answers: Sequence[Any]) -> None:
        self._is_on_its_way = False
        for (_, future), answer in zip(group, answers, strict=True):
            if future.done():  # its caller has gone
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        self._hand_over()


def _answers(done: Future[list[Any]], count: int) -> list[Any]:
    failure = done.exception()
    return done.result() if failure is None else [failure] * count
