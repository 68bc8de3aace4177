"""Records compared by a saved model: candidates by their tokens, opened in memory for one audited act, scored.

Of a batch's records those that share a key with somebody are opened, and whoever they share it with; nobody else. What
leaves here are numbers between record ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

import numpy as np
import polars as pl

from ingest.match.candidates import LARGEST_BLOCK
from ingest.match.edges import weighed
from ingest.match.form import ATTRIBUTES
from ingest.match.keys import carriers_of, pairs_that_share
from ingest.match.kinds import COMPARABLE, PEOPLE, Comparable
from ingest.match.linkage import LEAST
from ingest.match.pooled import Pool, rare
from ingest.match.rarity import usual_shares
from ingest.match.scorer import as_levels, levels_of, rows_weighed
from ingest.match.whole import LEAST_KEPT, believed, kept
from ingest.pipeline.opening import open_documents
from ingest.pipeline.ports import Ports
from ingest.pipeline.remembered import Remembered
from ingest.store.match_edge import links_near
from ingest.store.match_form import carriers, forms_of, keyed_tokens_of, tokens_of
from ingest.store.match_frequency import POOLED, frequencies
from privacy.terms import BatchId, RecordId

LARGEST_CIRCLE: Final = 40
"""As in `candidates`: links of a record beyond which its neighbours are not put side by side."""
_WHY: Final = "matching"


@dataclass(frozen=True)
class Compared:
    """What comparing a batch's records found.

    `edges` has record, other (the smaller first), `level_NAME`, `weight_NAME`, `weight_look_alikes`, `weight`,
    `probability`, `rule`, `closing`; `touched` are the records of the batch that are matched.
    """

    edges: pl.DataFrame
    touched: pl.Series


class Comparing:
    """Compares records of one batch; opens each record once."""

    def __init__(self, batch_id: BatchId, ports: Ports, remembered: Remembered) -> None:
        """Compare by the ports' model; who is `remembered` is not opened."""
        if ports.matching is None:
            raise TypeError("records are compared where people are matched")
        self._batch_id = batch_id
        self._matching = ports.matching
        self._model = ports.matching.model
        self._ports = ports
        self._remembered = remembered
        self._frame: pl.DataFrame | None = None

    def run(self, touched: pl.DataFrame) -> Compared:
        """Compare; `touched` are the forms of the batch's records as `match_form.forms_of` returns them."""
        pairs, forms = self._candidates(touched)
        first = kept(self._scored(pairs, forms), LEAST).with_columns(closing=pl.lit(value=False))
        closing = self._closing(first, touched["record"])
        second = kept(self._scored(closing, None), LEAST_KEPT).with_columns(closing=pl.lit(value=True))
        found = pl.concat([first, second]) if second.height else first
        return Compared(self._kept(found), touched["record"])

    def _candidates(self, touched: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return pairs (record, other) that share a token which few carry, and the forms of all who do.

        How many carry it the index says: forms are read of those alone who may be compared. By a token that
        a record has no longer nobody is.
        """
        mine = keyed_tokens_of(touched)
        with self._ports.read_only() as session:
            near = carriers(session, mine["token"], self._matching.kind)
            near = near.filter(~pl.col("record").is_in(touched["record"].implode()))
            few = carriers_of(mine, near).filter(pl.col("carriers").is_between(2, LARGEST_BLOCK))
            pairs = partial(pairs_that_share, few=few, alone=self._model.alone)
            others = _others(pairs(mine, near), touched["record"])
            forms = forms_of(session, others.to_list())
        held = tokens_of(forms).join(near, on=["record", "token"], how="semi")
        return pairs(mine, held), pl.concat([touched, forms])

    def _scored(self, pairs: pl.DataFrame, forms: pl.DataFrame | None) -> pl.DataFrame:
        """Score pairs of records; those of whom one cannot be opened any more are left out."""
        frame = self._opened(pairs, forms)
        spec, model = self._model.spec, self._model.model
        rows = frame.select("record").with_row_index("row")
        ends = pairs.join(rows, on="record").rename({"row": "left"})
        ends = ends.join(rows, left_on="other", right_on="record").rename({"row": "right"})
        asked = ends.select("left", "right").sort("left", "right")
        known = tuple(each for each in spec.comparisons if each.name in model.m)
        levels = levels_of(frame, asked, known)
        told = weighed(levels, spec, model, self._rarities(frame, levels))
        whole = believed(frame, told, self._model)
        named = {name: frame["record"].gather(whole[end]) for name, end in (("record", "left"), ("other", "right"))}
        return whole.drop("left", "right").with_columns(pl.Series(name, ids) for name, ids in named.items())

    def _opened(self, pairs: pl.DataFrame, forms: pl.DataFrame | None) -> pl.DataFrame:
        """Return records in comparable form: those that were opened before, and those of the pairs."""
        wanted = pl.concat([pairs["record"], pairs["other"].alias("record")]).unique().sort()
        known = wanted.is_in(self._frame["record"].implode()) if self._frame is not None else None
        fresh = wanted if known is None else wanted.filter(~known)
        if forms is None:
            with self._ports.read_only() as session:
                forms = forms_of(session, fresh.to_list())
        told = self._remembered.of(forms.filter(pl.col("record").is_in(fresh.implode())))
        closed = fresh if told is None else fresh.filter(~fresh.is_in(told["record"].implode()))
        documents = open_documents([RecordId(each) for each in closed], self._ports, why=_WHY)
        opened = comparable(documents, forms, COMPARABLE[self._matching.kind])
        parts = [each.select(opened.columns) for each in (self._frame, told, opened) if each is not None]
        self._frame = pl.concat(parts).sort("record")
        return self._frame

    def _rarities(self, frame: pl.DataFrame, levels: pl.DataFrame) -> dict[str, pl.Series]:
        """Return how rare the values are that pairs agree by, null elsewhere: tokens are made of those alone."""
        model = self._model
        usual = usual_shares(model.spec, model.model)
        found = {}
        for column, rows in rows_weighed(as_levels(levels, model.model.names), model.spec, model.model).items():
            counts = self._counts.filter(pl.col("column") == self._matching.named(column))
            values = frame[column].gather(rows)
            rarities = np.full(frame.height, np.nan, dtype=np.float32)
            rarities[rows] = rare(values, self._pool(values, counts), usual[column]).to_numpy()
            found[column] = pl.Series(column, rarities)
        return found

    @cached_property
    def _counts(self) -> pl.DataFrame:
        """Read how common values are in the whole hub."""
        usual = usual_shares(self._model.spec, self._model.model)
        with self._ports.read_only() as session:
            return frequencies(session, [self._matching.named(column) for column in usual])

    def _pool(self, values: pl.Series, counts: pl.DataFrame) -> Pool:
        """Read the counts of a column for the values at hand; how many carry the others is pooled with the rest."""
        common = counts.filter(pl.col("token") != POOLED)
        distinct = values.drop_nulls().unique()
        digests = self._matching.indexes.frequency(self._matching.named(values.name)).tokens_of(
            distinct if common.height else ()
        )
        named = pl.DataFrame({"value": distinct[: len(digests)], "token": pl.Series(digests, dtype=pl.Binary)})
        found = named.join(common, on="token").select("value", len="carriers")
        pooled = counts.filter(pl.col("token") == POOLED)
        elsewhere = int(common["carriers"].sum()) - int(found["len"].sum())
        return Pool(found, int(pooled["values"].sum()), int(pooled["carriers"].sum()), told_elsewhere=elsewhere)

    def _closing(self, first: pl.DataFrame, touched: pl.Series) -> pl.DataFrame:
        """Return the pairs not compared yet that a new link gives a neighbour in common: record, other.

        Whoever is linked to both A and B asks how A and B stand to one another, as `candidates.closing_pairs` does.
        """
        linked = first.filter(pl.col("weight") >= 0).select("record", "other", new=pl.lit(value=True))
        ends = pl.concat([linked["record"], linked["other"].alias("record")]).unique()
        with self._ports.read_only() as session:
            stored = links_near(session, ends.to_list())
        mine = touched.implode()
        old = stored.filter(~pl.col("record").is_in(mine) & ~pl.col("other").is_in(mine))
        links = old.filter((pl.col("weight") >= 0) & ~pl.col("closing"))
        both = pl.concat([linked, links.select("record", "other", new=pl.lit(value=False))])
        turned = both.select(record="other", other="record", new="new")
        near = pl.concat([both, turned]).filter(pl.len().over("record") <= LARGEST_CIRCLE)
        steps = near.join(near, on="record").filter(
            (pl.col("other") < pl.col("other_right")) & (pl.col("new") | pl.col("new_right"))
        )
        known = pl.concat([first.select("record", "other"), old.select("record", "other")])
        asked = steps.select(record="other", other="other_right").unique()
        return asked.join(known, on=["record", "other"], how="anti").sort("record", "other")

    def _kept(self, edges: pl.DataFrame) -> pl.DataFrame:
        return edges.unique(["record", "other"], keep="first", maintain_order=True).sort("record", "other")


def _others(pairs: pl.DataFrame, mine: pl.Series) -> pl.Series:
    """Return who of some pairs is not among some records, in order."""
    ends = pl.concat([pairs["record"], pairs["other"].alias("record")]).unique()
    return ends.filter(~ends.is_in(mine.implode())).sort()


def attributes_told(documents: Mapping[RecordId, bytes], names: Sequence[str] = ATTRIBUTES) -> pl.DataFrame:
    """Read opened documents: record (Binary), and every attribute as delivered, null where it is not told."""
    told = pl.DataFrame(
        {"record": list(documents), "document": [each.decode() for each in documents.values()]},
        schema={"record": pl.Binary, "document": pl.String},
    )
    attributes = pl.Struct(dict.fromkeys(names, pl.String))
    return told.with_columns(pl.col("document").str.json_decode(attributes)).unnest("document")


def comparable(documents: Mapping[RecordId, bytes], forms: pl.DataFrame, read: Comparable = PEOPLE) -> pl.DataFrame:
    """Bring opened documents to comparable form; a row without a country is read by that of its form."""
    beside = forms.select("record", "source", beside="country").unique("record")
    told = attributes_told(documents, read.attributes).join(beside, on="record", how="left")
    return read.form(told.with_columns(country=pl.coalesce("country", "beside")).drop("beside"))
