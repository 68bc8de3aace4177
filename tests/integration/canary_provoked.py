"""Errors that no input provokes, raised where they would arise, each holding tokens; and crashes at a named step.

Each is a command of the test's own application. The words come on standard input, never as arguments.
"""

import gc
import logging
import os
import shutil
import signal
import sqlite3
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl
import typer
from sqlalchemy import event, insert, text
from sqlmodel import Session

from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.compose import Hub
from hub.consents import find_subject
from hub.subject_tokens import issue
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file
from ingest.pipeline.events import EventArrival
from ingest.tables.batch import Batch
from privacy.keys import KEY_BYTES
from privacy.store.subject_token import SubjectScope, SubjectToken


def _words() -> list[str]:
    return sys.stdin.read().split()


def subject_token(ctx: typer.Context, out: Path) -> None:
    """Hand a person, named on standard input, a token for their choices."""
    act = acting(ctx, Duty.ANYTHING)
    (identifier,) = _words()
    opens = SubjectToken(
        record_id=find_subject(act.hub, identifier).records[0],
        scope=SubjectScope.CHOICES,
        purposes=frozenset({"*"}),
        expires_at=act.hub.clock() + timedelta(days=1),
    )
    out.write_text(issue(act.hub, opens, act.principal), encoding="ascii")


def break_home(ctx: typer.Context, how: str, place: Path) -> None:
    """Copy the home and break the copy."""
    settings = acting(ctx, Duty.ANYTHING).hub.settings
    shutil.copytree(settings.home, place)
    match how:
        case "kek":
            (place / "key" / "kek").write_bytes(bytes(range(KEY_BYTES)))
        case "lake":
            for file in filter(Path.is_file, (place / "lake").rglob("*")):
                content = bytearray(file.read_bytes())
                content[len(content) // 2] ^= 0xFF
                file.write_bytes(content)
        case "database":
            content = bytearray((place / "control.db").read_bytes())
            content[4096 * 3 : 4096 * 40] = os.urandom(4096 * 37)
            (place / "control.db").write_bytes(content)
        case _:
            (place / "control.db").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 400)


def sql(ctx: typer.Context, how: str) -> None:
    """Break a rule of the database with tokens as parameters."""
    hub = acting(ctx, Duty.ANYTHING).hub
    word, *_ = _words()
    row = {"batch_id": word.encode(), "contract": word, "source": word, "idempotency_key": word.encode()}
    match how:
        case "unit":
            with hub.unit_of_work() as session:
                session.execute(insert(Batch), [row])
        case "twice":
            with hub.unit_of_work() as session:
                _label_twice(hub, session, word)
        case "raw":
            with hub.engine.begin() as connection:
                connection.execute(insert(Batch), [row])
        case "while_handling":
            try:
                int(word)
            except ValueError:
                with hub.unit_of_work() as session:
                    session.execute(text(f"SELECT '{word}' FROM {word}"))  # noqa: S608 - a broken statement is the point
        case _:
            with hub.unit_of_work() as session:
                session.execute(text("INSERT INTO no_such VALUES (:word)"), {"word": word})


def _label_twice(hub: Hub, session: Session, word: str) -> None:
    statement = text("INSERT INTO source_record SELECT * FROM source_record WHERE :word = :word")
    session.execute(statement, {"word": word})


def inside(ctx: typer.Context, how: str) -> None:
    """Raise what Polars, the interpreter or a library would raise, with tokens in its text and its locals."""
    acting(ctx, Duty.ANYTHING)
    values = _words()
    frame = pl.DataFrame({"text": values})
    raised: dict[str, Callable[[], object]] = {
        "cast": lambda: frame.select(pl.col("text").cast(pl.Int64)),
        "column": lambda: frame.select(pl.col(values[0])),
        "lazy": lambda: frame.lazy().select(pl.col("text").str.to_datetime("%Y")).collect(),
        "udf": lambda: frame.select(pl.col("text").map_elements(int, return_dtype=pl.Int64)),
        "key": lambda: dict.fromkeys(values)[values[0].lower()],
        "unicode": (values[0].encode() + b"\xff").decode,
        "file": lambda: Path(values[0]).read_bytes(),
        "group": partial(_group, values),
        "note": partial(_noted, values),
    }
    raised[how]()


def _group(values: list[str]) -> None:
    raise ExceptionGroup(values[0], [ValueError(value) for value in values])


def _noted(values: list[str]) -> None:
    error = RuntimeError("constant")
    error.add_note(values[0])
    raise error from ValueError(values[0])


def quiet(ctx: typer.Context) -> None:
    """Say tokens where nobody catches: warnings, foreign loggers, a thread, a finaliser."""
    acting(ctx, Duty.ANYTHING)
    word, *_ = _words()
    warnings.warn(word, stacklevel=1)
    for name in ("sqlalchemy.engine", "uvicorn.error", "asyncio", "fastexcel"):
        logging.getLogger(name).warning("%s", word)
        logging.getLogger(name).error(word, exc_info=ValueError(word))
    thread = threading.Thread(target=partial(_missing, word))
    thread.start()
    thread.join()
    _Broken(word)
    gc.collect()


def _missing(word: str) -> None:
    raise KeyError(word)


class _Broken:
    def __init__(self, word: str) -> None:
        self.word = word

    def __repr__(self) -> str:
        return self.word

    def __del__(self) -> None:
        raise ValueError(self.word)


def delivery(ctx: typer.Context, how: str, contract: Path, file: Path) -> None:
    """Take a delivery in and fail, or die, in its middle."""
    act = acting(ctx, Duty.INGEST)
    ports = act.hub.ports(act.principal.principal_id)
    match how:
        case "full":
            with closing(sqlite3.connect(act.hub.settings.home / "control.db")) as connection:
                connection.execute("VACUUM")  # a delivery would fit into what matching's merged runs left free
            event.listen(act.hub.engine, "connect", _no_room)
            act.hub.engine.dispose()
        case "cast":
            EventArrival._canonical = _cast  # type: ignore[method-assign, assignment]  # a chunk that fails
        case step:
            ports = replace(ports, reached=_dying_at(step))
    ingest_file(load_contract(contract), file, ports)


def _no_room(connection: object, _entry: object) -> None:
    connection.execute("PRAGMA max_page_count = 16")  # type: ignore[attr-defined]  # sqlite3's own connection


def _cast(_self: EventArrival, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.all().cast(pl.Int8, strict=True))


def _dying_at(step: str) -> Callable[[str], None]:
    def reached(name: str) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


PROVOKED: Final = (subject_token, break_home, sql, inside, quiet, delivery)
