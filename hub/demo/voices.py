"""What customers write, with all that a text module should find in it: threads, tickets, reviews and call notes.

Two causes are planted. Who writes about late delivery of desks in the step `delivery` to the team `logistics` is more
often annoyed, and writes more, from `BREAK_DAY` on; who writes about errors of the mobile app in the step `use` to the
team `technical` is so all the time. Elsewhere tone is chance. Threads of these two get worse from message to message.
Without the plant all topics, products, steps, teams and times are alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any, Final

import numpy as np
import polars as pl

from hub.demo.chance import Flags, flags, stream
from hub.demo.desk import PRODUCTS
from hub.demo.lived import Truth
from hub.demo.occasions import WINDOW_DAYS
from hub.demo.pools import LANGUAGES
from hub.demo.rhythm import instant_of
from hub.demo.tickets import CATEGORIES, sentences
from privacy.plain_yaml import load_yaml

BREAK_DAY: Final = 547.0
STEPS: Final = ("order", "delivery", "use")
TEAMS: Final = ("first_line", "technical", "logistics", "billing")
CHANNELS: Final = ("email", "chat", "call", "review")
SPECIAL: Final = ("health", "union", "religion")
TONE: Final = {"friendly": 1, "neutral": 0, "formal": -1, "annoyed": -2}
_CALM: Final = (0.30, 0.45, 0.10, 0.15)
_ANNOYED: Final = (0.05, 0.15, 0.20, 0.60)
_LONGEST: Final = 4
_HIT_SHARE: Final = 0.12  # of threads that are drawn into each planted cause
_CAUSES: Final = (("delivery", "desks", "delivery", "logistics"), ("function_error", "mobile", "use", "technical"))
_WHERE: Final = ("topic", "product", "step", "team")


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """Frames of texts and of what is in them.

    messages: message, thread, entity, at, channel, language, text, and as truth topic, product, step, team, tone
    (friendly 1 to annoyed -2), planted, competitor, price, special (health, union, religion: Art. 9; null: nothing).
    spans: message, start, end (in characters), kind (name, phone, email).
    feedback: thread, entity, at, csat (1-5), nps (0-10), as the thread ended.
    """

    messages: pl.DataFrame
    spans: pl.DataFrame
    feedback: pl.DataFrame


def voices_of(seed: int, truth: Truth, threads: int, *, until: datetime) -> Voices:
    """Draw threads of one to four messages of the company's people."""
    rng = stream(seed, "voices")
    frame = _threads(rng, truth, threads, truth.lives.planted.causes)
    frame = frame[pl.Series(np.repeat(np.arange(threads), frame["length"].to_numpy()))]
    frame = frame.with_columns(turn=pl.int_range(pl.len()).over("thread"), message=pl.int_range(pl.len()))
    frame = _toned(rng, frame)
    frame = frame.with_columns(at=instant_of(pl.col("day") + 0.3 * pl.col("turn"), until))
    pieces = _pieces(rng, frame, truth.people)
    kept = ["message", "thread", "entity", "at", "channel", "language", "text", *_WHERE]
    found = ["tone", "planted", "competitor", "price", "special"]
    messages = pieces.with_columns(text=pl.concat_str(_ORDER)).select(*kept, *found)
    return Voices(messages=messages, spans=_spans(pieces), feedback=_answered(rng, messages))


def _threads(rng: np.random.Generator, truth: Truth, count: int, share: float) -> pl.DataFrame:
    """Draw who writes about what, where and when; planted causes draw threads to their place and time."""
    people = truth.people.select("entity", "language")[pl.Series(rng.integers(0, truth.people.height, count))]
    values = (CATEGORIES, PRODUCTS, STEPS, TEAMS)
    where = {name: rng.choice(list(each), count).astype(object) for name, each in zip(_WHERE, values, strict=True)}
    day = rng.uniform(0, WINDOW_DAYS - 2, count)
    planted: Flags = np.zeros(count, dtype=np.bool_)
    for number, cause in enumerate(_CAUSES):
        drawn = flags(rng, count, _HIT_SHARE * share) & ~planted
        drawn &= (day >= BREAK_DAY) | (number > 0)
        for name, value in zip(_WHERE, cause, strict=True):
            where[name][drawn] = value
        planted |= drawn
    return people.with_columns(
        thread=pl.Series(np.arange(count)),
        day=pl.Series(day),
        length=pl.Series(rng.integers(1, _LONGEST + 1, count)),
        channel=pl.Series(rng.choice(CHANNELS, count, p=[0.5, 0.25, 0.15, 0.1]), dtype=pl.String),
        planted=pl.Series(planted),
        **{name: pl.Series(list(column), dtype=pl.String) for name, column in where.items()},
    )


