"""Whatever the files hold and in whichever order they come: every row is counted, every event once, people are joined
alike, and a profile finds the events that came before it.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.compose import Hub
from ingest.pipeline.delivery import Summary
from privacy.terms import EntityKind
from tests.faults.ingest_company import (
    CRM,
    CRM_HEADER,
    SHOP,
    SHOP_HEADER,
    TOLD,
    copy_home,
    deliver_text,
    make_template,
    memory_folder,
    open_home,
    tidy,
)
from tests.faults.ingest_meaning import assert_in_order, lake_frame, meaning, names_of

ORDERS = """
contract: crm_orders
version: 1
source: crm
owner: crm-team
table: orders
format: {kind: csv, delimiter: ",", encoding: utf-8, dates: "%Y-%m-%d %H:%M:%S", timezone: UTC}
currency: NOK
key: [no]
person: {column: customer}
columns:
  no: {to: order_ref}
  placed: {to: event_time}
  total: {to: amount_minor, type: money}
constants: {status: placed}
"""
PEOPLE, ORDER_NUMBERS = 4, 6
KEYS = [("crm", f"c{n}", EntityKind.PERSON) for n in range(PEOPLE)]
KEYS += [("shop", f"s{n}", EntityKind.PERSON) for n in range(PEOPLE)]
FEW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass(frozen=True)
class File:
    terms: str
    content: str
    rows: int


people = st.integers(0, PEOPLE - 1)
crm_rows = st.builds(
    lambda n, mail, phone, lang, born: (
        f"c{n},Ann{n % 2},Berg,{f'm{mail}@crm.example' if mail else ''},{f'+47 9000000{phone}' if phone else ''},"
        f"{born},{lang},{TOLD},,"
    ),
    people,
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["nb", "sv"]),
    st.sampled_from(["", "1980-01-01", "1980-02-31"]),
)
shop_rows = st.builds(lambda n, mail: f"s{n},Ann{n % 2} Berg,m{mail}@crm.example,,,{TOLD},", people, st.integers(1, 3))
order_rows = st.builds(
    lambda no, who, day, total: f"o{no},c{who},2025-0{day}-01 08:00:00,{total}",
    st.integers(0, ORDER_NUMBERS - 1),
    people,
    st.integers(1, 5),
    st.sampled_from(["10.00", "20.00", "ten"]),
)


def files_of(rows: st.SearchStrategy[str], terms: str, header: str) -> st.SearchStrategy[File]:
    return st.lists(rows, min_size=1, max_size=6).map(
        lambda lines: File(terms, header + "".join(f"{line}\n" for line in lines), len(lines))
    )


crm_files = files_of(crm_rows, CRM, CRM_HEADER)
shop_files = files_of(shop_rows, SHOP, SHOP_HEADER)
order_files = files_of(order_rows, ORDERS, "no,customer,placed,total\n")
all_files = st.lists(
    st.one_of(crm_files, shop_files, order_files), min_size=2, max_size=4, unique_by=lambda f: f.content
)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with memory_folder() as root:
        make_template(root)
        yield root


@contextmanager
def home_with(template: Path, files: list[File]) -> Iterator[tuple[Hub, list[Summary]]]:
    """Take files in, in their order, in chunks of two rows."""
    folder = Path(tempfile.mkdtemp(dir=template))
    home = copy_home(template / "template", folder / "home")
    try:
        with pytest.MonkeyPatch.context() as patch:
            for arrival in ("people.IdentityArrival", "events.EventArrival"):
                patch.setattr(f"ingest.pipeline.{arrival}.CHUNK_ROWS", 2)
            hub = open_home(home)
            summaries = [
                deliver_text(hub, file.terms, file.content, folder / "in" / f"{number}.csv")
                for number, file in enumerate(files)
            ]
        yield hub, summaries
    finally:
        shutil.rmtree(folder)


def valid_orders(files: list[File]) -> set[str]:
    lines = [line for file in files if file.terms == ORDERS for line in file.content.splitlines()[1:]]
    return {line.partition(",")[0] for line in lines if not line.endswith("ten")}


@FEW
@given(files=all_files)
def test_every_row_is_counted_and_every_event_once(files: list[File], template: Path) -> None:
    with home_with(template, files) as (hub, summaries):
        for file, summary in zip(files, summaries, strict=True):
            counts = summary.counts
            assert counts.read == file.rows
            assert counts.accepted + counts.quarantined + counts.duplicate == counts.read
            assert sum(summary.rules.values()) == counts.quarantined
        orders = lake_frame(hub, "orders")
        assert orders.height == len(valid_orders(files)) == orders["event_id"].n_unique()
        assert orders["person"].null_count() == 0
        tidy(hub)
        assert_in_order(hub)


@FEW
@given(files=all_files, data=st.data())
def test_who_is_one_person_does_not_depend_on_the_order_of_files(
    files: list[File], data: st.DataObject, template: Path
) -> None:
    shuffled = data.draw(st.permutations(files))
    with home_with(template, files) as (hub, _):
        entities = meaning(hub, KEYS)["entities"]
    with home_with(template, list(shuffled)) as (hub, _):
        assert meaning(hub, KEYS)["entities"] == entities


@FEW
@given(orders=order_files, crm=crm_files)
def test_a_late_profile_belongs_to_the_record_that_its_events_name(orders: File, crm: File, template: Path) -> None:
    with home_with(template, [orders]) as (hub, _):
        named = names_of(hub, KEYS)
        before = lake_frame(hub, "orders")["person"].to_list()
        deliver_text(hub, crm.terms, crm.content, hub.settings.home.parent / "in" / "late.csv")
        after = names_of(hub, KEYS)
        assert named.items() <= after.items()
        assert len(set(after.values())) == len(after)
        assert lake_frame(hub, "orders")["person"].to_list() == before
        documents = meaning(hub, KEYS)["documents"]
        assert set(documents) <= set(after.values())


def test_an_event_whose_date_was_corrected_is_not_a_second_event(template: Path) -> None:
    first = File(ORDERS, "no,customer,placed,total\no1,c1,2025-01-01 08:00:00,10.00\n", 1)
    corrected = File(ORDERS, "no,customer,placed,total\no1,c1,2025-03-01 08:00:00,10.00\n", 1)
    with home_with(template, [first, corrected]) as (hub, summaries):
        assert lake_frame(hub, "orders").height == 1
        assert summaries[1].counts.duplicate == 1


def test_person_and_organisation_of_one_number_are_two_records(template: Path) -> None:
    row = f"17,Ann Berg,a@crm.example,,17,{TOLD},\n"
    keys = [("shop", "17", EntityKind.PERSON)]
    with home_with(template, [File(SHOP, SHOP_HEADER + row, 1)]) as (hub, _):
        names = names_of(hub, keys)
        assert len(names) == 2
        assert list(names.values()).count("17") == 1
