"""Support tickets with free text in four languages that holds names, telephone numbers and e-mail addresses.

The words are in `texts/<language>.yaml`: per category and tone a few sentences, besides greetings and signatures.
"""

from datetime import datetime
from importlib.resources import files
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Floats, flags, stream
from hub.demo.desk import with_places
from hub.demo.lives import CAUSES, Lives
from hub.demo.pools import LANGUAGES
from hub.demo.rhythm import WEEKS, drawn_instants, instant_of, start_of
from hub.demo.workload import busyness, thinned
from privacy.plain_yaml import load_yaml

CATEGORIES: Final = ("function_error", "communication", "usability", "delivery", "price", "wish")
TONES: Final = ("friendly", "neutral", "annoyed", "formal")
_USUAL: Final = (0.27, 0.13, 0.26, 0.12, 0.06, 0.16)
_CALM: Final = (0.36, 0.46, 0.12, 0.06)
_TENSE: Final = (0.12, 0.22, 0.42, 0.24)
_HOURS: Final = {
    "function_error": 30.0,
    "communication": 12.0,
    "usability": 10.0,
    "delivery": 26.0,
    "price": 20.0,
    "wish": 40.0,
}
_PRIORITY: Final = {
    "function_error": 0.5,
    "communication": 0.25,
    "delivery": 0.3,
    "price": 0.2,
    "usability": 0.1,
    "wish": 0.02,
}
TEAMS: Final = {"first_line": 8, "second_line": 6, "technical": 5, "billing": 5}  # how many agents each
_EXPERTS: Final = {"function_error": "technical", "price": "billing", "wish": "second_line"}  # others: the first line
_MINUTES: Final = {"technical": 48.0, "billing": 22.0, "second_line": 30.0, "first_line": 14.0}
_TO_EXPERT: Final = 0.8


def tickets_of(seed: int, people: pl.DataFrame, lives: Lives, *, until: datetime) -> pl.DataFrame:
    """Draw the tickets.

    Columns: entity, at, trigger (the occasion that led to it; null: none), category, tone, channel, priority,
    first_response_at, resolved_at (null: open), escalated, reopened, team, handling_minutes, agent, product, step
    (`hub.demo.desk`), language, text. 0.6 tickets a customer and year, 6-13 more a year, slower ones, during the
    episodes that show at the desk, and those that occasions lead to; on the days on which people write (`workload`).
    """
    rng = stream(seed, "tickets")
    # a desk that is busy on some days only is written to as often: 1 / the mean busyness
    events = drawn_instants(rng, lives, _rates(lives) / busyness(start_of(until), 0).mean(), until)
    events = thinned(rng, events, start_of(until), lives.planted.season)
    came = lives.occasions.cases.select("entity", "day", trigger="trigger", led="category")
    came = came.with_columns(at=instant_of(pl.col("day"), until))
    events = pl.concat([events, came], how="diagonal").sort("at", "entity")
    events = _troubles(events, lives).with_columns(
        chance=pl.Series(rng.random(events.height)), usual=pl.Series(rng.choice(CATEGORIES, events.height, p=_USUAL))
    )
    tense = pl.col("delay").is_not_null()
    tone = np.where(
        events["delay"].is_not_null().to_numpy(),
        rng.choice(TONES, events.height, p=_TENSE),
        rng.choice(TONES, events.height, p=_CALM),
    )
    themed = pl.when(tense & (pl.col("chance") < 0.8)).then("theme").otherwise("usual")  # noqa: PLR2004 - a share
    category = pl.coalesce("led", themed)
    events = events.with_columns(category=category, tone=pl.Series(tone))
    events = with_places(stream(seed, "desk places"), _handled(rng, events, until), lives.planted.causes)
    return _written(rng, events, people)


def _rates(lives: Lives) -> Floats:
    """Return tickets per customer and week, raised during the episodes that show at the desk."""
    customers = lives.customers
    matrix = np.repeat((customers["ticket_rate"].to_numpy() / 52)[:, None], WEEKS, axis=1)
    factors = {cause.name: cause.tickets for cause in CAUSES}
    episodes = lives.episodes.with_columns(factor=pl.col("cause").replace_strict(factors)).filter(pl.col("factor") > 1)
    row = customers["entity"].search_sorted(episodes["entity"]).to_numpy()
    middle = np.arange(WEEKS) * 7 + 3.5
    inside = (middle >= episodes["start_day"].to_numpy()[:, None]) & (middle <= episodes["end_day"].to_numpy()[:, None])
    # 1.5 a year on top: trouble brings to the desk even those who never write
    raised = inside * (1.5 / 52) * (episodes["factor"] * episodes["depth"]).to_numpy()[:, None]
    np.add.at(matrix, row, raised)
    return matrix


def _troubles(events: pl.DataFrame, lives: Lives) -> pl.DataFrame:
    """Add `theme` and `delay` of the running episode that shows at the desk; null where there is none."""
    themes = pl.DataFrame([(c.name, c.category, c.delay) for c in CAUSES if c.tickets > 1], orient="row")
    themes.columns = ["cause", "theme", "delay"]
    spells = lives.episodes.join(themes, on="cause").select("entity", "start_day", "end_day", "theme", "delay")
    hit = (
        events.select("entity", "day")
        .join(spells, on="entity")
        .filter(pl.col("day").is_between("start_day", "end_day"))
    )
    hit = hit.unique(["entity", "day"], keep="first").select("entity", "day", "theme", "delay")
    return events.join(hit, on=["entity", "day"], how="left", maintain_order="left")