def _toned(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    """Draw a tone for each message; threads of a planted cause begin calmly more often than they go on."""
    names = pl.Series(list(TONE), dtype=pl.String)
    drawn = {name: rng.choice(len(TONE), frame.height, p=shares) for name, shares in (("c", _CALM), ("a", _ANNOYED))}
    angry = frame["planted"].to_numpy() & (rng.random(frame.height) < 0.5 + 0.2 * frame["turn"].to_numpy())
    said = names.gather(pl.Series(np.where(angry, drawn["a"], drawn["c"])))
    return frame.with_columns(said=said, tone=said.replace_strict(TONE, return_dtype=pl.Int64))


_SAID: Final = ("hello", "sentence", "about", "rival", "dear", "private")
_ORDER: Final = (*_SAID, "call", "phone", "write", "email", "bye", "name")
_PERSONAL: Final = ("phone", "email", "name")


def _pieces(rng: np.random.Generator, frame: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Put the parts of each text side by side, in `_ORDER`; a part that is not said is empty."""
    count = frame.height
    who = people.select("entity", "phone", "email", name=pl.format("{} {}", "given_name", "family_name"))
    says = {name: pl.Series(flags(rng, count, share)) for name, share in _SAYS.items()}
    frame = frame.with_columns(
        pick=pl.Series(rng.integers(0, 2, count)),
        kind=pl.Series(rng.choice(SPECIAL, count), dtype=pl.String),
        competitor=says["rival"],
        price=says["dear"],
    ).with_columns(special=pl.when(says["private"]).then("kind"))
    said, around = sentences()
    said = said.rename({"category": "topic", "tone": "said"})
    frame = frame.join(said, on=["language", "topic", "said", "pick"], how="left", maintain_order="left")
    frame = frame.join(around, on=["language", "pick"], how="left", maintain_order="left")
    frame = frame.join(who, on="entity", how="left", maintain_order="left")
    frame = frame.join(_phrases(), on=["language", "product", "kind"], how="left", maintain_order="left")
    return frame.with_columns(
        pl.col("hello") + " ",
        pl.format(" {}", "about").alias("about"),
        *_said("rival", says["rival"], before=" "),
        *_said("dear", says["dear"], before=" "),
        *_said("private", says["private"], before=" "),
        *_said("call", says["phone"], before=" ", after=" "),
        *_said("phone", says["phone"], after="."),
        *_said("write", says["email"], before=" ", after=" "),
        *_said("email", says["email"]),
        *_said("bye", says["name"], before=" ", after=" "),
        *_said("name", says["name"]),
    )


_SAYS: Final = {"rival": 0.06, "dear": 0.10, "private": 0.03, "phone": 0.3, "email": 0.3, "name": 0.7}


def _said(name: str, says: pl.Series, *, before: str = "", after: str = "") -> list[pl.Expr]:
    """Say a part, or nothing."""
    part = pl.concat_str(pl.lit(before), pl.col(name), pl.lit(after))
    return [pl.when(says).then(part).otherwise(pl.lit("")).alias(name)]


def _phrases() -> pl.DataFrame:
    """Read what is said besides: language, product, kind, about, rival, dear, private."""
    words: Mapping[str, Any] = load_yaml(files("hub.demo").joinpath("texts/voices.yaml").read_text(encoding="utf-8"))
    rows = [
        (language, product, kind, said["about"][product], said["competitor"], said["price"], said[kind])
        for language, said in ((each, words[each]) for each in LANGUAGES.values())
        for product in PRODUCTS
        for kind in SPECIAL
    ]
    return pl.DataFrame(rows, schema=["language", "product", "kind", "about", "rival", "dear", "private"], orient="row")


def _spans(pieces: pl.DataFrame) -> pl.DataFrame:
    """Tell where names, telephone numbers and e-mail addresses stand."""
    parts = []
    for kind in _PERSONAL:
        before = _ORDER[: _ORDER.index(kind)]
        start = pl.sum_horizontal(pl.col(name).str.len_chars() for name in before).cast(pl.Int64)
        said = pl.col(kind).str.strip_chars_end(".").str.len_chars()
        span = pieces.select("message", start=start, length=said, kind=pl.lit(kind))
        parts.append(span.filter(pl.col("length") > 0))
    spans = pl.concat(parts).with_columns(end=pl.col("start") + pl.col("length"))
    return spans.select("message", "start", "end", "kind").sort("message", "start")


def _answered(rng: np.random.Generator, messages: pl.DataFrame) -> pl.DataFrame:
    """Let half of the threads be rated, by the tone of their last message."""
    last = messages.group_by("thread", maintain_order=True).agg(pl.col("entity", "at", "tone").last())
    last = last.filter(pl.Series(flags(rng, last.height, 0.5)))
    felt = last["tone"].to_numpy() + rng.normal(0, 0.5, last.height)
    return last.select("thread", "entity", "at").with_columns(
        csat=pl.Series(np.clip(np.rint(3.8 + felt), 1, 5).astype(np.int64)),
        nps=pl.Series(np.clip(np.rint(7.6 + 2 * felt), 0, 10).astype(np.int64)),
    )
