"""The report of a yes/no module as one HTML page, pictures drawn inline: no script, no network, no personal data."""

from collections.abc import Sequence
from html import escape
from math import ceil
from typing import Any

from predict.artefact import Artefact
from predict.curve import Curve, drawn
from predict.likelihood.report import Section, rows, sections, spoken, summary, title
from predict.likelihood.waterfall import fall_of, picture
from predict.page import document, table
from predict.telling.teller import Teller


def html(artefact: Artefact, teller: Teller, added: Sequence[Section] = ()) -> str:
    """Write the page; `added` are the tables of the module itself, which are read first."""
    artefact = spoken(artefact, teller)
    figures, said = artefact.figures, title(artefact, teller)
    body = [
        f"<h1>{escape(said)}</h1>",
        *_tables(added),
        *((f"<h2>{escape(teller.say('model.title'))}</h2>",) if any(one.lines for one in added) else ()),
        f"<p>{escape(summary(artefact, teller))}</p>",
        *(f'<p class="remark">{escape(remark)}</p>' for remark in figures["remarks"]),
        _table(teller.head("figures.head"), rows(artefact, teller)),
        *(_pictures(figures, teller) if "curves" in figures else ()),
        *_waterfall(artefact, teller),
        *_tables(sections(artefact, teller)),
    ]
    return document(said, body, teller.language)


def _tables(told: Sequence[Section]) -> list[str]:
    return [f"<h2>{escape(one.title)}</h2>{_table(one.head, one.lines)}" for one in told if one.lines]


def _waterfall(artefact: Artefact, teller: Teller) -> list[str]:
    """Draw how a score comes about; nothing where nothing raises it."""
    fall = fall_of(artefact, teller.language)
    return [] if fall is None else [f"<h2>{escape(teller.say('fall.title'))}</h2>{picture(fall, teller)}"]


def _pictures(figures: dict[str, Any], teller: Teller) -> list[str]:
    curves, base, share = figures["curves"], figures["base_rate"], figures["capacity"] / figures["customers"]
    lift = [(share, times) for share, times in curves["lift"]]
    tallest = float(ceil(max(2.0, *(times for _, times in lift))))
    pictures: list[tuple[str, dict[str, Any]]] = [
        (
            "calibrated",
            {"points": [(mean, seen) for _, mean, seen in curves["calibration"]], "guide": ((0, 0), (1, 1))},
        ),
        ("precise", {"points": [tuple(one) for one in curves["precision_recall"]], "guide": ((0, base), (1, base))}),
        ("lifted", {"points": lift, "guide": ((share, 0), (share, tallest)), "tallest": tallest}),
    ]
    return [
        drawn(
            Curve(
                title=teller.say(name),
                across=teller.say(f"{name}.across"),
                up=teller.say(f"{name}.up"),
                guide_says=teller.say(f"{name}.guide", capacity=figures["capacity"]),
                **places,
            ),
            teller,
        )
        for name, places in pictures
    ]


def _table(head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    return table(head, [[escape(cell) for cell in line] for line in lines])