def _handled(rng: np.random.Generator, events: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Answer and resolve: hours by category, times the episode's delay; what is not resolved by `until` is open."""
    count = events.height
    delay = events["delay"].fill_null(1.0).to_numpy()
    base = events["category"].replace_strict(_HOURS, return_dtype=pl.Float64).to_numpy()
    urgent = events["category"].replace_strict(_PRIORITY, return_dtype=pl.Float64).to_numpy()
    draw = rng.random(count)
    respond = rng.lognormal(np.log(3), 0.8, count) * np.sqrt(delay)
    resolve = respond + rng.lognormal(np.log(base), 0.7) * delay
    done = [pl.duration(seconds=pl.lit(pl.Series((hours * 3600).astype(np.int64)))) for hours in (respond, resolve)]
    end = pl.lit(until).dt.cast_time_unit("us")
    frame = events.with_columns(
        channel=pl.Series(rng.choice(["email", "chat", "phone", "form"], size=count, p=[0.5, 0.25, 0.15, 0.1])),
        priority=pl.Series(np.where(draw < urgent, "high", np.where(draw < urgent + 0.4, "medium", "low"))),
        first_response_at=pl.col("at") + done[0],
        resolved_at=pl.col("at") + done[1],
        escalated=pl.Series(rng.random(count) < np.where(delay > 2, 0.35, 0.05)),  # noqa: PLR2004 - slow service
        reopened=pl.Series(rng.random(count) < np.where(delay > 1, 0.22, 0.06)),
    )
    frame = _staffed(rng, frame)
    open_or = [
        pl.when(pl.col(name) < end).then(pl.col(name)).alias(name) for name in ("first_response_at", "resolved_at")
    ]
    return frame.with_columns(open_or).drop("theme", "delay", "usual", "chance", "led")


def _staffed(rng: np.random.Generator, tickets: pl.DataFrame) -> pl.DataFrame:
    """Give each case a team that knows about it, one of its people, and minutes of work."""
    count = tickets.height
    expert = tickets["category"].replace_strict(_EXPERTS, default="first_line", return_dtype=pl.String)
    team = expert.zip_with(pl.Series(flags(rng, count, _TO_EXPERT)), pl.Series(["first_line"] * count, dtype=pl.String))
    first = dict(zip(TEAMS, np.cumsum([0, *TEAMS.values()]), strict=False))
    number = rng.random(count) * team.replace_strict(TEAMS, return_dtype=pl.Float64).to_numpy()
    agent = pl.Series(number.astype(np.int64)) + team.replace_strict(first, return_dtype=pl.Int64) + 1
    usual = team.replace_strict(_MINUTES, return_dtype=pl.Float64).to_numpy()
    return tickets.with_columns(
        team=team,
        handling_minutes=pl.Series(np.ceil(rng.lognormal(np.log(usual), 0.6)).astype(np.int64)),
        agent=pl.format("agent-{}", agent.cast(pl.String).str.zfill(2)),
    )


def _written(rng: np.random.Generator, events: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Compose the text: greeting, sentence by category and tone, what the person gives away, signature."""
    count = events.height
    who = people.select("entity", "language", "given_name", "family_name", "phone", "email")
    frame = events.join(who, on="entity", how="left", maintain_order="left").with_columns(
        pick=pl.Series(rng.integers(0, 2, count)),
        gives=pl.Series(rng.choice(["none", "phone", "email", "both"], size=count)),
    )
    said, around = sentences()
    frame = frame.join(said, on=["language", "category", "tone", "pick"], how="left", maintain_order="left")
    frame = frame.join(around, on=["language", "pick"], how="left", maintain_order="left")
    signed = pl.when(pl.Series(flags(rng, count, 0.8))).then(pl.format(" {} {} {}", "bye", "given_name", "family_name"))
    text = pl.concat_str(
        pl.format("{} {}", "hello", "sentence"),
        pl.when(pl.col("gives").is_in(["phone", "both"])).then(pl.format(" {} {}.", "call", "phone")),
        pl.when(pl.col("gives").is_in(["email", "both"])).then(pl.format(" {} {}.", "write", "email")),
        signed,
        ignore_nulls=True,
    )
    kept = [name for name in events.columns if name != "day"]
    return frame.select(*kept, "language", text=text)


def sentences() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the sentences (language, category, tone, pick, sentence) and what surrounds them (language, pick, ...)."""
    said, around = [], []
    for language in LANGUAGES.values():
        words = load_yaml(files("hub.demo").joinpath(f"texts/{language}.yaml").read_text(encoding="utf-8"))
        for category in CATEGORIES:
            for tone in TONES:
                said += [(language, category, tone, pick, words[category][tone][pick]) for pick in (0, 1)]
        around += [
            (language, pick, *(words[part][pick] for part in ("hello", "call", "write", "bye"))) for pick in (0, 1)
        ]
    return (
        pl.DataFrame(said, schema=["language", "category", "tone", "pick", "sentence"], orient="row"),
        pl.DataFrame(around, schema=["language", "pick", "hello", "call", "write", "bye"], orient="row"),
    )
