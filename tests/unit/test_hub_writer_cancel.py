"""A caller who gives up waiting must not end the writer for everybody else."""

import threading

import pytest
from sqlalchemy import Engine

from hub.database.unit import unit_of_work
from hub.errors import ServiceUnreachable
from hub.writer import Writer


def test_given_up_act_is_not_run_and_the_writer_goes_on(sqlite_control: Engine) -> None:
    writer = Writer(lambda: unit_of_work(sqlite_control))
    held, ran = threading.Event(), []
    first = writer.submit(lambda _: held.wait(5))
    given_up = writer.submit(lambda _: ran.append("given up"))
    after = writer.submit(lambda _: "done")
    assert given_up.cancel()
    held.set()
    assert first.result(5)
    assert after.result(5) == "done"
    assert not ran
    assert writer.submit(lambda _: "again").result(5) == "again"
    writer.close()
    assert not writer.alive
    with pytest.raises(ServiceUnreachable):
        writer.submit(lambda _: None)


def test_act_under_way_can_no_longer_be_given_up(sqlite_control: Engine) -> None:
    writer = Writer(lambda: unit_of_work(sqlite_control))
    started, held = threading.Event(), threading.Event()

    def act(_: object) -> str:
        started.set()
        held.wait(5)
        return "done"

    future = writer.submit(act)
    assert started.wait(5)
    assert not future.cancel()
    held.set()
    assert future.result(5) == "done"
    writer.close()
