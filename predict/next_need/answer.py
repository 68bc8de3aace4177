"""What a module of the next need is asked about actions: messages in, messages out.

| asked | fields in | parts in | parts out |
|---|---|---|---|
| suggest | catalogue, at, language, seed | artefact, frame, reach, seen | suggestions |
| worth | catalogue | log | worth |

`reach` has pseudonym and reach_CHANNEL; `seen` need, action and bought; `log` what was suggested (pseudonym, as_of,
need, action, channel, propensity, options) and `bought`. Suggestions say in words what came up (`suggestion`).
"""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from predict.artefact import Artefact
from predict.errors import MessageRefused
from predict.evaluate import Interval
from predict.feature import LANGUAGES
from predict.field import instant_of, seed_of
from predict.frames import AS_OF, PSEUDONYM, ordered
from predict.next_need.action import ActionCatalogue, action_catalogue_of
from predict.next_need.belief import beliefs
from predict.next_need.detect import detected
from predict.next_need.suggest import suggest
from predict.next_need.trigger import triggers_of
from predict.next_need.words import sentences
from predict.next_need.worth import Value, values, with_values
from predict.wire import Message, arrow, told

_CLICKS: Final = "mail_click_share_180d"
_LAST: Final = "last_mail_channel"


def suggested(artefact: Artefact, asked: Message) -> Message:
    """Detect, assess and recommend; the highest expected value first."""
    catalogue, language = _catalogue(asked.fields), asked.fields.get("language")
    if language not in LANGUAGES:
        raise MessageRefused(f"field 'language' must be one of {', '.join(LANGUAGES)}")
    triggers = triggers_of(artefact.figures["triggers"])
    rows = ordered(asked.frame("frame"))
    found = detected(rows, triggers, artefact.figures["needs"])
    customers = rows.select(PSEUDONYM, AS_OF).hstack(found).hstack(_answers(rows, catalogue))
    reached = customers.join(asked.frame("reach"), on=PSEUDONYM, how="left").with_columns(_unreached(asked, catalogue))
    believed = beliefs(catalogue, asked.frame("seen"))
    chosen = suggest(reached, catalogue, believed, at=instant_of(asked.fields, "at"), seed=seed_of(asked.fields))
    words = found.select(sentences(triggers, str(language)).alias("suggestion"))
    said = rows.select(PSEUDONYM, AS_OF).hstack(words)
    listed = chosen.join(said, on=[PSEUDONYM, AS_OF], how="left")
    order = listed.sort("expected_value_minor", PSEUDONYM, descending=[True, False], nulls_last=True)
    return Message({"ok": True}, {"suggestions": arrow(order)}, {"suggestions": "arrow"})


def judged(asked: Message) -> Message:
    """Say what ways of choosing are worth."""
    found = values(with_values(asked.frame("log"), _catalogue(asked.fields)))
    return Message({"ok": True}, {"worth": told({way.value: _told(value) for way, value in found.items()})})


def _answers(rows: pl.DataFrame, catalogue: ActionCatalogue) -> pl.DataFrame:
    """Tell by which channel the customer answered last, where the view says so."""
    if not {_CLICKS, _LAST} <= set(rows.columns):
        return pl.DataFrame()
    known = pl.col(_LAST).cast(pl.String)
    share = pl.col(_CLICKS).cast(pl.Float64).fill_null(0.0)
    return rows.select(
        pl.when(known == way).then(pl.max_horizontal(share, 0.01)).alias(f"answers_{way}") for way in catalogue.channels
    )


def _unreached(asked: Message, catalogue: ActionCatalogue) -> list[pl.Expr]:
    """Count a channel that nobody was asked about as closed."""
    known = asked.frame("reach").columns
    return [pl.lit(value=False).alias(f"reach_{way}") for way in catalogue.channels if f"reach_{way}" not in known]


def _told(value: Value) -> dict[str, Any]:
    return {name: _bounds(getattr(value, name)) for name in ("ips", "snips", "dr")}


def _bounds(found: Interval) -> dict[str, float]:
    return {"figure": found.figure, "low": found.low, "high": found.high}


def _catalogue(fields: Mapping[str, Any]) -> ActionCatalogue:
    stored = fields.get("catalogue")
    if not isinstance(stored, dict):
        raise MessageRefused("field 'catalogue' must be an object")
    return action_catalogue_of(stored)
