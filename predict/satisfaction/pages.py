"""What customers write, as tables of the report: what comes first, how they feel, what changed. Read in two minutes.

Every line is of at least five customers; nobody's words are in it but those that many use. The words of the tables are
`predict.satisfaction.wording`'s.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from predict.likelihood.report import Section
from predict.telling.teller import Teller

MOST: Final = 8  # lines of a table
Lines = list[tuple[str, ...]]


def sections(told: Mapping[str, Any], teller: Teller) -> tuple[Section, ...]:
    """Lay the figures of texts out, the most urgent first."""
    first = [_first(one, teller) for one in told["categories"][:MOST]]
    tables: tuple[tuple[str, str, Lines], ...] = (
        ("first", "first", first),
        ("critical", "counts", _counts(told["critical"], "critical", teller)),
        ("changed", "changed", [_change(one, teller) for one in told["changes"]]),
        ("topics", "lines", _lines(told["topics"], teller)),
        ("languages", "lines", _lines(told["languages"], teller)),
        ("mentions", "counts", _counts(told["mentions"], "category", teller)),
        ("competitors", "lines", _lines(told.get("competitors", ()), teller)),
        ("price_seen", "lines", _lines(told.get("price_seen", ()), teller)),
        ("requests", "lines", _lines(told["requests"], teller)),
        ("read", "read", _read(told, teller)),
    )
    return tuple(
        Section(teller.say(f"{name}.title"), teller.head(f"{head}.head"), lines) for name, head, lines in tables
    )


def _first(one: Mapping[str, Any], teller: Teller) -> tuple[str, ...]:
    return (
        teller.named("category", one["category"]),
        teller.named("priority", one["priority"]),
        *(str(one[each]) for each in ("texts", "customers")),
        teller.format_field(one["blame"], ".2f"),
        teller.format_field(one["points"], ".0f"),
    )


def _lines(told: Sequence[Mapping[str, Any]], teller: Teller) -> Lines:
    write = teller.format_field
    return [
        (
            teller.named("category", str(one["name"])),
            str(one["texts"]),
            str(one["customers"]),
            write(one["lean"], "+.2f"),
            write(one["blaming"], "span"),
        )
        for one in told[:MOST]
    ]


def _counts(told: Mapping[str, Mapping[str, Any]], kind: str, teller: Teller) -> Lines:
    return [
        (
            teller.named(kind, name),
            *(teller.say("few") if one[each] is None else str(one[each]) for each in ("texts", "customers")),
        )
        for name, one in told.items()
    ]


def _change(one: Mapping[str, Any], teller: Teller) -> tuple[str, ...]:
    share = one["of"] == "share"
    scale, spec = (100, "+.0f") if share else (1, "+.2f")
    said = {
        name: teller.format_field(scale * one[each], spec)
        for name, each in (("figure", "size"), ("low", "low"), ("high", "high"))
    }
    return (
        teller.named("category", one["category"]),
        teller.say("changed.share" if share else "changed.lean"),
        str(one["weeks_ago"]),
        teller.say("points" if share else "bounded", **said),
    )


def _read(told: Mapping[str, Any], teller: Teller) -> Lines:
    learned, say = told["learned"], teller.say
    lines: Lines = [
        (say("read.texts"), f"{told['texts']}, {told['customers']}"),
        (say("read.withheld"), str(told["withheld"])),
        (say("read.labelled"), str(learned["labelled"])),
        (say("read.sentiment"), say("read.own" if learned["own"] else "read.shipped")),
    ]
    if "macro_f1" in learned:
        figures = {"own": learned["macro_f1"], "shipped": learned["macro_f1_shipped"], "judged": learned["judged"]}
        lines.append((say("read.macro"), say("read.beside", **figures)))
    return lines
