"""The same on Spark: every candidate, level and cluster is as in this process, and so is every value of a view.

Views are here because a JVM takes half a minute to begin; most of what is held of them on Spark runs on Sail
(`tests/property/test_view_spark.py`).
"""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from random import Random
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hub.views.compile import compile_view
from ingest.errors import ColumnsUnfit
from ingest.match import engine as engines
from ingest.match.engine import ENGINES, HERE, Engine
from ingest.match.form import comparable_people
from ingest.match.keys import keys_of
from ingest.match.organisation import comparable_organisations
from ingest.match.resolution import resolve
from ingest.match.saved import shipped, shipped_for_organisations
from privacy.terms import EntityKind
from tests.match_crowd import crowd
from tests.match_firms import chains, firms, worn
from tests.oracle.view_cases import (
    AS_OF,
    ORGANISATIONS,
    PERSONS,
    events,
    everything,
    frames,
    parts_of,
    permitted_of,
    view,
)
from tests.oracle.view_oracle import World

pytestmark = [
    pytest.mark.timeout(600),  # a JVM begins, and on two busy cores that takes its time
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Spark leaves sockets behind
]


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    missing = [name for name, there in (("pyspark", find_spec("pyspark")), ("java", shutil.which("java"))) if not there]
    if missing:
        if os.environ.get("CI"):
            pytest.fail(f"CI runs this, and {missing} is missing: see .ci/run")
        pytest.skip(f"{missing} is missing")
    from ingest.match.spark import SparkEngine, session

    folder = tmp_path_factory.mktemp("spark")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SPARK_LOCAL_DIRS", str(folder))
        patched.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patched.setenv("PYSPARK_SUBMIT_ARGS", "--master local[2] --conf spark.sql.shuffle.partitions=2 pyspark-shell")
        begun = session()
        yield SparkEngine(begun)
        begun.stop()


def test_clusters_on_spark_are_those_of_this_process(spark: Engine) -> None:
    records, model = comparable_people(crowd(1500, shared=80)), shipped()
    keys = keys_of(model.spec)
    for alone in ({}, {**model.model.alone, "given+family": 3, "street+postcode": 2}):
        assert_frame_equal(spark.candidate_pairs(records, keys, alone), HERE.candidate_pairs(records, keys, alone))
    there = resolve(records, model.spec, model.model, engine=spark)
    here = resolve(records, model.spec, model.model)
    assert_frame_equal(there.clusters, here.clusters)
    assert_frame_equal(there.edges, here.edges)
    assert here.clusters["cluster"].n_unique() < 0.7 * records.height


def test_clusters_of_organisations_on_spark_are_those_of_this_process(spark: Engine) -> None:
    """Their form, their spec and their classes of look-alikes: groups and chains, some records worn."""
    some, others = worn(firms(60, seed=3), seed=3), chains(8)
    told = pl.concat([some, others.select(some.columns).with_columns(pl.col("record", "entity") + 1_000_000)])
    records, model = comparable_organisations(told), shipped_for_organisations()
    there = resolve(records, model.spec, model.model, engine=spark)
    here = resolve(records, model.spec, model.model)
    assert_frame_equal(there.clusters, here.clusters)
    assert_frame_equal(there.edges, here.edges)
    assert here.clusters["cluster"].n_unique() < 0.8 * records.height


@pytest.mark.parametrize(("grain", "table"), [(EntityKind.PERSON, "orders"), (EntityKind.ORGANISATION, "feedback")])
def test_every_operation_of_a_view_on_spark_is_that_of_this_process(
    spark: Engine, grain: EntityKind, table: str
) -> None:
    from pyspark.sql import functions

    from hub.views.spark.engine import SparkEvents
    from ingest.match.spark import session

    rng = Random(11)  # noqa: S311 - a seeded sample, no secret
    owners = dict(zip(PERSONS if grain is EntityKind.PERSON else ORGANISATIONS, (0, 1, 1), strict=False))
    spec = view([each for each in everything(90) if each.rows.table == table], grain=grain)
    drawn = [event for _ in range(9) for event in events(rng, table)]
    world = World({table: drawn}, owners, frozenset(PERSONS[:3]))
    parts = SparkEvents(session(), functions, parts_of(table, drawn), lambda: None)
    found, here = (
        compile_view(spec, tables, permitted_of(world), as_of=AS_OF).collect().sort("subject")
        for tables in ({table: parts}, frames(world))
    )
    assert found.height == 2
    assert_frame_equal(found, here, check_exact=False, rel_tol=1e-9, abs_tol=1e-9)


def test_a_session_that_writes_clear_values_to_disks_is_refused(spark: Engine) -> None:
    from ingest.match.spark import SparkEngine

    class Plain:
        """A session that somebody else began, with Spark's own defaults."""

        sparkContext: Any  # noqa: N815 - Spark's word

        def __init__(self) -> None:
            self.sparkContext = self

        def getConf(self) -> dict[str, str]:  # noqa: N802 - Spark's word
            return {}

    with pytest.raises(ColumnsUnfit, match=r"spark\.io\.encryption\.enabled"):
        SparkEngine(Plain())  # type: ignore[arg-type]  # as much of a session as is asked


def test_without_spark_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    engines._begun.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "ingest.match.spark", None)
    with pytest.raises(ColumnsUnfit, match=r"varde\[spark\]"):
        ENGINES["spark"].candidate_pairs(pl.DataFrame(), [])
