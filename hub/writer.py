"""The group-commit writer: many acts, one COMMIT, each act atomic on its own.

One session per request gave 226 durable consent writes a second on SQLite; grouping gave 1,583. Each act runs in a
SAVEPOINT, so that one bad item fails alone; all that arrived meanwhile share one COMMIT; nobody is told "done"
before it. Audit entries that may wait for their place are written by one statement at the group's end, in its
transaction. If the COMMIT fails the whole group is told so. Acts must be idempotent by their own keys: after
`WriteUnknown` the caller repeats the same act.

What must happen between COMMIT and "done" (shipping the ledger to the key store and outside) is done by a second
thread, once for all groups that wait for it, while the next group is being written.

Acts of one kind can also be done together (`submit_to`), with one statement of a kind for all of them. What a kind
refuses by its own rules it refuses an item at a time; should it fail as a whole, each of its items is tried alone.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session

from hub.database.unit import UnitOfWork, sanitised
from hub.errors import ServiceUnreachable
from privacy.store.audit import together

GROUP_LIMIT: Final = 256
Act = Callable[[Session], Any]
Together = Callable[[Session, Sequence[Any]], Sequence[Any]]
"""A kind of act done for many items at once: an answer an item, in their order; an `Exception` refuses its item.

An item that is refused has written nothing. Whatever it raises undoes all of them, and each is tried alone.
"""


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """What somebody waits for: an act, or an item of a kind of act that is done together."""

    act: Act | None
    future: Future[Any]
    kind: Together | None = None
    item: Any = None


class Writer:
    """A thread that owns the writes of a serving process; `submit` from any thread, `close` at the end."""

    def __init__(self, begin: UnitOfWork, before_telling: Callable[[], None] | None = None) -> None:
        """Write in units of work that `begin` opens; nobody is told "done" before `before_telling` has returned."""
        self._begin = begin
        self._acts: queue.SimpleQueue[_Wanted | None] = queue.SimpleQueue()
        self._teller = None if before_telling is None else _Teller(before_telling)
        self._open, self._door = True, threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="varde-writer", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether acts are still taken."""
        return self._open and self._thread.is_alive()

    def submit(self, act: Act) -> Future[Any]:
        """Queue an act; the future holds its answer once the COMMIT that contains it is durable."""
        return self._queued(_Wanted(act, Future()))

    def submit_to(self, kind: Together, item: Any) -> Future[Any]:  # noqa: ANN401 - what it takes is the kind's to say
        """Queue an item of a kind of act that is done for all items of a group together."""
        return self._queued(_Wanted(None, Future(), kind, item))

    def submit_all(self, kind: Together, items: Sequence[Any]) -> Future[list[Any]]:
        """Queue items of one kind that somebody collected; one answer for all: an answer or a refusal an item."""
        return self.submit(lambda session: _each(kind, items, session))

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        with self._door:
            self._open = False
            self._acts.put(None)
        self._thread.join()
        if self._teller is not None:
            self._teller.close()

    def _queued(self, wanted: _Wanted) -> Future[Any]:
        with self._door:  # an act that got in stands before the end in the queue, so it gets its answer
            if not self.alive:
                raise ServiceUnreachable("the writer", "it has been closed")
            self._acts.put(wanted)
        return wanted.future

    def _serve(self) -> None:
        while (first := self._acts.get()) is not None:
            group = [first]
            ends = False
            while len(group) < GROUP_LIMIT:
                try:
                    following = self._acts.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    ends = True
                    break
                group.append(following)
            if wanted := _still_wanted(group):
                self._commit(wanted)
            if ends:
                return

    def _commit(self, group: Sequence[_Wanted]) -> None:
        answers: list[tuple[Future[Any], Any]] = []
        try:
            with self._begin() as session, together(session):
                for some in _by_kind(group):
                    answers += _run_together(some, session)
        except Exception as exc:  # noqa: BLE001 - whatever ended the group must reach every caller in it
            _tell([(wanted.future, exc) for wanted in group])
            return
        if self._teller is None:
            _tell(answers)
        else:
            self._teller.tell(answers)


Answers = list[tuple[Future[Any], Any]]


