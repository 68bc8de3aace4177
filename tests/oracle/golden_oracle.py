"""Survivorship in plain Python: one entity, one rule, one record at a time. Slow and obvious.

Forms are those that the product compares by; everything that is decided from them is decided here anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ingest.survivorship.rules import Missing, Rule

Row = Mapping[str, Any]


def golden_of(rows: Sequence[Row], corrections: Mapping[tuple[bytes, str], Any], rules: Sequence[Rule]) -> list[Row]:
    """Return one entity's golden record; `rows` have `form:` and `derived:` beside the attributes."""
    return [row for rule in rules for row in survivors_of(rows, corrections, rule)]


def survivors_of(rows: Sequence[Row], corrections: Mapping[tuple[bytes, str], Any], rule: Rule) -> list[Row]:
    def corrected(row: Row) -> Any:
        acts = [corrections[row["record"], a] for a in rule.attributes if (row["record"], a) in corrections]
        return max(acts, default=None)

    said = [row for row in rows if any(row[a] is not None for a in rule.attributes) or corrected(row) is not None]
    if not said:
        return []
    forms = form_names(rule)
    steps = [
        ("correction", lambda row: corrected(row).timestamp() if corrected(row) else 0),
        *((str(criterion), scorer(str(criterion), rule, said, forms)) for criterion in rule.by),
    ]
    chosen = best_of(said, steps)
    why = ended_by(said, chosen, steps, forms)
    if corrected(chosen) is not None:
        why = "correction"
    found = {a: (chosen, why) for a in rule.attributes if chosen[a] is not None}
    if rule.missing is Missing.FILL:
        lacks = [a for a in rule.attributes if chosen[a] is None and (chosen["record"], a) not in corrections]
        useful = [r for r in said if any(r[a] is not None for a in lacks) and not contradict(r, chosen, forms)]
        if useful:
            filler = best_of(useful, steps)
            found |= {a: (filler, "filled") for a in lacks if filler[a] is not None}
    return [told(said, a, *found[a]) for a in rule.attributes if a in found]


def best_of(rows: Sequence[Row], steps: Sequence[Any]) -> Row:
    best = rows[0]
    for row in rows[1:]:
        mine, theirs = [score(row) for _, score in steps], [score(best) for _, score in steps]
        if mine > theirs or (mine == theirs and row["record"] < best["record"]):
            best = row
    return best


def ended_by(said: Sequence[Row], chosen: Row, steps: Sequence[Any], forms: Sequence[str]) -> str:
    """Name the last step that somebody was needed for who says something else; `only` if nobody does."""
    needed = -1
    for row in said:
        if any(row[f] != chosen[f] for f in forms):
            lost = next((place for place, (_, score) in enumerate(steps) if score(row) < score(chosen)), len(steps))
            needed = max(needed, lost)
    return "only" if needed < 0 else [*(name for name, _ in steps), "tie"][needed]


def form_names(rule: Rule) -> list[str]:
    if {"given_name", "family_name", "full_name"} <= set(rule.attributes):
        rest = [f"form:{a}" for a in rule.attributes if a not in {"given_name", "family_name", "full_name"}]
        return ["derived:given_name", "derived:family_name", *rest]
    return [f"form:{a}" for a in rule.attributes]


def contradict(one: Row, other: Row, forms: Sequence[str]) -> bool:
    return any(one[f] is not None and other[f] is not None and one[f] != other[f] for f in forms)


def agree(one: Row, other: Row, forms: Sequence[str]) -> bool:
    return not contradict(one, other, forms) and any(one[f] is not None and one[f] == other[f] for f in forms)


def scorer(criterion: str, rule: Rule, said: Sequence[Row], forms: Sequence[str]) -> Any:
    def readable(form: str | None) -> bool:
        return form is not None and not form.startswith("?") and len(form) > 1

    scores = {
        "source": lambda row: (
            -rule.sources.index(row["source"]) if row["source"] in rule.sources else -len(rule.sources)
        ),
        "recency": lambda row: row["said_at"].timestamp(),
        "completeness": lambda row: sum(readable(row[f]) for f in forms),
        "agreement": lambda row: sum(agree(row, other, forms) for other in said),
    }
    return scores[criterion]


def told(said: Sequence[Row], name: str, row: Row, why: str) -> Row:
    forms = [each[f"form:{name}"] for each in said if each[f"form:{name}"] is not None]
    same = forms.count(row[f"form:{name}"])
    whence = {key: row[key] for key in ("entity", "record", "source", "revision", "said_at")}
    counts = {"agreeing": same, "differing": len(forms) - same}
    return {"attribute": name, "value": row[name], "decided_by": why, **whence, **counts}
