"""Candidate keys and counts of a chunk while its values are in memory: what records will be found by when matched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Final

import polars as pl

from ingest.match.entries import Entries
from ingest.match.keys import TOKEN_BYTES, as_number, key_values, keys_of, name_of
from ingest.match.kinds import COMPARABLE, Comparable
from ingest.match.pooled import counted
from ingest.match.rarity import usual_shares
from ingest.pipeline.pace import Pace
from ingest.pipeline.ports import Indexes, Matching, MatchVersion, Ports
from ingest.store import match_form as stored
from ingest.store.match_frequency import POOLED, add_frequencies
from ingest.store.match_run import Found, add_blocks, blocks_of, is_looked_into, start_run
from privacy.store.bulk import Columns, Same
from privacy.terms import BatchId, EntityKind

CHECKED: Final = "checked_id"
"""The column of checked numbers, and the scope of their tokens."""
_ROW_TOKENS: Final = {"row": pl.UInt32, "token": pl.Int64, "key": pl.Int64}
_COUNTS: Final = {"column_name": pl.String, "token": pl.Binary, "value_count": pl.Int64, "record_count": pl.Int64}


@dataclass(frozen=True, slots=True)
class Formed:
    """What a chunk is found by, with nothing in clear.

    `forms` has a row for each of the chunk and each version: row (of the chunk), tokens (Binary), keys, number (Int64),
    country (by which the row was read: it is no part of a document), key_version, form_version; `tokens` row, token,
    key, key_version, form_version; `counts` column_name, token, value_count, record_count.
    """

    kind: EntityKind
    forms: pl.DataFrame
    tokens: pl.DataFrame
    counts: pl.DataFrame

    def columns(self, records: Sequence[bytes], revisions: Sequence[int]) -> Columns:
        """Return columns of `match_form`, but for the batch."""
        rows = self.forms["row"].to_list()
        return {
            "record_id": [records[row] for row in rows],
            "revision": [revisions[row] for row in rows],
            **self.forms.drop("row").to_dict(as_series=False),
        }

    def entries(self, records: Sequence[bytes]) -> Iterator[tuple[Found, Entries]]:
        """Yield who carries which token, in order, for each version."""
        for some in self.tokens.partition_by("key_version", "form_version", maintain_order=True):
            carried = Entries.of(some["token"].to_numpy(), [records[row] for row in some["row"]])
            yield Found(self.kind.value, some["key_version"][0], some["form_version"][0]), carried.ordered()

    def of_rows(self, rows: pl.Series) -> "Formed":
        """Return what some rows are found by, in the order given; nothing is counted of them."""
        places = pl.DataFrame({"row": rows.cast(pl.UInt32)}).with_row_index("place")
        forms, tokens = (
            every.join(places, on="row").with_columns(row="place").drop("place") for every in (self.forms, self.tokens)
        )
        return replace(self, forms=forms, tokens=tokens, counts=self.counts.clear())


def form_chunk(fresh: pl.DataFrame, country: str | None, matching: Matching) -> Formed:
    """Form the rows of a chunk; `fresh` has the attributes that there are."""
    read = COMPARABLE[matching.kind]
    told = as_delivered(fresh, country, read)
    return formed_of(read.form(told), told, matching)


def formed_of(frame: pl.DataFrame, told: pl.DataFrame, matching: Matching) -> Formed:
    """Form rows, as they were told (`as_delivered`) and in comparable form."""
    read = COMPARABLE[matching.kind]
    found = [
        _formed(frame if each.form_version == read.version else read.forms[each.form_version](told), each, matching)
        for each in matching.versions
    ]
    countries = told.select(row=pl.col("record").cast(pl.UInt32), country=pl.col("country").fill_null(""))
    forms = pl.concat(forms for forms, _ in found)
    return Formed(
        kind=matching.kind,
        forms=forms.join(countries, on="row", how="left", maintain_order="left"),
        tokens=pl.concat(tokens for _, tokens in found),
        counts=counts_of(frame, matching, matching.indexes),
    )


def _formed(frame: pl.DataFrame, version: MatchVersion, matching: Matching) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return forms and tokens of rows in one version."""
    tokens = _tokens(frame, version, matching)
    rows = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
    forms = {
        "row": rows,
        "tokens": _joined(tokens, frame.height),
        "keys": _keys(tokens, rows),
        "number": _numbers(frame, version, matching),
    }
    key, form = (pl.lit(number, dtype=pl.Int64) for number in version.number)
    return (
        pl.DataFrame(forms).with_columns(key_version=key, form_version=form),
        tokens.with_columns(key_version=key, form_version=form),
    )


def as_delivered(fresh: pl.DataFrame, country: str | None, read: Comparable) -> pl.DataFrame:
    """Name rows by their place, and give those without a country the contract's; `fresh` has what attributes there are.

    What comes of it is what `read.form` takes.
    """
    names = [name for name in read.attributes if name in fresh.columns]
    own = pl.col("country").cast(pl.String) if "country" in names else pl.lit(None, dtype=pl.String)
    told = fresh.select(*(pl.col(name).cast(pl.String) for name in names)).with_columns(
        country=own.fill_null(pl.lit(country, dtype=pl.String)), source=pl.lit("")
    )
    return told.with_row_index("record")


