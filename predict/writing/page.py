"""Our own mails on the page of the customer's voice: how they read, words to replace, phrases and what follows them."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from predict.page import table
from predict.writing.words import WORDS

MOST_WORDS: Final = 10


def headlines(told: Mapping[str, Any], language: str) -> list[str]:
    """Say what matters first: the team that is hardest to read, and the phrase that goes with the worst answers."""
    words = WORDS[language]
    hard = [one for one in told["styles"] if one["verdict"] == "hard"]
    said = [
        words["hard_first"].format(
            team=_team(one, words), formula=one["formula"], ease=one["ease"]["figure"], language=one["language"]
        )
        for one in hard[:1]
    ]
    found = sorted(told["phrases"]["found"], key=lambda one: float(one["gap"]["figure"]))
    for one in found[:1]:
        kind = "worse_first" if one["gap"]["figure"] < 0 else "better_first"
        said.append(words[kind].format(phrase=one["phrase"], gap=one["gap"]["figure"]))
    return said


def section(told: Mapping[str, Any], language: str) -> Iterator[str]:
    """Write the section of a study of our mails (`predict.writing.study`)."""
    words = WORDS[language]
    yield f"<h2>{escape(words['title'])}</h2>"
    note = words["note"].format(mails=told["mails"], customers=told["customers"])
    yield f'<p class="note">{escape(note)} {escape(words["formula"])}</p>'
    yield table(words["head"].split("|"), [_style(one, words) for one in told["styles"]])
    yield from _phrases(told["phrases"], words)
    if told["jargon"]:
        yield f'<h3>{escape(words["jargon"])}</h3><p class="note">{escape(words["jargon_note"])}</p>'
        yield table(words["jargon_head"].split("|"), _words(told["jargon"]))


def _style(one: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    ease = f"{one['formula']} {_spanned(one['ease'], 0)}"
    if "year" in one:
        ease += f", {words['year'].format(year=one['year']['figure'])}"
    cells = [one["language"], _team(one, words), str(one["mails"]), ease, words[one["verdict"]]]
    cells += [f"{one['sentence_words']['figure']:.1f}"]
    cells += [f"{one[name]['figure']:.0%}" for name in ("long", "passive", "official")]
    return [escape(cell) for cell in cells]


def _phrases(told: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    yield f"<h3>{escape(words['phrases'])}</h3>"
    note = words["phrase_note"].format(asked=told["asked"], answered=told["answered"])
    yield f'<p class="note">{escape(note)}</p>'
    if not told["found"]:
        yield f"<p>{escape(words['none'])}</p>"
        return
    lines = []
    for one in told["found"]:
        gap, direction = one["gap"], words["worse" if one["gap"]["figure"] < 0 else "better"]
        size = f"{direction} {gap['figure']:+.2f} ({gap['low']:+.2f} - {gap['high']:+.2f})"
        lines.append([escape(str(each)) for each in (*_of(one, "phrase"), one["mails"], one["customers"], size)])
    yield table(words["phrase_head"].split("|"), lines)


def _words(told: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Give the first words of each language: those that stand in most mails."""
    lines, seen = [], dict[str, int]()
    for one in told:
        seen[one["language"]] = seen.get(one["language"], 0) + 1
        if seen[one["language"]] <= MOST_WORDS:
            cells = (*_of(one, "word"), one["plainer"] or "-", one["mails"], one["customers"])
            lines.append([escape(str(each)) for each in cells])
    return lines


def _of(one: Mapping[str, Any], name: str) -> tuple[str, str]:
    return str(one["language"]), str(one[name])


def _team(one: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return words["all"] if one["team"] == "all" else str(one["team"]).replace("_", " ")


def _spanned(one: Mapping[str, float], digits: int) -> str:
    return f"{one['figure']:.{digits}f} ({one['low']:.{digits}f} - {one['high']:.{digits}f})"
