"""Golden records: of what several records say of one customer, the value that stands, and where it came from.

Pure and columnar: frames in, a frame out, whatever the order of rows. For each rule the records of an entity are put in
order by its criteria, each asked only of those that the one before left equal, at last by record id; the first one's
values stand. A correction by the customer comes before every criterion, the newest before older ones.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.survivorship.facts import DERIVED, FORM, INSTANT, TOLD, Facts, compared, readable
from ingest.survivorship.rules import Criterion, Missing, Rule, Rules

GOLDEN: Final = {
    "entity": pl.Binary,
    "attribute": pl.String,
    "value": pl.String,
    "record": pl.Binary,
    "source": pl.String,
    "revision": pl.Int64,
    "said_at": INSTANT,
    "decided_by": pl.String,
    "agreeing": pl.Int64,
    "differing": pl.Int64,
}
"""Columns of golden records, one row an entity and attribute that has a value.

`value` is as the source wrote it; `decided_by` one of `DECIDED`; `agreeing` counts the records that say the same in
standard form, this one included, `differing` those that say something else.
"""

CORRECTION: Final = "correction"
ONLY: Final = "only"
FILLED: Final = "filled"
TIE: Final = "tie"
DECIDED: Final = (CORRECTION, ONLY, *(criterion.value for criterion in Criterion), FILLED, TIE)
"""Why a value stands: the customer corrected it; nobody says anything else; a criterion; the chosen record lacks it and
another has it; nothing told the records apart."""

_FULL: Final = "full_name"
_SPLIT: Final = ("given_name", "family_name")
_ORDER: Final = "order:"
_CHOSEN: Final = "chosen:"
_STANDS: Final = "stands:"
"""Before an attribute: whether the record speaks for it."""


@dataclass(frozen=True, slots=True)
class _Said:
    """The records that say something of a rule's attributes, best first within each entity.

    `forms` are the columns by which two of them contradict one another, `ranks` those by which they are ordered.
    """

    rows: pl.DataFrame
    forms: tuple[str, ...]
    ranks: tuple[str, ...]


def survive(facts: Facts, rules: Rules) -> pl.DataFrame:
    """Return the golden record of each entity: the columns of `GOLDEN`, by entity, then in the order of the rules."""
    rows = compared(facts)
    found = [_survivors(rows, facts.corrections, rule) for rule in rules.of_kind[facts.kind]]
    return pl.concat(found).with_row_index("place").sort("entity", "place").drop("place")


def _survivors(rows: pl.DataFrame, corrections: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    said = _ordered(rows, corrections, rule)
    chosen = said.rows.unique("entity", keep="first", maintain_order=True)
    decided = _decided(said, chosen, rule)
    standing = [decided.with_columns(pl.lit(value=True).alias(f"{_STANDS}{name}") for name in rule.attributes)]
    if rule.missing is Missing.FILL:
        standing.append(_filling(said, decided, rule))
    both = pl.concat(standing)
    return pl.concat([_of_attribute(said, both, name) for name in rule.attributes])


def _ordered(rows: pl.DataFrame, corrections: pl.DataFrame, rule: Rule) -> _Said:
    mine = corrections.filter(pl.col("attribute").is_in(rule.attributes))
    newest = mine.group_by("record").agg(pl.col("corrected_at").max(), corrected=pl.col("attribute").sort())
    said = rows.join(newest, on="record", how="left").filter(
        pl.any_horizontal(pl.col(rule.attributes).is_not_null()) | pl.col("corrected_at").is_not_null()
    )
    forms = _contradicting(rule)
    agreement = _agreement(said, forms)
    whole = said.join(agreement, on=["entity", *forms], how="left", nulls_equal=True)
    ranks = {f"{_ORDER}{CORRECTION}": pl.col("corrected_at").to_physical().fill_null(0)}
    ranks |= {f"{_ORDER}{criterion}": _rank(criterion, rule, forms) for criterion in rule.by}
    ordered = whole.with_columns(**ranks).sort(
        ["entity", *ranks, "record"], descending=[False, *(True for _ in ranks), False]
    )
    return _Said(ordered, forms, tuple(ranks))


def _contradicting(rule: Rule) -> tuple[str, ...]:
    """Return the columns that tell two records apart; a whole name is told by its parts where they stand beside it."""
    if {_FULL, *_SPLIT} <= set(rule.attributes):
        rest = [name for name in rule.attributes if name not in {_FULL, *_SPLIT}]
        return (*(f"{DERIVED}{name}" for name in _SPLIT), *(f"{FORM}{name}" for name in rest))
    return tuple(f"{FORM}{name}" for name in rule.attributes)


def _rank(criterion: Criterion, rule: Rule, forms: tuple[str, ...]) -> pl.Expr:
    """Return a whole number, more for the better record."""
    match criterion:
        case Criterion.SOURCE:
            ranks = {name: len(rule.sources) - place for place, name in enumerate(rule.sources)}
            return pl.col("source").replace_strict(ranks, default=0, return_dtype=pl.Int64)
        case Criterion.RECENCY:
            return pl.col("said_at").to_physical()
        case Criterion.COMPLETENESS:
            return pl.sum_horizontal(readable(pl.col(form)).cast(pl.Int64) for form in forms)
        case Criterion.AGREEMENT:
            return pl.col("agreement").fill_null(0)


def _agreement(said: pl.DataFrame, forms: tuple[str, ...]) -> pl.DataFrame:
    """Count, for each different thing said in an entity, the records that say something of it and nothing against it.

    Different things are compared with one another, not records: they are few, however many records say them.
    """
    distinct = said.group_by("entity", *forms).agg(records=pl.len().cast(pl.Int64)).with_row_index("saying")
    other = distinct.select("entity", *forms, "records")
    pairs = distinct.drop("records").join(other, on="entity", suffix=":other")
    same = [pl.col(form) == pl.col(f"{form}:other") for form in forms]
    agrees = pl.any_horizontal(each.fill_null(value=False) for each in same) & pl.all_horizontal(
        each.fill_null(value=True) for each in same
    )
    counted = pairs.filter(agrees).group_by("saying").agg(agreement=pl.col("records").sum())
    return distinct.join(counted, on="saying", how="left").select("entity", *forms, "agreement")


def _decided(said: _Said, chosen: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Add to each entity's chosen record `decided_by`: the last criterion that it took to be rid of all who differ."""
    best = chosen.select("entity", pl.col(*said.forms, *said.ranks).name.prefix(_CHOSEN))
    others = said.rows.join(best, on="entity")
    differs = pl.any_horizontal(pl.col(form).ne_missing(pl.col(f"{_CHOSEN}{form}")) for form in said.forms)
    # nobody differs before the first criterion is asked; who differs from the chosen one only by its id is a tie
    lost_at = pl.coalesce(
        *(pl.when(pl.col(rank) != pl.col(f"{_CHOSEN}{rank}")).then(place) for place, rank in enumerate(said.ranks)),
        len(said.ranks),
    )  # fmt: skip - one step a line
    needed = others.filter(differs).group_by("entity").agg(lost_at.max().alias("step"))
    names = dict(enumerate((CORRECTION, *(criterion.value for criterion in rule.by), TIE)))
    why = pl.col("step").replace_strict(names, default=ONLY, return_dtype=pl.String)
    corrected = pl.when(pl.col("corrected_at").is_not_null()).then(pl.lit(CORRECTION)).otherwise(why)
    return chosen.join(needed, on="entity", how="left").with_columns(decided_by=corrected).drop("step")


