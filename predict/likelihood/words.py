"""Put reason codes into words: one expression per distinct code, none per row."""

import polars as pl

from predict.errors import FrameRefused
from predict.explain import REASONS
from predict.feature import LANGUAGES, RHYTHM_GROUP, Feature, Unit
from predict.frames import AS_OF, PSEUDONYM
from predict.levels import OTHER
from predict.likelihood.reasons import headline
from predict.likelihood.texts import DAYS, DECIMAL_POINT, EVERY, FLAGS, PLAIN, POOLED, RHYTHM
from predict.telling.teller import plain

MINOR_PER_MAJOR = 100
SMALL_RATIO_DIGITS = 2


def reasons(scores: pl.DataFrame, language: str, features: tuple[Feature, ...]) -> pl.DataFrame:
    """Give pseudonym, as_of and reason_1..3 as sentences (null: no further reason).

    Args:
        scores: a scores frame (`predict.likelihood.score`).
        language: nb, nn, sv, en or de.
        features: what the view says of the features; the artefact carries it.

    Raises:
        FrameRefused: the language is not one of ours.
    """
    if language not in LANGUAGES:
        raise FrameRefused("language", f"is not one of {', '.join(LANGUAGES)}", "choose one of them")
    by_name = {feature.name: feature for feature in features}
    lead = headline(features)
    columns = []
    for place in range(1, REASONS + 1):
        column = f"reason_{place}"
        codes = scores[column].drop_nulls().unique().sort().to_list()
        text = pl.lit(None, dtype=pl.String)
        for code in codes:
            said = _sentence(code, place, language, (by_name, lead))
            text = pl.when(pl.col(column) == code).then(said).otherwise(text)
        columns.append(text.alias(column))
    return scores.select(PSEUDONYM, AS_OF, *columns)


def _sentence(code: str, place: int, language: str, known: tuple[dict[str, Feature], Feature | None]) -> pl.Expr:
    by_name, lead = known
    group, _, direction = code.rpartition(".")
    value, usual = pl.col(f"value_{place}"), pl.col(f"usual_{place}")
    if group == RHYTHM_GROUP and lead is not None:
        every = _every(usual if direction == "overdue" else value, language)
        figures = (every, every) if direction == "rare" else (_days(value, language), every)
        texts = RHYTHM[language]
        template = texts.get(lead.activity, texts["any"])[direction]
        return _filled(template, {"value": figures[0], "usual": figures[1]})
    feature = by_name.get(group, Feature(name=group))
    if direction == "level":
        named = {"label": pl.lit(feature.label(language)), "value": _level(value, feature, language)}
        return _filled(PLAIN[language]["same"], named)
    shown, compared = _figure(value, feature.unit, language), _figure(usual, feature.unit, language)
    parts = {"label": pl.lit(feature.label(language)), "value": shown, "usual": compared}
    same = _filled(PLAIN[language]["same"], parts)
    if direction in {"same", "missing"} or feature.unit is Unit.FLAG:
        return _filled(PLAIN[language]["missing" if direction == "missing" else "same"], parts)
    # figures that read alike after rounding must not be called more or less
    return pl.when(shown == compared).then(same).otherwise(_filled(PLAIN[language][direction], parts))


def _filled(template: str, parts: dict[str, pl.Expr]) -> pl.Expr:
    """Put expressions into a template; braces in a label are text, not places."""
    pieces: list[pl.Expr] = []
    for chunk in template.split("{"):
        name, closed, rest = chunk.partition("}")
        if not closed:
            pieces.append(pl.lit(name))
            continue
        pieces.extend((parts[name], pl.lit(rest)))
    return pl.concat_str(pieces)


def _level(value: pl.Expr, feature: Feature, language: str) -> pl.Expr:
    """Name the level at a position; the pooled rest has a word of its own."""
    named = plain(language).named
    names = [POOLED[language] if level == OTHER else named("level", level) for level in feature.levels]
    return value.cast(pl.Int64).replace_strict(dict(enumerate(names)), default=None, return_dtype=pl.String)


def _whole(value: pl.Expr) -> pl.Expr:
    return value.round(0).cast(pl.Int64).cast(pl.String)


def _days(value: pl.Expr, language: str) -> pl.Expr:
    one, many = DAYS[language]
    figure = {"n": _whole(value)}
    return pl.when(value.round(0) == 1).then(_filled(one, figure)).otherwise(_filled(many, figure))


def _every(value: pl.Expr, language: str) -> pl.Expr:
    daily, seldom = EVERY[language]
    return pl.when(value.round(0) <= 1).then(pl.lit(daily)).otherwise(_filled(seldom, {"n": _whole(value)}))


def _figure(value: pl.Expr, unit: Unit, language: str) -> pl.Expr:
    """Write a number as its unit asks, with the decimal mark of the language."""
    point = DECIMAL_POINT[language]
    match unit:
        case Unit.DAYS:
            return _whole(value)
        case Unit.FLAG:
            no, yes = FLAGS[language]
            return pl.when(value > 0).then(pl.lit(yes)).otherwise(pl.lit(no))
        case Unit.AMOUNT_MINOR:
            return _whole(value / MINOR_PER_MAJOR)
        case Unit.RATIO:
            return _decimal(value, SMALL_RATIO_DIGITS, point)
        case Unit.COUNT | Unit.NUMBER:
            return _decimal(value, 1, point)


def _decimal(value: pl.Expr, digits: int, point: str) -> pl.Expr:
    rounded = value.round(digits)
    text = rounded.cast(pl.String).str.replace(".", point, literal=True)
    return pl.when(rounded == rounded.round(0)).then(_whole(rounded)).otherwise(text)
