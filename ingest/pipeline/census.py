"""Everybody who is matched, opened in bounded parts for one audited act, and brought to comparable form in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from ingest.match.kinds import COMPARABLE, Comparable
from ingest.pipeline.comparing import attributes_told
from ingest.pipeline.forming import Formed, form_chunk
from ingest.pipeline.opening import open_in_parts
from ingest.pipeline.ports import Matching, Ports
from ingest.store.match_whole import counted_batches, forms_at_rest, records_at_rest
from privacy.store.erasure import tombstones
from privacy.terms import RecordId

_WHY: Final = "matching"


@dataclass(frozen=True)
class Unformed:
    """What some records are to be found by, which have nothing of the newest version yet: a row a record."""

    formed: Formed = field(repr=False)
    rows: pl.DataFrame


@dataclass(frozen=True)
class Census:
    """The people of a home at one moment, or its organisations.

    `records` has record, revision, batch, source, name, country and `unformed` (it is not to be found in every version
    yet); `frame` those that could be opened, in comparable form, in the order of names, so that neither the order of
    deliveries nor chance leaves a trace; `missing` what the unformed are to be found by; `batches` are those that
    counted.
    """

    records: pl.DataFrame
    frame: pl.DataFrame = field(repr=False)
    missing: Sequence[Unformed] = field(repr=False)
    batches: frozenset[bytes] = frozenset()


def census(ports: Ports, matching: Matching, *, country: str) -> Census:
    """Open everybody of the kind that is matched so, but who is closed for an erasure.

    `country` reads the numbers of sources of which no record says a country.
    """
    with ports.read_only() as session:
        batches = frozenset(counted_batches(session))
        closed = pl.Series(sorted(tombstones(session)), dtype=pl.Binary).implode()
        records = records_at_rest(session, matching.kind).filter(~pl.col("record").is_in(closed))
        forms = [forms_at_rest(session, each.number) for each in matching.versions]
        records = _told(records, forms, country)
    read = COMPARABLE[matching.kind]
    frames, missing, done = [], [], 0
    for documents in open_in_parts([RecordId(record) for record in records["record"]], ports, why=_WHY):
        opened = attributes_told(documents, read.attributes).rename({"country": "country_told"})
        told = opened.join(records, on="record", maintain_order="left")
        missing += _missing(told.filter("unformed"), matching)
        frames.append(_comparable(told, read))
        done += told.height
        ports.progress(done)
    empty = pl.DataFrame(schema=dict.fromkeys(("record", "source"), pl.Binary))
    frame = pl.concat(frames) if frames else read.form(empty)
    places = records.sort("name").select("record").with_row_index("place")
    ordered = frame.join(places, on="record", maintain_order="left").sort("place").drop("place")
    return Census(records, ordered, missing, batches)


def _told(records: pl.DataFrame, forms: Sequence[pl.DataFrame], country: str) -> pl.DataFrame:
    """Say of each record by what its numbers are read, and whether something is missing by which it is to be found.

    `forms` are those of every version. A record without one is read as most of its source are.
    """
    names = records.select("record", "revision", "source")
    found = [names.join(each.drop("number"), on=["record", "revision"], how="semi") for each in forms]
    whole = pl.concat(found).group_by("record").len().filter(pl.col("len") == len(forms)).select("record")
    said = pl.concat(each.select("record", "country") for each in forms).unique(
        "record", keep="first", maintain_order=True
    )
    beside = records.join(said, on="record", how="left", maintain_order="left")
    usual = (
        beside.drop_nulls("country")
        .group_by("source", "country")
        .len()
        .sort("len", "country", descending=[True, False])
        .unique("source", keep="first")
        .select("source", usual="country")
    )
    return (
        beside.join(usual, on="source", how="left", maintain_order="left")
        .with_columns(
            country=pl.coalesce("country", "usual", pl.lit(country)),
            unformed=~pl.col("record").is_in(whole["record"].implode()),
        )
        .drop("usual")
    )


def _comparable(told: pl.DataFrame, read: Comparable) -> pl.DataFrame:
    return read.form(told.select("record", "source", *_attributes(read, own_country=True)))


def _missing(told: pl.DataFrame, matching: Matching) -> list[Unformed]:
    """Form those who have nothing yet, country by country."""
    found, read = [], COMPARABLE[matching.kind]
    for (country,), part in told.sort("record").group_by("country", maintain_order=True):
        fresh = part.select("record", *_attributes(read, own_country=False))
        found.append(Unformed(form_chunk(fresh, str(country), matching), part.select("record", "revision", "batch")))
    return found


def _attributes(read: Comparable, *, own_country: bool) -> list[pl.Expr]:
    """Name the attributes as delivered; a country that a row does not say is read from beside, or left out."""
    own = pl.col("country_told")
    told = {name: pl.col(name) for name in read.attributes if name != "country"}
    told["country"] = pl.coalesce(own, "country") if own_country else own
    return [expression.alias(name) for name, expression in told.items()]
