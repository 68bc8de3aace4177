"""Turn rows as a source has them into typed rows, refusing those that break a rule of the contract.

One pass computes every output and one boolean; only rows that failed are looked at again, to say which rule they broke
first. Nothing here loops over rows.
"""

from dataclasses import replace
from datetime import datetime

import polars as pl

from ingest.contract.model import Contract
from ingest.errors import FileRefused
from ingest.readers.casts.check import SOURCE, Check
from ingest.readers.casts.instant import bounded
from ingest.readers.casts.plan import Plan, plan_of
from ingest.readers.casts.sound import Sound, sound_columns
from ingest.readers.chunk import REJECTED, Chunk, RawChunk
from ingest.readers.damaged import heard, restrictive_of, subject_of, unheard, with_subjects


class Typist:
    """Types the chunks of one delivery; the plan is compiled again only when a chunk's types or codes differ.

    `arrived` is when the delivery came: no permission dated after it is let through. None holds nothing against it.
    """

    def __init__(self, contract: Contract, *, arrived: datetime | None = None) -> None:
        self._contract = contract
        self._arrived = arrived
        self._used = [name for name in contract.declared_columns if name not in contract.ignore]
        self._given: tuple[dict[str, pl.DataType], Sound] | None = None
        self._plan: Plan = Plan((), ())

    def typed(self, raw: RawChunk) -> Chunk:
        """Type one chunk.

        Raises:
            FileRefused: a column holds nested values or bytes.

        """
        sound = sound_columns(raw.frame, self._used)
        source = raw.frame.select("_line", *(self._source(name, raw.frame.schema[name], sound) for name in self._used))
        dtypes = {name: source.schema[SOURCE + name] for name in self._used}
        if (dtypes, sound) != self._given:
            self._plan = plan_of(self._contract, dtypes, sound, arrived=self._arrived)
            self._given = (dtypes, sound)
        both = source.with_columns(self._plan.outputs)
        outputs = ["_line", *(output.meta.output_name() for output in self._plan.outputs)]
        failed = both.select(_any(self._plan.checks)).to_series()
        read = raw.frame.height + raw.rejected.height
        unsplit = self._unsplit(raw)
        if not failed.any():
            return replace(unsplit, frame=both.select(outputs), read=read, source=self._kept(raw))
        wrong = both.filter(failed).with_columns(subject_of(self._contract, dtypes))
        rejected = _rejected(wrong, raw.frame.filter(failed), self._plan.checks)
        acts = [unsplit.restrictive, restrictive_of(self._contract, wrong, dtypes)]
        return Chunk(
            frame=both.filter(~failed).select(outputs),
            rejected=_in_order(unsplit.rejected, rejected),
            read=read,
            restrictive=pl.concat([some for some in acts if some.height] or acts[:1]),
            unheard=unsplit.unheard,
            source=self._kept(raw),
        )

    def _kept(self, raw: RawChunk) -> pl.DataFrame:
        """Keep the rows as they came where one may have to be put aside after it was typed."""
        return raw.frame if self._contract.is_identity else pl.DataFrame()

    def _unsplit(self, raw: RawChunk) -> Chunk:
        """Read of rows that were refused before they were split whose they are and which acts restrict."""
        cells = raw.damaged
        source = pl.DataFrame()
        if cells.height:
            source = cells.select("_line", *(_trimmed(self._contract, name, pl.String()) for name in self._used))
        return Chunk(
            frame=source,
            rejected=with_subjects(self._contract, raw.rejected, cells, source),
            read=raw.rejected.height,
            restrictive=heard(self._contract, source),
            unheard=unheard(self._contract, raw.rejected, cells),
        )

    def _source(self, name: str, dtype: pl.DataType, sound: Sound) -> pl.Expr:
        """Rename a source column, trimmed unless it is known that there is nothing to trim."""
        return pl.col(name).alias(SOURCE + name) if name in sound else _trimmed(self._contract, name, dtype)


def _trimmed(contract: Contract, name: str, dtype: pl.DataType) -> pl.Expr:
    """Rename a source column; trim text, and read empty text and NaN as missing."""
    source = pl.col(name)
    if isinstance(dtype, (pl.Categorical, pl.Enum)) or dtype == pl.Null:
        source, dtype = source.cast(pl.String), pl.String()
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object, pl.Time, pl.Duration):
        raise FileRefused(contract.name, f"holds {dtype.base_type()}", "flatten it at the source", column=name)
    if dtype == pl.String:
        text = source.str.strip_chars()
        source = pl.when(text.str.len_bytes() > 0).then(text)
    elif dtype.is_float():
        source = source.fill_nan(None)
    else:
        source = bounded(source, dtype)
    return source.alias(SOURCE + name)


def _any(checks: tuple[Check, ...]) -> pl.Expr:
    """Say whether a row fails any check; a check that is null did not fail."""
    if not checks:
        return pl.lit(value=False).alias("failed")
    return pl.any_horizontal(check.bad.fill_null(value=False) for check in checks).alias("failed")


def _rejected(failed: pl.DataFrame, raw: pl.DataFrame, checks: tuple[Check, ...]) -> pl.DataFrame:
    """Name the first rule that each refused row broke."""
    first = pl.coalesce(pl.when(check.bad).then(pl.lit(number)) for number, check in enumerate(checks))
    rules = pl.DataFrame(
        {
            "check": range(len(checks)),
            "column": [check.column for check in checks],
            "rule": [check.rule for check in checks],
            "remedy": [check.remedy for check in checks],
        },
        schema={"check": pl.Int32, "column": pl.String, "rule": pl.String, "remedy": pl.String},
    )
    named = failed.select("subject", line="_line", check=first.cast(pl.Int32)).join(
        rules, on="check", how="left", maintain_order="left"
    )
    return named.with_columns(raw=rows_as_text(raw)).select(REJECTED.names())


def rows_as_text(raw: pl.DataFrame) -> pl.Series:
    """Return each row of a source, without `_line`, as a JSON object of text: what is sealed in quarantine."""
    columns = [name for name in raw.columns if name != "_line"]
    return raw.select(pl.struct(_as_text(name, raw.schema[name]) for name in columns).struct.json_encode()).to_series()


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a source column as text for quarantine; bytes and nested values are left out."""
    if dtype == pl.Binary or dtype.is_nested():
        return pl.lit(None, dtype=pl.String).alias(name)
    return bounded(pl.col(name), dtype).cast(pl.String, strict=False)


def _in_order(unsplit: pl.DataFrame, failed: pl.DataFrame) -> pl.DataFrame:
    """Put both kinds of refused rows in the order of their lines."""
    return pl.concat([unsplit, failed]).sort("line") if unsplit.height else failed
