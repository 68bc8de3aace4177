"""Reads through the gate on a server of Spark Connect: the same rows, under the same rules."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from hub.compose import Hub, open_hub
from hub.errors import ServiceUnreachable, SettingsInvalid
from hub.lake.errors import LakeFileRefused
from hub.lake.reading import reading
from hub.settings import Settings
from hub.views.engine import tables_of
from hub.views.gateway import Gateway, Released
from hub.views.spark.session import session_of
from tests.api.world import AS_OF, World, make_world
from tests.integration.test_retention_read import ORDERS, days_since, govern
from tests.spark_sessions import sail

__all__ = ["sail"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Twelve people, each with an order of January, February and March 2025."""
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def there(world: World, sail: str) -> Iterator[Hub]:
    """The same home, whose views are grouped by Sail."""
    hub = opened(world, sail)
    yield hub
    hub.engine.dispose()
    hub.keystore.engine.dispose()


def opened(world: World, engine: str) -> Hub:
    return open_hub(Settings.load({"VARDE_ENGINE": engine}, world.hub.settings.home), clock=world.hub.clock)


def read(hub: Hub, world: World) -> Released:
    return Gateway(hub).read(world.owner, "shopping", purpose="churn", as_of=AS_OF)


def test_a_gated_read_is_that_of_this_process(world: World, there: Hub) -> None:
    govern(world, ORDERS | {"years": 10})
    released = read(there, world)
    assert released.frame.height == 12
    assert released.frame.equals(read(world.hub, world).frame)


def test_rows_whose_time_is_over_are_cut_where_they_are_read(world: World, there: Hub) -> None:
    govern(world, ORDERS | {"days": days_since(world.hub, 2025, 3, 15)})
    released, here = read(there, world), read(world.hub, world)
    assert 0 < released.frame.height < 12
    assert released.frame.equals(here.frame)
    assert released.absent == here.absent


def test_what_goes_to_executors_opens_these_files_and_nothing_else(world: World) -> None:
    """Keys of files, in a closure; not the key that wraps the others, and none in a plan that anybody prints."""
    lake, settings = world.hub.lake, world.hub.settings
    with reading(lake) as reader:
        parts = reader.portable_parts("orders", until=AS_OF)
        files = reader.snapshot.of_table("orders")
        assert files
        carried = b"".join(spelt(pickle.dumps(part)) for part in parts)
        for key in lake.keys.get_files([file.key_id for file in files]).values():
            secret = bytes(key.secret)
            assert spelt(secret) in carried
            assert not any(form in part.explain() for part in parts for form in (secret.hex(), repr(secret)[2:-1]))
        assert spelt((settings.home / "key" / "kek").read_bytes()) not in carried
        again = [pickle.loads(pickle.dumps(part)) for part in parts]  # noqa: S301 - made one call before
        assert pl.concat(again).collect().height == 36


def spelt(octets: bytes) -> bytes:
    """Leave out the mark that Polars puts before each byte above 127 of what it packs."""
    return octets.replace(b"\xcc", b"")


def test_a_file_that_is_not_sealed_is_refused_by_executors_too(world: World, there: Hub) -> None:
    govern(world, ORDERS | {"years": 10})
    with reading(world.hub.lake) as reader:
        parts = reader.portable_parts("orders")
        file = reader.snapshot.of_table("orders")[0]
        path = Path(world.hub.settings.lake_root) / "orders" / f"{file.file_id.hex()}.parquet"
        sealed = path.read_bytes()
        path.write_bytes(sealed[:-4] + b"PAR1")
        try:
            with pytest.raises((RuntimeError, pl.exceptions.ComputeError), match="does not open"):
                pl.concat(parts).collect()
            path.write_bytes(sealed[:4] + bytes(octet ^ 1 for octet in sealed[4:-4]) + sealed[-4:])
            with pytest.raises(LakeFileRefused):
                read(there, world)
        finally:
            path.write_bytes(sealed)
    assert read(there, world).frame.height == 12


@pytest.mark.filterwarnings("ignore:.RETRIES_EXCEEDED")
def test_a_server_that_is_away_is_told_and_nothing_is_released(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.views.spark.session._RETRIES", 1)
    hub = opened(world, "sc://127.0.0.1:9")
    with pytest.raises(ServiceUnreachable, match="VARDE_ENGINE"):
        read(hub, world)
    hub.engine.dispose()
    hub.keystore.engine.dispose()


def test_without_spark_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    session_of.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql.connect", None)
    with pytest.raises(SettingsInvalid, match=r"varde\[spark\]"):
        tables_of("sc://localhost:1", None, [], until=AS_OF)  # type: ignore[arg-type]  # nothing is read
