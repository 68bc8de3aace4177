"""Whatever the files hold and in whichever order they come: every row is counted, every event once, people are joined
alike, and a profile finds the events that came before it.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.compose import Hub
from hub.demo.checkdigits import national_ids
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
from tests.property.test_clustering_properties import naive_clusters

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
NUMBERED = """
contract: desk_people
version: 1
source: desk
owner: desk-team
table: people
format: {kind: csv, delimiter: ",", encoding: utf-8}
country: "NO"
key: [id]
columns:
  name: {to: full_name}
  mail: {to: email}
  phone: {to: phone}
  nin: {to: national_id}
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
            assert counts.accepted + counts.quarantined + counts.duplicate + counts.suppressed == counts.read
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


SIX = range(1, 7)
NUMBERS = national_ids(pl.Series([date(1980, 1, 2)] * 8), "NO", np.random.default_rng(1)).drop_nulls().to_list()[:2]
tokens = st.tuples(st.sampled_from([0, 0, 1, 2]), st.integers(0, 2), st.integers(0, 2))


def rows_said(said: list[tuple[int, int, int]]) -> dict[int, str]:
    """One row of each of six people, all of one name: which number, mail and phone they give, 0 for none."""
    return {
        n: f"p{n},Ann Berg,{f'm{mail}@desk.example' if mail else ''},{f'+47 9000000{phone}' if phone else ''},"
        f"{NUMBERS[number - 1] if number else ''}\n"
        for n, (number, mail, phone) in zip(SIX, said, strict=True)
    }


@settings(FEW, max_examples=5)
@given(said=st.lists(tokens, min_size=6, max_size=6), order=st.permutations(SIX), cut=st.integers(1, 5))
@example(said=[(1, 1, 0), (0, 1, 0), (2, 1, 0), (0, 0, 1), (1, 0, 1), (0, 2, 0)], order=[3, 2, 1, 6, 5, 4], cut=2)
def test_national_ids_that_contradict_are_never_one_person_in_whatever_order(
    said: list[tuple[int, int, int]], order: list[int], cut: int, template: Path
) -> None:
    rows, links = rows_said(said), []
    for n, values in zip(SIX, said, strict=True):
        fields = zip(("number", "email_name", "phone_name"), values, strict=True)
        links += [(n, field, value) for field, value in fields if value]
    head = "id,name,mail,phone,nin\n"
    parts = [order[:cut], order[cut : cut + 1], order[cut + 1 :]]
    files = [File(NUMBERED, head + "".join(rows[n] for n in part), len(part)) for part in parts if part]
    with home_with(template, files) as (hub, _):
        entities = meaning(hub, [("desk", f"p{n}", EntityKind.PERSON) for n in SIX])["entities"]
    assert {frozenset(int(name[1:]) for name in entity) for entity in entities} == naive_clusters(links)