def _tokens(frame: pl.DataFrame, version: MatchVersion, matching: Matching) -> pl.DataFrame:
    """Return row, token and key (its number), in the order of rows and keys: one HMAC a distinct value of a key."""
    found, keys = [pl.DataFrame(schema=_ROW_TOKENS)], keys_of(matching.model.spec)
    numbers = {name_of(key): number for number, key in enumerate(keys)}
    for name, told in key_values(frame, keys):
        distinct = told["value"].unique()
        digests = version.candidate(matching.named(name)).tokens_of(distinct.to_list())
        named = pl.DataFrame({"value": distinct, "token": pl.Series(map(as_number, digests), dtype=pl.Int64)})
        key = pl.lit(numbers[name], dtype=pl.Int64)
        found.append(told.join(named, on="value", how="left").select("row", "token", key=key))
    return pl.concat(found).sort("row", "key")


def _keys(tokens: pl.DataFrame, rows: pl.Series) -> pl.Series:
    """Return which keys each row has, a bit each."""
    held = tokens.group_by("row").agg(keys=pl.lit(2, dtype=pl.Int64).pow(pl.col("key")).sum())
    return rows.to_frame("row").join(held, on="row", how="left", maintain_order="left")["keys"].fill_null(0)


def _joined(tokens: pl.DataFrame, rows: int) -> pl.Series:
    """Join the tokens of each row; cut from one byte string, a slice a row."""
    every = stored.joined(tokens["token"])
    counts = pl.DataFrame({"row": pl.int_range(rows, dtype=pl.UInt32, eager=True)}).join(
        tokens.group_by("row").len(), on="row", how="left", maintain_order="left"
    )
    ends = [0, *accumulate(counts["len"].fill_null(0).cast(pl.Int64) * TOKEN_BYTES)]
    return pl.Series("tokens", [every[start:end] for start, end in pairwise(ends)], dtype=pl.Binary)


def _numbers(frame: pl.DataFrame, version: MatchVersion, matching: Matching) -> pl.Series:
    """Return each row's checked number as a token, null where it has none."""
    distinct = frame[CHECKED].drop_nulls().unique()
    digests = version.candidate(matching.named(CHECKED)).tokens_of(distinct.to_list())
    named = pl.DataFrame({CHECKED: distinct, "number": pl.Series(map(as_number, digests), dtype=pl.Int64)})
    return frame.select(CHECKED).join(named, on=CHECKED, how="left", maintain_order="left")["number"]


def counts_of(frame: pl.DataFrame, matching: Matching, indexes: Indexes) -> pl.DataFrame:
    """Count common values by token, the others together: column_name, token, value_count, record_count."""
    usual = usual_shares(matching.model.spec, matching.model.model)
    rows: list[tuple[str, bytes, int, int]] = []
    for column, pool in counted(frame, list(usual)):
        name = matching.named(column)
        digests = indexes.frequency(name).tokens_of(pool.common["value"].to_list())
        rows += [(name, token, 1, count) for token, count in zip(digests, pool.common["len"], strict=True)]
        rows.append((name, POOLED, pool.values, pool.carriers))
    return pl.DataFrame(rows, schema=_COUNTS, orient="row")


class Forming:
    """Writes what chunks are found by, in short transactions.

    Tokens go first: an erasure that comes between finds no form yet, and finds both when it is repeated. Whoever sweeps
    an aborted batch finds its tokens by the run that they are in.
    """

    def __init__(self, batch_id: BatchId, ports: Ports) -> None:
        self._batch_id = batch_id
        self._ports = ports
        self._paces = {name: Pace(ports.spent) for name in ("forms", "tokens", "counts")}

    def write(self, formed: Formed, records: Sequence[bytes], revisions: Sequence[int]) -> None:
        """Stage a chunk's forms: they count when the batch does."""
        for found, entries in formed.entries(records):
            self._run(found, entries)
        forms = {**formed.columns(records, revisions), "batch_id": Same(self._batch_id)}
        for some in self._parts("forms", forms, formed.forms.height):
            with self._ports.unit_of_work() as session:
                stored.add_forms(session, some)
        self.count(formed.counts)

    def _run(self, found: Found, entries: Entries) -> None:
        """Write a run; it is looked into from the first block on, and says nothing until its batch counts."""
        with self._ports.unit_of_work() as session:
            run = start_run(session, found, len(entries), batch_id=self._batch_id)
        blocks = blocks_of(run, entries)
        for some in self._parts("tokens", blocks, len(blocks["place"])):
            with self._ports.unit_of_work() as session:
                if not is_looked_into(session, run):
                    return  # the batch was given up meanwhile, and this is swept already
                add_blocks(session, some)

    def count(self, counts: pl.DataFrame) -> None:
        """Stage counts of common values."""
        columns: Columns = {**counts.to_dict(as_series=False), "batch_id": Same(self._batch_id)}
        for some in self._parts("counts", columns, counts.height):
            with self._ports.unit_of_work() as session:
                add_frequencies(session, some)

    def _parts(self, name: str, columns: Columns, rows: int) -> Iterator[Columns]:
        for part in self._paces[name].parts(rows):
            yield {key: column if isinstance(column, Same) else column[part] for key, column in columns.items()}
            self._ports.reached(f"match_{name}_staged")