def _filling(said: _Said, decided: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Return, where the chosen record lacks something, the best of those that have any of it and contradict nothing.

    One record, so that what is filled in belongs together, too. Where the customer said that there is none of
    something it is not filled in.
    """
    lacks = {
        name: pl.col(name).is_null() & ~pl.col("corrected").list.contains(name).fill_null(value=False)
        for name in rule.attributes
    }
    best = decided.select(
        "entity",
        pl.col(said.forms).name.prefix(_CHOSEN),
        *(lacking.alias(f"{_STANDS}{name}") for name, lacking in lacks.items()),
    )
    others = said.rows.join(best, on="entity", how="inner", maintain_order="left")
    useful = pl.any_horizontal(pl.col(f"{_STANDS}{name}") & pl.col(name).is_not_null() for name in rule.attributes)
    against = pl.any_horizontal(
        (pl.col(form) != pl.col(f"{_CHOSEN}{form}")).fill_null(value=False) for form in said.forms
    )
    first = others.filter(useful & ~against).unique("entity", keep="first", maintain_order=True)
    standing = [f"{_STANDS}{name}" for name in rule.attributes]
    return first.with_columns(decided_by=pl.lit(FILLED)).select(*decided.columns, *standing)


def _of_attribute(said: _Said, standing: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return one attribute's rows of golden records."""
    form = f"{FORM}{name}"
    told = standing.filter(pl.col(name).is_not_null() & pl.col(f"{_STANDS}{name}"))
    counts = said.rows.filter(pl.col(form).is_not_null()).group_by("entity", form).agg(agreeing=pl.len())
    in_all = counts.group_by("entity").agg(in_all=pl.col("agreeing").sum())
    counted = told.join(counts, on=["entity", form], how="left").join(in_all, on="entity", how="left")
    return counted.select(
        "entity",
        pl.lit(name).alias("attribute"),
        pl.col(name).alias("value"),
        *list(TOLD)[1:],
        "decided_by",
        pl.col("agreeing").cast(pl.Int64),
        (pl.col("in_all").cast(pl.Int64) - pl.col("agreeing").cast(pl.Int64)).alias("differing"),
    )
