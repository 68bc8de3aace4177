"""What customers write, as tables of the report: what comes first, how they feel, what changed. Read in two minutes.

Every line is of at least five customers; nobody's words are in it but those that many use.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from predict.likelihood.report import Section
from predict.shares import in_words

MOST: Final = 8  # lines of a table
_SEEN: Final = {"leaving": "threat to leave", "safety": "safety", "legal": "law"}


def sections(told: Mapping[str, Any]) -> tuple[Section, ...]:
    """Lay the figures of texts out, the most urgent first."""
    first = [
        (
            _words(one["category"]),
            _words(one["priority"]),
            str(one["texts"]),
            str(one["customers"]),
            f"{one['blame']:.2f}",
            f"{one['points']:.0f}",
        )
        for one in told["categories"][:MOST]
    ]
    return (
        Section("What to look at first", ("about", "priority", "texts", "customers", "blame", "points"), first),
        Section("To be seen at once", ("what", "texts", "customers"), _counts(told["critical"], _SEEN)),
        Section("What changed", ("about", "what", "weeks ago", "by"), [_change(one) for one in told["changes"]]),
        Section("What customers write about", _HEAD, _lines(told["topics"])),
        Section("How they feel, by language", _HEAD, _lines(told["languages"])),
        Section("Also mentioned", ("what", "texts", "customers"), _counts(told["mentions"], {})),
        Section("Asked for", _HEAD, _lines(told["requests"])),
        Section("How these texts were read", ("what", "figure"), _read(told)),
    )


_HEAD: Final = ("about", "texts", "customers", "mean lean (-1 to 1)", "share that blames")


def _lines(told: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (str(one["name"]), str(one["texts"]), str(one["customers"]), f"{one['lean']:+.2f}", in_words(one["blaming"]))
        for one in told[:MOST]
    ]


def _counts(told: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> list[tuple[str, ...]]:
    return [
        (
            names.get(name, name),
            *("fewer than five" if one[each] is None else str(one[each]) for each in ("texts", "customers")),
        )
        for name, one in told.items()
    ]


def _change(one: Mapping[str, Any]) -> tuple[str, ...]:
    share = one["of"] == "share"
    scale, unit = (100, " points") if share else (1, "")
    size, low, high = (f"{scale * one[each]:+.{0 if share else 2}f}" for each in ("size", "low", "high"))
    return (
        _words(one["category"]),
        "share of texts" if share else "lean",
        str(one["weeks_ago"]),
        f"{size}{unit} ({low} to {high})",
    )


def _read(told: Mapping[str, Any]) -> list[tuple[str, ...]]:
    learned = told["learned"]
    lines: list[tuple[str, ...]] = [
        ("texts, customers", f"{told['texts']}, {told['customers']}"),
        ("withheld or empty, not read", str(told["withheld"])),
        ("texts with a score of their customer", str(learned["labelled"])),
        ("sentiment", "the company's own" if learned["own"] else "shipped lists and model"),
    ]
    if "macro_f1" in learned:
        beside = f"{learned['macro_f1']:.3f} own, {learned['macro_f1_shipped']:.3f} shipped ({learned['judged']} texts)"
        lines.append(("macro-F1 by customers that were not taught", beside))
    return lines


def _words(name: str) -> str:
    return name.replace("_", " ")
