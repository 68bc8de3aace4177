"""The study as a page that somebody reads in two minutes: what changed first, tables after; no script, no network."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final

from predict.causes.words import NAMES
from predict.opinion.scale import SCALES, Kind
from predict.page import document, table
from predict.voice.words import WORDS
from predict.writing import page as writing

_SPARK: Final = (130, 28)


def headlines(told: Mapping[str, Any], proposed: Sequence[Mapping[str, Any]], language: str) -> list[str]:
    """Say what somebody should know first: certain changes, steps that became slower, the strongest proposal."""
    words = WORDS[language]
    said = [
        words["worse" if one["gap"]["figure"] < 0 else "better"].format(
            what=_what(one, words),
            **{name: _figure(one["kind"], one[name]) for name in ("now", "before")},
            **{name: _signed(one["kind"], one["gap"][name]) for name in ("low", "high")},
        )
        for one in told.get("changes", [])
        if one["alarming"]
    ]
    said += [
        words["slower"].format(step=_spelt(one["step"]), slow=f"{one['slow']['figure']:.0%}")
        for one in told.get("steps", [])
        if one["slower"]
    ]
    said += _strongest(proposed)
    said += writing.headlines(told["writing"], language) if "writing" in told else []
    return said or [words["calm"]]


def _strongest(proposed: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say the first proposal of cases and the first of texts that nobody refuted."""
    first: dict[str, str] = {}
    for one in proposed:
        if one["verdict"] != "refuted":
            first.setdefault(one["what"], one["sentence"])
    return list(first.values())


def html(told: Mapping[str, Any], proposed: Sequence[Mapping[str, Any]], language: str) -> str:
    """Write the page of a study (`predict.voice.study`) and its proposals (`predict.voice.proposals`)."""
    words = WORDS[language]
    day = datetime.fromisoformat(told["as_of"]).date().isoformat()
    body = [
        f"<h1>{escape(words['title'])}</h1><p>{escape(words['as_of'].format(day=day))}</p>",
        f'<div class="first"><h2>{escape(words["first"])}</h2><ul>',
        *(f"<li>{escape(one)}</li>" for one in headlines(told, proposed, language)),
        "</ul></div>",
        *_scores(told, words),
        *(_findings(proposed, words) if "findings" in told else ()),
        *_moods(told, words),
        *_service(told, words, NAMES[language]),
        *_steps(told, words),
        *(writing.section(told["writing"], language) if "writing" in told else ()),
    ]
    if told["missing"]:
        body.append(f'<p class="note">{escape(words["missing"].format(parts=", ".join(told["missing"])))}</p>')
    if left_out := {name: rows for name, rows in told.get("left_out", {}).items() if rows}:
        said = ", ".join(f"{name} {rows}" for name, rows in left_out.items())
        body.append(f'<p class="note">{escape(words["left_out"].format(rows=said))}</p>')
    return document(words["title"], body, language)


