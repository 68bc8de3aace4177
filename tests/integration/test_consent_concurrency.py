"""Two processes that write the same heads at once on PostgreSQL: no deadlock, no act lost."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hub.database.engine import engine_of
from hub.database.unit import reading, unit_of_work
from ingest.store.record import KeySpace, drawn_names, find_records, name_records
from privacy.consent import ConsentEvent
from privacy.store.consent import append_acts, heads_of
from privacy.store.epoch import current_epoch
from privacy.terms import ActChannel, ConsentAct, EntityKind
from tests.builders import NOON, Postgres, a_record, an_id, started
from tests.property.test_consent_store_properties import an_act

RECORDS, ROUNDS = 300, 4


def test_acts_on_the_same_records_in_opposite_order(postgres: Postgres) -> None:
    url = postgres.control_database()
    engine = started(engine_of(url))
    ready = threading.Barrier(2)

    def write(channel: ActChannel, step: int) -> None:
        mine = engine_of(url)
        acts = [
            an_act(n, "winback", ConsentEvent(act=ConsentAct.REFUSED, at=NOON, channel=channel))
            for n in range(1, RECORDS + 1)
        ]
        for _ in range(ROUNDS):
            ready.wait(30)
            with unit_of_work(mine) as session:
                append_acts(session, acts[::step], recorded_at=NOON)
        mine.dispose()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(write, ActChannel.PAGE, 1), pool.submit(write, ActChannel.IMPORT, -1)]:
            done.result(60)
    with reading(engine) as session:
        heads = heads_of(session, [a_record(n) for n in range(1, RECORDS + 1)])
        assert len(heads) == RECORDS
        assert all(head.own and head.imported for head in heads.values())
        assert current_epoch(session) == 1 + 2 * ROUNDS
    engine.dispose()


def test_the_same_new_keys_in_opposite_order_get_one_name_each(postgres: Postgres) -> None:
    url = postgres.control_database()
    ready = threading.Barrier(2)
    space = KeySpace(source="crm", kind=EntityKind.PERSON)

    def name(step: int) -> None:
        mine = engine_of(url)
        for start in range(0, ROUNDS * RECORDS, RECORDS):
            tokens = [an_id(n) * 2 for n in range(start, start + RECORDS)]
            ready.wait(30)
            with unit_of_work(mine) as session:
                name_records(session, drawn_names(tokens[::step]), space, at=NOON)
        mine.dispose()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(name, 1), pool.submit(name, -1)]:
            done.result(60)
    engine = engine_of(url)
    with reading(engine) as session:
        assert len(set(find_records(session, [an_id(n) * 2 for n in range(ROUNDS * RECORDS)]).values())) == 1200
    engine.dispose()
