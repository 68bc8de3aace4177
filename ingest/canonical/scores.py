"""What the hub itself writes into the lake: scores, suggestions, campaigns, what was done. No contract maps onto it."""

from typing import Final

import polars as pl

from ingest.canonical.column import NOBODY, code, instant, number, one_of, whole
from ingest.canonical.snapshots import OTHERS
from ingest.canonical.table import Buckets, Column, Erasure, KeepDays, Table
from privacy.terms import DataCategory

_PROFILING: Final = DataCategory.BEHAVIOUR

SCORES: Final = Table(
    "scores",
    "one score of one customer by one model; event_time is the as_of that was scored",
    (
        code("module", "prediction module"),
        Column("model_id", pl.Binary(), NOBODY, "random id, 16 bytes", "the model"),
        instant("scored_at", "when it was scored"),
        number("probability", "0 to 1", "calibrated probability", _PROFILING),
        number("low", "0 to 1", "lower end of the interval", _PROFILING),
        number("high", "0 to 1", "upper end of the interval", _PROFILING),
        code("band", "band by capacity or threshold"),
        code("reason_1", "feature that speaks most"),
        code("reason_2", "feature that speaks second"),
        code("reason_3", "feature that speaks third"),
        Column("crosswalk_revision", pl.Int64(), NOBODY, "revision", "revision of the customer's record set"),
        Column(OTHERS, pl.List(pl.Binary()), NOBODY, "record ids", "further records of the customer, if any"),
    ),
    KeepDays(180),
    Erasure.DELETE_ROW,
    Buckets.FEW,
)

SCORE_ACTS: Final = Table(
    "score_acts",
    "what somebody did about one score of one customer; event_time is when",
    (
        code("module", "prediction module"),
        one_of("act", "what was done", "contacted", "offered", "helped", "dismissed"),
        Column(OTHERS, pl.List(pl.Binary()), NOBODY, "record ids", "further records of the customer, if any"),
    ),
    KeepDays(180),
    Erasure.DELETE_ROW,
    Buckets.FEW,
)

SUGGESTIONS: Final = Table(
    "suggestions",
    "what was suggested for one customer, of which options and with which chance; event_time is the as_of of it",
    (
        code("module", "prediction module"),
        instant("suggested_at", "when it was suggested"),
        code("need", "what came up"),
        code("action", "what was suggested; nothing is an action, too"),
        code("channel", "by which way"),
        number("propensity", "0 to 1", "chance with which the action was chosen", _PROFILING),
        code("options", "what could have been chosen"),
        Column(OTHERS, pl.List(pl.Binary()), NOBODY, "record ids", "further records of the customer, if any"),
    ),
    KeepDays(730),
    Erasure.DELETE_ROW,
    Buckets.FEW,
)

WINBACK_ACTS: Final = Table(
    "winback_acts",
    "one step of a win-back campaign with one customer; event_time is when",
    (
        code("campaign", "the campaign's random id"),
        one_of(
            "act",
            "drawn to be written to or left alone, a letter sent, or what happened since",
            "contact",
            "hold_out",
            "sent",
            "reply",
            "purchase",
            "complaint_opened",
            "complaint_closed",
            "service_fixed",
            "function_launched",
        ),
        code("reason", "why the customer left, as far as can be told"),
        code("offer", "what was recommended to be offered"),
        code("plan", "the sequence"),
        whole("step", "step", "which step of it, from 0"),
        code("channel", "by which way"),
        number("value_minor", "minor units", "expected contribution if the customer returns", _PROFILING),
        Column(OTHERS, pl.List(pl.Binary()), NOBODY, "record ids", "further records of the customer, if any"),
    ),
    KeepDays(730),
    Erasure.DELETE_ROW,
    Buckets.FEW,
)
