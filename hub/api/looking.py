"""Reads of one customer each, collected while others are being answered: a group shares one transaction and one COMMIT.

As `hub.api.counter` does for choices, without the writer: an answer that is refused has written nothing, so none needs
a savepoint, and nothing of it is owed to the ledger. Nothing waits for company.

What comes before a look (who calls, whether they are admitted) may be handed over, too: one thread then does all of it
for the group, one after another, where a thread for each would cost more than what it does.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from anyio import to_thread

from hub.compose import Hub
from hub.views.online import Row, Sought, answer_all

_AT_MOST: Final = 256
_Answer = Row | Exception | None
Prepare = Callable[[], Sought]
"""Makes a question, or raises why it is none."""


class Looking:
    """The reads of one event loop."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._waiting: list[tuple[Prepare, asyncio.Future[Row | None]]] = []
        self._round: asyncio.Task[None] | None = None

    def ask(self, sought: Sought) -> asyncio.Future[Row | None]:
        """Have a row looked at; the future holds the answer once its entry is durable."""
        return self.ask_prepared(lambda: sought)

    def ask_prepared(self, prepare: Prepare) -> asyncio.Future[Row | None]:
        """Have a question made in a thread, and its row looked at."""
        future: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((prepare, future))
        if self._round is None:
            self._round = asyncio.create_task(self._go_round())
        return future

    async def _go_round(self) -> None:
        while self._waiting:
            group = [each for each in self._waiting[:_AT_MOST] if not each[1].done()]
            del self._waiting[:_AT_MOST]
            answers = await self._answered([prepare for prepare, _ in group])
            for (_, future), answer in zip(group, answers, strict=True):
                _tell(future, answer)
        self._round = None

    async def _answered(self, group: Sequence[Prepare]) -> Sequence[_Answer]:
        try:
            return await to_thread.run_sync(self._answer, group)
        except Exception as exc:  # noqa: BLE001 - whatever ended the group must reach every caller in it
            return [exc] * len(group)

    def _answer(self, group: Sequence[Prepare]) -> Sequence[_Answer]:
        made = [_made(prepare) for prepare in group]
        sought = [each for each in made if isinstance(each, Sought)]
        answers: Iterator[_Answer] = iter(())
        if sought:
            with self._hub.unit_of_work() as session:
                answers = iter(answer_all(self._hub, session, sought))
        return [next(answers) if isinstance(each, Sought) else each for each in made]


def _made(prepare: Prepare) -> Sought | Exception:
    try:
        return prepare()
    except Exception as exc:  # noqa: BLE001 - whatever ended one must reach its caller, and no other
        return exc


def _tell(future: asyncio.Future[Row | None], answer: _Answer) -> None:
    if future.done():  # its caller has gone
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
