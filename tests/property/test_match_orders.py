"""However records are cut into deliveries, in whatever order, a rebuild gives one partition; and undo is exact.

Homes are copies of one: of the same keys, so that nothing but the deliveries is another.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.compose import Hub
from hub.consents import Wish, find_subject, record_wish
from hub.views.permission import permitted_set
from ingest.pipeline.deciding import undo
from ingest.pipeline.rebuilding import Order, rebuild
from ingest.store.batch import visible_batches
from privacy.store.consent import heads_of
from privacy.terms import ActChannel, BatchId, ConsentAct, EntityKind, PurposeId, RecordId, Role
from tests.faults.ingest_company import copy_home, deliver_text, make_template, memory_folder, open_home, owner_of
from tests.integration.test_matching import CONTRACT, matching, together
from tests.integration.test_matching_organisations import delivered, parts
from tests.match_firms import firms, worn
from tests.match_people import people

HOUSEHOLDS = 6
FEW = settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
PURPOSE = PurposeId("churn")


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with memory_folder() as folder:
        make_template(folder)
        yield folder


@contextmanager
def fresh(root: Path) -> Iterator[tuple[Hub, Path]]:
    """Lend a home without anybody in it, and a folder for files."""
    folder = Path(tempfile.mkdtemp(dir=root))
    yield matching(open_home(copy_home(root / "template", folder / "home"))), folder
    shutil.rmtree(folder)


def deliver(hub: Hub, records: pl.DataFrame, folder: Path) -> None:
    """Take rows in, in the order in which they lie, one file a source."""
    for (source,), part in records.group_by("source", maintain_order=True):
        number = len(list(folder.glob("*.csv")))
        content = part.drop("entity", "source", "country").write_csv()
        basis = "basis: {purposes: {churn: legitimate_interests}, notice: privacy-2025-01, notice_given: true}\n"
        contract = CONTRACT.format(source=source).replace("key: [record]\n", f"{basis}key: [record]\n")
        deliver_text(hub, contract, content, folder / f"{number}.csv")


def rebuilt(hub: Hub) -> BatchId:
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    return rebuild(Order(role=Role.OWNER, country="NO"), ports, ports.matching).batch_id


def canonical(hub: Hub, records: pl.DataFrame) -> set[frozenset[int]]:
    rebuilt(hub)
    return together(hub, records)


@st.composite
def cuts(draw: st.DrawFn, rows: int) -> list[list[int]]:
    """Draw an order of rows, and where it is cut into deliveries."""
    order = draw(st.permutations(range(rows)))
    ends = sorted(draw(st.sets(st.integers(1, rows - 1), max_size=3)))
    return [list(order[start:end]) for start, end in zip([0, *ends], [*ends, rows], strict=True)]


@FEW
@given(data=st.data(), seed=st.integers(0, 99))
def test_deliveries_leave_no_trace_in_a_rebuilt_partition(data: st.DataObject, seed: int, root: Path) -> None:
    records = people(HOUSEHOLDS, seed=seed)
    parts = data.draw(cuts(records.height))
    with fresh(root) as (whole, folder):
        deliver(whole, records, folder)
        expected = canonical(whole, records)
    with fresh(root) as (cut, folder):
        for rows in parts:
            deliver(cut, records[rows], folder)
        assert canonical(cut, records) == expected
        assert canonical(cut, records) == expected


@settings(FEW, max_examples=1)
@given(data=st.data(), seed=st.integers(0, 99))
def test_deliveries_of_organisations_leave_no_trace_either(data: st.DataObject, seed: int, root: Path) -> None:
    records = worn(firms(HOUSEHOLDS, seed=seed), seed=seed)
    whole, cut = [list(range(records.height))], data.draw(cuts(records.height))
    found = []
    for deliveries in (whole, cut):
        with fresh(root) as (hub, folder):
            for number, rows in enumerate(deliveries):
                delivered(hub, records[rows], folder, str(number))
            ports = hub.ports(owner_of(hub).principal_id)
            assert ports.organisations is not None
            rebuild(Order(role=Role.OWNER, country="NO"), ports, ports.organisations)
            found.append(parts(hub, records))
    assert found[0] == found[1]


@FEW
@given(data=st.data(), seed=st.integers(0, 99))
def test_the_order_of_rows_within_a_file_never_matters(data: st.DataObject, seed: int, root: Path) -> None:
    records = people(HOUSEHOLDS, seed=seed).with_columns(source=pl.lit("crm"))
    order = data.draw(st.permutations(range(records.height)))
    found = []
    for rows in (range(records.height), order):
        with fresh(root) as (hub, folder):
            deliver(hub, records[list(rows)], folder)
            found.append(together(hub, records))
    assert found[0] == found[1]


def standing(hub: Hub, records: Sequence[RecordId]) -> tuple[object, set[bytes]]:
    """Say where each record stands by itself, and who may be read for a purpose."""
    with hub.reading() as session:
        permitted = permitted_set(session, hub.policy().purpose(PURPOSE), EntityKind.PERSON, at=hub.clock())
        return heads_of(session, records), set(permitted.records["record"]) & set(records)


@FEW
@given(data=st.data(), seed=st.integers(0, 99))
def test_taking_a_delivery_or_a_rebuild_back_restores_who_was_who_and_who_may_be_read(
    data: st.DataObject, seed: int, root: Path
) -> None:
    records = people(HOUSEHOLDS, seed=seed)
    first = records.filter(pl.col("source") == "crm")
    late = records.filter(pl.col("source") != "crm")
    noes = data.draw(st.lists(st.sampled_from(records["record"].to_list()), max_size=3, unique=True))
    with fresh(root) as (hub, folder):
        deliver(hub, first, folder)
        object_to(hub, first, noes)
        rebuilt(hub)
        known = [record for number in first["record"] for record in subject(hub, first, number)]
        before = together(hub, first), standing(hub, known)
        deliver(hub, late, folder)
        with hub.reading() as session:
            newest = [BatchId(each.batch_id) for each in visible_batches(session) if each.source in {"shop", "desk"}]
        anew = rebuilt(hub)
        owner = owner_of(hub)
        for batch in (anew, *newest):
            undo(batch, Role.OWNER, hub.ports(owner.principal_id))
        told = {each & set(first["record"]) for each in together(hub, records)} - {frozenset()}
        assert (told, standing(hub, known)) == before


def subject(hub: Hub, records: pl.DataFrame, number: int) -> list[RecordId]:
    source = records.filter(pl.col("record") == number)["source"][0]
    return list(find_subject(hub, f"{source}:{number}").records)


def object_to(hub: Hub, records: pl.DataFrame, numbers: Sequence[int]) -> None:
    wish = Wish(purpose=PURPOSE, act=ConsentAct.OBJECTED, channel=ActChannel.PAGE)
    for source, number in records.filter(pl.col("record").is_in(numbers)).select("source", "record").iter_rows():
        record_wish(hub, find_subject(hub, f"{source}:{number}"), wish, owner_of(hub))