class _Teller:
    """A thread that tells answers once something else is done: once for all groups that came meanwhile."""

    def __init__(self, before: Callable[[], None]) -> None:
        self._before = before
        self._waiting: queue.SimpleQueue[Answers | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="varde-teller", daemon=True)
        self._thread.start()

    def tell(self, answers: Answers) -> None:
        """Queue the answers of a group that is committed."""
        self._waiting.put(answers)

    def close(self) -> None:
        """Tell what is queued, then stop."""
        self._waiting.put(None)
        self._thread.join()

    def _serve(self) -> None:
        ends = False
        while not ends:
            groups = [self._waiting.get()]
            with suppress(queue.Empty):
                while True:
                    groups.append(self._waiting.get_nowait())
            ends = None in groups
            answers = [answer for group in groups if group is not None for answer in group]
            if not answers:
                continue
            try:
                self._before()
            except Exception as exc:  # noqa: BLE001 - whoever waits must hear of it, and may repeat the act
                answers = [(future, exc) for future, _ in answers]
            _tell(answers)


def _tell(answers: Answers) -> None:
    for future, answer in answers:
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def _still_wanted(group: Sequence[_Wanted]) -> list[_Wanted]:
    """Drop what its caller gave up; from here on nobody can, so that telling an answer cannot fail."""
    return [wanted for wanted in group if wanted.future.set_running_or_notify_cancel()]


def _by_kind(group: Sequence[_Wanted]) -> list[list[_Wanted]]:
    """Put acts of one kind together; others stay alone. Whoever waits for several has no order among them."""
    kinds: dict[object, list[_Wanted]] = {}
    for wanted in group:
        kinds.setdefault(wanted if wanted.kind is None else wanted.kind, []).append(wanted)
    return list(kinds.values())


def _run_together(some: Sequence[_Wanted], session: Session) -> list[tuple[Future[Any], Any]]:
    """Run acts of one kind in one savepoint; if that fails, each of them in its own. Return what to tell whom.

    Refusals are told at the end, too: the group may yet fail.
    """
    kind = some[0].kind
    if kind is None:
        return [(wanted.future, _answer(_run(wanted.act, session))) for wanted in some if wanted.act is not None]
    answers = _each(kind, [wanted.item for wanted in some], session)
    return [(wanted.future, answer) for wanted, answer in zip(some, answers, strict=True)]


def _each(kind: Together, items: Sequence[Any], session: Session) -> list[Any]:
    """Do a kind's items together in one savepoint; if that fails, each in its own. Answer each, or tell its refusal."""
    together = _run(lambda session: kind(session, items), session)
    if not isinstance(together, Exception):
        return list(together[0])
    if len(items) == 1:
        return [together]
    # One of them is to blame: alone it is told so, and the others are done.
    return [_answer(_run(partial(_alone, kind, item), session)) for item in items]


def _run(act: Act, session: Session) -> tuple[Any] | Exception:
    """Run one act in its savepoint; a failure is its own and does not touch the group."""
    savepoint = session.begin_nested()
    try:
        answer = act(session)
        savepoint.commit()
    except DBAPIError as exc:
        failure: Exception = sanitised(exc)
    except Exception as exc:  # noqa: BLE001 - one bad item must not fail its group
        failure = exc
    else:
        return (answer,)
    if not _undone(session, savepoint):
        raise failure
    return failure


def _answer(outcome: tuple[Any] | Exception) -> Any:  # noqa: ANN401 - an answer of any kind
    return outcome if isinstance(outcome, Exception) else outcome[0]


def _alone(kind: Together, item: Any, session: Session) -> Any:  # noqa: ANN401 - an answer of any kind
    """Do one item, and return its answer or refusal."""
    (answer,) = kind(session, [item])
    return answer


def _undone(session: Session, savepoint: SessionTransaction) -> bool:
    """Roll one act back; False if the transaction is lost with it, and so the group: nobody in it is told "done".

    SQLite rolls the whole transaction back by itself on a full disk; a lost connection takes it along.
    """
    try:
        savepoint.rollback()
    except DBAPIError:
        return False
    return not session.connection().invalidated