def _scores(told: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    if "scores" not in told:
        return
    series: dict[tuple[str, str], dict[int, Mapping[str, Any]]] = {}
    for one in told["scores"]:
        series.setdefault((one["kind"], one["channel"]), {})[one["period"]] = one
    lines = []
    counted = {name: [one["answers"] for one in periods.values()] for name, periods in series.items()}
    for (kind, channel), periods in series.items():
        if channel != "all" and counted[kind, channel] == counted.get((kind, "all")):
            continue  # all were asked there: the line of all says the same
        newest, before = periods.get(0), periods.get(1)
        cells = [
            kind.upper(),
            words["all"] if channel == "all" else channel,
            _spanned(kind, newest),
            _spanned(kind, before),
        ]
        cells += [str(newest[name]) if newest else "-" for name in ("answers", "customers")]
        lines.append([*map(escape, cells), _spark(kind, periods)])
    yield f"<h2>{escape(words['scores'])}</h2>"
    yield f'<p class="note">{escape(words["scores_note"])} {escape(words["scales"])}</p>'
    yield table([*words["score_head"].split("|"), ""], lines)


def _findings(proposed: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> Iterator[str]:
    yield f"<h2>{escape(words['findings'])}</h2>"
    if not proposed:
        yield f"<p>{escape(words['none'])}</p>"
        return
    yield f'<p class="note">{escape(words["finding_note"])}</p><ol>'
    for one in proposed:
        yield f"<li>{escape(one['sentence'])} <em>{escape(words[one['verdict']])}</em> <code>{one['key']}</code></li>"
    yield "</ol>"


def _moods(told: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    if not told.get("moods"):
        return
    lines = [
        [escape(_spelt(one["topic"])), str(one["texts"]), str(one["customers"]), f"{one['unhappy']:.0%}"]
        for one in told["moods"]
    ]
    yield f'<h2>{escape(words["moods"])}</h2><p class="note">{escape(words["mood_note"])}</p>'
    yield table(words["mood_head"].split("|"), lines)


def _service(told: Mapping[str, Any], words: Mapping[str, str], names: Mapping[str, str]) -> Iterator[str]:
    if "service" not in told:
        return
    lines = [
        [
            escape(words["all"] if one["by"] == "all" else names.get(one["by"], one["by"])),
            escape("" if one["by"] == "all" else _spelt(one["level"])),
            str(one["cases"]),
            *(_share(one[act]) for act in ("answered", "solved")),
            *("-" if one[name] is None else f"{one[name]:.1f}" for name in ("answer_hours", "solve_hours")),
        ]
        for one in told["service"]
    ]
    yield f'<h2>{escape(words["service"])}</h2><p class="note">{escape(words["service_note"])}</p>'
    yield table(words["service_head"].split("|"), lines)


def _steps(told: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    if "steps" not in told:
        return
    lines = [
        [
            escape(_spelt(one["step"])),
            str(one["begun"]),
            *(f"{one[name]:.0f}" for name in ("median", "most")),
            f"{one['overdue']['figure']:.0%}",
            words["yes" if one["slower"] else "no"],
        ]
        for one in told["steps"]
    ]
    yield f"<h2>{escape(words['steps'])}</h2>" + table(words["steps_head"].split("|"), lines)


def _spelt(level: str) -> str:
    """Write a level as people do: sources write words with `_` between them."""
    return level.replace("_", " ")


def _share(told: Mapping[str, float]) -> str:
    """Write a share with its interval (`predict.shares.told_share`)."""
    if not told["of"]:
        return "-"
    return f"{told['figure']:.0%} ({told['low']:.0%} - {told['high']:.0%})"


def _what(one: Mapping[str, Any], words: Mapping[str, str]) -> str:
    channel = words["all"] if one["channel"] == "all" else one["channel"]
    return f"{one['kind'].upper()} ({channel})"


def _figure(kind: str, figure: float) -> str:
    return f"{figure:.0%}" if kind == Kind.CSAT else f"{figure:.{SCALES[Kind(kind)].digits}f}"


def _signed(kind: str, gap: float) -> str:
    return f"{gap:+.0%}" if kind == Kind.CSAT else f"{gap:+.{SCALES[Kind(kind)].digits}f}"


def _spanned(kind: str, one: Mapping[str, Any] | None) -> str:
    if one is None or one["figure"] is None:
        return "-"
    figure, low, high = (_figure(kind, one[name]) for name in ("figure", "low", "high"))
    return f"{figure} ({low} - {high})"


def _spark(kind: str, periods: Mapping[int, Mapping[str, Any]]) -> str:
    """Draw the figures of all periods, oldest first, over their intervals; what is not told is left out."""
    low, high = SCALES[Kind(kind)].figures
    width, height = _SPARK
    told = [(period, one) for period, one in sorted(periods.items(), reverse=True) if one["figure"] is not None]
    if len(told) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    first = max(period for period, _ in told)

    def at(period: int, figure: float) -> str:
        across = 4 + (width - 8) * (first - period) / max(first, 1)
        return f"{across:.1f},{height - 3 - (height - 6) * (figure - low) / (high - low):.1f}"

    line = " ".join(at(period, one["figure"]) for period, one in told)
    band = [at(period, one["high"]) for period, one in told] + [
        at(period, one["low"]) for period, one in reversed(told)
    ]
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="{escape(kind)}">'
        f'<polygon points="{" ".join(band)}" fill="#dbe4ee"/>'
        f'<polyline points="{line}" fill="none" stroke="#1c4f82" stroke-width="2"/></svg>'
    )
