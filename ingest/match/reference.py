"""Splink, and nothing else of it elsewhere: levels of agreement and match weights of given pairs, as it says them.

`ingest.match.scorer` is what scores; it has to say the same, and this is who says what that is. Splink's own blocking,
training and clustering are not used: pairs, shares and clusters are ours.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
from splink import DuckDBAPI, Linker

from ingest.match.model import Model
from ingest.match.rarity import LEAST_FREQUENCY, Usual, frequencies, usual_shares
from ingest.match.scorer import connected
from ingest.match.spec import Comparison, Spec

_PAIRS_AT_ONCE: Final = 1_000_000
_ROW: Final = "row"


def told_by_splink(frame: pl.DataFrame, pairs: pl.DataFrame, spec: Spec, model: Model) -> pl.DataFrame:
    """Return left, right, and of each comparison `level_NAME`, `weight_NAME` and `rarity_NAME` (Float32, log2).

    `weight_NAME` is log2(m/u) of the level; `rarity_NAME` what a rarer or more common value than usual adds to it.
    """
    known = [each for each in spec.comparisons if each.name in model.m]
    scored = _scored(frame, pairs, [_compared(each, model) for each in known], usual_shares(spec, model))
    weights = [f"{part}_{each.name}" for each in known for part in ("weight", "rarity")]
    return scored.with_columns(pl.lit(0.0).alias(name) for name in weights if name not in scored.columns).select(
        "left", "right", *(_level(each) for each in known), *(pl.col(name).cast(pl.Float32) for name in weights)
    )


def plain_settings(spec: Spec, model: Model, keys: Sequence[str]) -> dict[str, Any]:
    """Return settings with which Splink works by itself: it blocks on columns, scores, and keeps nothing between."""
    return _settings([_compared(each, model) for each in spec.comparisons if each.name in model.m]) | {
        "blocking_rules_to_generate_predictions": [{"blocking_rule": f"l.{key} = r.{key}"} for key in keys],
        "probability_two_random_records_match": model.match_share,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def _level(comparison: Comparison) -> pl.Expr:
    return pl.col(f"level_{comparison.name}").cast(pl.Int8)


def _scored(
    frame: pl.DataFrame, pairs: pl.DataFrame, comparisons: list[dict[str, Any]], usual: Mapping[str, Usual]
) -> pl.DataFrame:
    """Return what Splink says of each pair, in the order of `pairs`; of no pairs it is not asked."""
    ends = pairs.select("left", "right")
    if ends.is_empty():
        return ends.with_columns(pl.lit(None).alias(f"level_{each['output_column_name']}") for each in comparisons)
    records = frame.with_row_index(_ROW).drop("record", strict=False)
    with connected() as connection:
        api = DuckDBAPI(connection)
        linker = Linker(api.register(records.to_arrow()), _settings(comparisons), log_level=None)
        for column, shares in frequencies(frame, usual):
            linker.table_management.register_term_frequency_lookup(api.register(shares.to_arrow()), column)
        scored = pl.concat([_chunk(each, api, linker) for each in ends.iter_slices(_PAIRS_AT_ONCE)])
    return ends.join(scored, on=["left", "right"], how="left", maintain_order="left")


def _chunk(pairs: pl.DataFrame, api: DuckDBAPI, linker: Linker) -> pl.DataFrame:
    """Score some pairs; only numbers leave DuckDB."""
    blocked = api.register(pairs.select(match_key=pl.lit("0"), join_key_l="left", join_key_r="right").to_arrow())
    linker.table_management.register_blocked_pairs_for_predict(blocked)
    predicted = linker.inference.predict(warning_mode="never")
    relation = predicted.as_duckdbpyrelation()
    kept = {name: _our_name(name) for name in relation.columns if _our_name(name)}
    columns = ", ".join(f'"{name}" AS "{ours}"' for name, ours in kept.items())
    frame = pl.DataFrame(relation.project(columns).to_arrow_table())
    predicted.drop_table_from_database_and_remove_from_cache()
    return frame


def _our_name(name: str) -> str:
    """Name a column of Splink's answer; empty for those that hold values or are not wanted."""
    for prefix, ours in (("gamma_", "level_"), ("mw_tf_adj_", "rarity_"), ("mw_", "weight_")):
        if name.startswith(prefix):
            return ours + name.removeprefix(prefix)
    return {f"{_ROW}_l": "left", f"{_ROW}_r": "right"}.get(name, "")


def _settings(comparisons: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "link_type": "dedupe_only",
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.{_ROW} = r.{_ROW}"}
        ],  # never used: pairs are given
        "probability_two_random_records_match": 0.5,  # the prior is added by us
        "retain_matching_columns": True,  # only with it are levels told; the values are left behind in `_chunk`
        "retain_intermediate_calculation_columns": True,
        "unique_id_column_name": _ROW,
    }


def _compared(comparison: Comparison, model: Model) -> dict[str, Any]:
    """Write a comparison as Splink has it."""
    m, u = model.m[comparison.name], model.u[comparison.name]
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.absent, "label_for_charts": "absent", "is_null_level": True}
    ]
    for place, level in enumerate(comparison.levels):
        number = comparison.size - 1 - place
        told = {
            "sql_condition": level.when,
            "label_for_charts": level.says,
            "m_probability": float(m[number]),
            "u_probability": float(u[number]),
        }
        if level.frequency is not None:
            told |= {
                "tf_adjustment_column": level.frequency,
                "disable_tf_exact_match_detection": True,  # each level is compared with its own u
                "tf_minimum_u_value": LEAST_FREQUENCY,
            }
        levels.append(told)
    bottom = {"m_probability": float(m[0]), "u_probability": float(u[0])}
    levels.append({"sql_condition": "ELSE", "label_for_charts": "otherwise"} | bottom)
    return {"output_column_name": comparison.name, "comparison_levels": levels}
