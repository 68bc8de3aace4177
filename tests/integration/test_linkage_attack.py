"""An attacker with two approved views and all that rests in the home, but no key: nothing matches better than chance.

Seeded: ids and secrets come from a generator of fixed seed, so the figures are the same in every run.
"""

import secrets
import sqlite3
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hub.api.formats import FORMATS
from hub.views.gateway import PSEUDONYM, Gateway
from tests.api.world import AS_OF, CHURN, WINBACK, World, make_world
from tests.linkage import MOST_SIGMAS, findings, sigmas

PEOPLE = 200
VIEWS = {CHURN: "shopping", WINBACK: "invited"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    rng = np.random.default_rng(20250601)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(secrets, "token_bytes", lambda length=None: rng.bytes(32 if length is None else length))
        return make_world(tmp_path_factory.mktemp("linkage"), PEOPLE)


@pytest.fixture(scope="module")
def released(world: World) -> dict[str, pl.DataFrame]:
    gateway = Gateway(world.hub)
    return {
        purpose: gateway.read(world.reader, view, purpose=purpose, as_of=AS_OF).frame for purpose, view in VIEWS.items()
    }


def keys(frame: pl.DataFrame) -> list[bytes]:
    return frame[PSEUDONYM].to_list()


def test_two_views_match_no_better_than_by_chance(world: World, released: dict[str, pl.DataFrame]) -> None:
    ours, theirs = keys(released[CHURN]), keys(released[WINBACK])
    truth = dict(zip(world.pseudonyms[CHURN], world.pseudonyms[WINBACK], strict=True))
    assert len(ours) == len(theirs) == PEOPLE
    assert findings(ours, theirs, truth) == {}


@pytest.mark.parametrize("purpose", [CHURN, WINBACK])
def test_the_order_of_a_release_tells_nothing_of_records(
    world: World, released: dict[str, pl.DataFrame], purpose: str
) -> None:
    """People were taken in one after another: neither that order nor that of any id at rest is the release's."""
    place = {key: position for position, key in enumerate(keys(released[purpose]))}
    positions = [place[key] for key in world.pseudonyms[purpose]]
    assert released[purpose][PSEUDONYM].is_sorted()
    assert sigmas(positions, list(range(PEOPLE))) < MOST_SIGMAS
    assert sigmas(positions, [bytes(record) for record in world.records]) < MOST_SIGMAS


@pytest.mark.parametrize("purpose", [CHURN, WINBACK])
@pytest.mark.parametrize("media_type", [kind for kind in FORMATS if "parquet" in kind or "arrow" in kind])
def test_files_hold_keys_in_the_order_of_keys(
    world: World, released: dict[str, pl.DataFrame], purpose: str, media_type: str
) -> None:
    """A dictionary is written in the order of first appearance: that of the rows, which must be that of the keys."""
    content = BytesIO(b"".join(FORMATS[media_type].pieces(released[purpose], {})))
    if "parquet" in media_type:
        column = pq.read_table(content, read_dictionary=[PSEUDONYM])[PSEUDONYM].combine_chunks()
        stored = column.dictionary.to_pylist() if isinstance(column, pa.DictionaryArray) else column.to_pylist()
    else:
        stored = pa.ipc.open_stream(content).read_all()[PSEUDONYM].to_pylist()
    assert stored == sorted(stored) == sorted(world.pseudonyms[purpose])
    other = world.pseudonyms[WINBACK if purpose == CHURN else CHURN]
    assert not any(key in content.getvalue() for key in other)


def test_all_that_rests_matches_no_pseudonym(world: World, released: dict[str, pl.DataFrame]) -> None:
    """Every 16-byte value of both databases, as an attacker without the key-encryption key reads them."""
    at_rest = stored_ids(world.hub.settings.home)
    assert len(at_rest) > 3 * PEOPLE, "records, entities, keys, batches"
    assert set(map(bytes, world.records)) <= at_rest
    home = b"".join(path.read_bytes() for path in world.hub.settings.home.rglob("*") if path.is_file())
    for purpose in VIEWS:
        pseudonyms = world.pseudonyms[purpose]
        assert at_rest.isdisjoint(pseudonyms)
        assert not any(key in home or key.hex().encode() in home for key in pseudonyms)
        truth = dict(zip(pseudonyms, map(bytes, world.records), strict=True))
        assert findings(keys(released[purpose]), sorted(map(bytes, world.records)), truth) == {}


def test_two_reads_of_one_view_come_in_one_order(world: World, released: dict[str, pl.DataFrame]) -> None:
    """Were rows shuffled anew, two orders of one release could be averaged."""
    again = Gateway(world.hub).read(world.reader, VIEWS[CHURN], purpose=CHURN, as_of=AS_OF).frame
    assert keys(again) == keys(released[CHURN])


def stored_ids(home: Path) -> set[bytes]:
    """Read every 16-byte value of every column of every table of both databases."""
    found: set[bytes] = set()
    for path in home.rglob("*.db"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608 - names of our tables
                found |= {value for row in rows for value in row if isinstance(value, bytes) and len(value) == 16}
        connection.close()
    return found
