"""Source keys to numbers in the roster: however they are matched, equal keys and only they are one record."""

from collections.abc import Callable

import polars as pl
import pytest

from hub.authentication import acting_principal
from hub.compose import Hub
from ingest.pipeline import naming
from ingest.pipeline.naming import Namer, Roster, records_of_keys
from ingest.store.record import KeySpace
from privacy.terms import EntityKind

SPACE = KeySpace(source="shop", kind=EntityKind.PERSON)
CHUNKS: list[list[str | None]] = [["a", "b", None, "a"], ["c", "a", "b"], [None, None], ["d", "d"]]


def records_by(namer: Namer, roster: Roster, chunks: list[list[str | None]]) -> list[bytes | None]:
    numbers = [namer.numbered(pl.Series(chunk, dtype=pl.String)) for chunk in chunks]
    return [record for each in numbers for record in roster.ids.gather(each)]


@pytest.fixture
def expected(hub_factory: Callable[..., Hub]) -> tuple[Hub, list[bytes | None]]:
    hub = hub_factory("sqlite")
    ports = hub.ports(acting_principal(hub).principal_id)
    named = records_of_keys(pl.Series(["a", "b", "c", "d"]), SPACE, ports)
    record_of = dict(named.select("key", "record").iter_rows())
    return hub, [record_of.get(key or "") for chunk in CHUNKS for key in chunk]


def test_rows_carry_the_record_that_their_key_names(expected: tuple[Hub, list[bytes | None]]) -> None:
    hub, records = expected
    roster = Roster()
    namer = Namer(SPACE, hub.ports(acting_principal(hub).principal_id), roster)
    assert records_by(namer, roster, CHUNKS) == records
    assert len(roster.ids) == roster.ids.n_unique() == 4


@pytest.mark.parametrize("hashes", [1, 2])
def test_keys_that_share_a_hash_stay_apart(
    expected: tuple[Hub, list[bytes | None]], monkeypatch: pytest.MonkeyPatch, hashes: int
) -> None:
    hub, records = expected
    honest = pl.Series.hash
    monkeypatch.setattr(pl.Series, "hash", lambda self: honest(self) % hashes)
    roster = Roster()
    namer = Namer(SPACE, hub.ports(acting_principal(hub).principal_id), roster)
    assert records_by(namer, roster, CHUNKS) == records
    assert len(roster.ids) == roster.ids.n_unique() == 4


def test_many_keys_are_found_in_one_pass_as_few_are_one_by_one(
    expected: tuple[Hub, list[bytes | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, _ = expected
    ports = hub.ports(acting_principal(hub).principal_id)
    keys = pl.Series(["d", "new", "a"])
    few = records_of_keys(keys, SPACE, ports)
    monkeypatch.setattr(naming, "_MANY", 1)
    many = records_of_keys(keys, SPACE, ports)
    assert many.drop("is_new").equals(few.drop("is_new"))
    assert few["record"].null_count() == 0
    assert few.filter("is_new")["key"].to_list() == ["new"]
    assert not many["is_new"].any()
