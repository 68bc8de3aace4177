"""The export as one page that a person can read: no script, no picture, nothing fetched, in the person's language.

Made for screen readers too (WCAG 2.2): one language mark, headings in order, a caption and header cells in each table.
Made for paper: a browser prints it, or writes it as PDF, with each table's head repeated and no row cut in two.
Everything that came from a row is escaped; a content security policy in the page forbids whatever would still load.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from hub.requests.cells import Words, shown
from hub.requests.periods import recipient_in_words
from hub.requests.words import called, word

_SCORES: Final = "scores"
_ANNEX: Final = frozenset(
    (
        *("crosswalk", "crosswalk_event", "entity", "held_text", "identity_challenge", "tombstone"),
        *("match_decision", "match_form"),
        *("record_revision", "source_record", "subject_token", "outbox_letter"),
    )
)
"""Tables of the house's own order: they come last, for who wants to know that too."""
_MARK: Final = re.compile(r"\[[A-Z_]+_\d+\]")
_TOLD: Final = frozenset({"consent_head"})
"""Tables that the page tells in words elsewhere: where a purpose stands now. As rows they would say its name alone."""
_SECTIONS: Final = (
    *("identity", "purposes", "events", "scores", "records", "accesses", "annex", "withheld", "rights"),
)
_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "body{color:#111;background:#fff}table{border-collapse:collapse;margin:.5rem 0 1.5rem}"
    "caption{text-align:left;font-weight:600;padding:.3rem 0}"
    "th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:#eee}h2{border-bottom:2px solid #111;margin-top:2.5rem}.wide{overflow-x:auto}"
    "@page{size:A4;margin:18mm 15mm}"
    "@media print{body{font-size:9.5pt;max-width:none;margin:0;padding:0}.wide{overflow:visible}nav{display:none}"
    "thead{display:table-header-group}tr,li{break-inside:avoid}h1,h2,h3,caption{break-after:avoid}}"
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_HEAD: Final = (
    '<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
    '<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="referrer" content="no-referrer">\n'
    "<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
)
Document = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]


def page_of(document: Document) -> bytes:
    """Write an access document (`hub.requests.dossier`) as a page of HTML, in UTF-8."""
    language = document["language"]
    words = Words(language, {each["id"]: each["name"] for each in document["purposes"]}, document["time_zone"])
    lake, scores = document["lake"], document["scores"]
    inside: Mapping[str, Iterable[str]] = {
        "identity": [
            *_identity(document["identity"], words),
            *_used(document["identity_used"], words),
            *_list(document["identity_kept"]),
        ],
        "purposes": _purposes(document["purposes"], words),
        "events": _lake({name: each for name, each in lake.items() if name != _SCORES}, words),
        "scores": [*_scores(scores, words), *_lake({name: lake[name] for name in lake if name == _SCORES}, words)],
        "records": [*_records(document, words, _people(document["records"])), *_opened(document, words)],
        "accesses": _frames(word("sections", "accesses", language), document["accesses"], words),
        "annex": _records(document, words, sorted(_ANNEX & document["records"].keys())),
        "withheld": [_paragraph(word("page", "whole", language)), *_list(document["not_shown"])],
        "rights": _rights(document, language),
    }
    title = escape(word("page", "title", language))
    parts = [
        _HEAD.format(language=language, policy=_POLICY, title=title, style=_STYLE),
        *_beginning(document, words),
        *(part for key in _SECTIONS for part in _section(key, language, inside[key])),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(parts).encode()


def _people(records: Mapping[str, Any]) -> list[str]:
    return sorted(records.keys() - _ANNEX - _TOLD)


def _beginning(document: Document, words: Words) -> Iterator[str]:
    language = words.language
    yield _paragraph(word("page", "intro", language))
    if document["controller"]:
        yield _paragraph(f"{word('page', 'controller', language)}: {document['controller']}")
    made, clock = words.dated(document["made_at"]), word("page", "clock", language, zone=words.zone)
    yield _paragraph(f"{word('page', 'made_on', language)}: {made}. {clock}")
    links = "".join(f'<li><a href="#{key}">{escape(word("sections", key, language))}</a></li>\n' for key in _SECTIONS)
    contents = escape(word("page", "contents", language))
    yield f'<nav aria-label="{contents}">\n<ol>\n{links}</ol>\n</nav>\n'


def _section(key: str, language: str, inside: Iterable[str]) -> Iterator[str]:
    yield f'<section id="{key}">\n<h2>{escape(word("sections", key, language))}</h2>\n'
    parts = list(inside)
    yield from parts or [_paragraph(word("page", "nothing", language))]
    yield "</section>\n"


def _identity(sources: Rows, words: Words) -> Iterator[str]:
    language = words.language
    for source in sources:
        since = f"{word('page', 'known_since', language)} {words.dated(source['known_since'])}"
        yield f"<h3>{escape(source['source'])} ({escape(since)})</h3>\n"
        mended = word("page", "corrected", language)
        details = source["attributes"]
        pairs = [
            (f"{words.heading(name)} ({mended})" if name in source["corrected"] else words.heading(name), told)
            for name in details
            if (told := words.written(name, details))
        ]
        headings = (word("page", "field", language), word("page", "value", language))
        yield _table(source["source"], headings, pairs)
        if len(source["arrivals"]) > 1:
            earlier = [{"arrived_at": each["arrived_at"], **each["attributes"]} for each in source["arrivals"]]
            yield from _frames(word("page", "earlier", language), earlier, words)


def _used(chosen: Rows, words: Words) -> Iterator[str]:
    """Say which value is used where sources say different things; where all agree there is nothing to say."""
    rows = [
        (
            words.heading(each["attribute"]),
            words.written(each["attribute"], {each["attribute"]: each["value"]}),
            each["source"],
            word("used", each["decided_by"], words.language),
        )
        for each in chosen
        if each["differing"]
    ]
    if rows:
        headings = [word("page", "field", words.language), word("page", "value", words.language)]
        headings += [word("used", key, words.language) for key in ("from", "why")]
        yield f"<h3>{escape(word('used', 'caption', words.language))}</h3>\n"
        yield _paragraph(word("used", "intro", words.language))
        yield _table(word("used", "caption", words.language), headings, rows)


def _purposes(purposes: Rows, words: Words) -> Iterator[str]:
    language = words.language
    yield from _stand_now(purposes, words)
    for purpose in purposes:
        decided = "automated" if purpose["automated_decision"] else "not_automated"
        kinds = [recipient_in_words(each, language) for each in purpose["recipients"]]
        lines = [
            f"{word('purpose', 'legal_basis', language)}: {word('bases', purpose['legal_basis'], language)}",
            f"{word('purpose', 'recipients', language)}: {', '.join([*kinds, *purpose['named_recipients']])}",
            word("purpose", "retention", language, n=purpose["results_kept_days"]),
            word("purpose", decided, language),
        ]
        yield f"<h3>{escape(purpose['name'])}</h3>\n{_paragraph(purpose['description'])}"
        yield from _list(lines)


def _stand_now(purposes: Rows, words: Words) -> Iterator[str]:
    """Say of each purpose whether data are used for it now, why, and since when: as `/v1/me/purposes` does."""
    told = [(purpose["name"], purpose["standing"]) for purpose in purposes if purpose["standing"] is not None]
    rows = [
        (name, each["in_words"], each["because"], "" if each["since"] is None else words.dated(each["since"]))
        for name, each in told
    ]
    if rows:
        headings = [word("standing", key, words.language) for key in ("purpose", "now", "because", "since")]
        yield _table(word("standing", "caption", words.language), headings, rows)


def _lake(tables: Document, words: Words) -> Iterator[str]:
    for name, each in tables.items():
        title = called(name, words.language)
        yield f"<h3>{escape(title)}</h3>\n"
        yield from _list(each["kept"])
        rows = each.get("rows", ())
        if any(_MARK.search(row.get("text_redacted") or "") for row in rows):
            yield _paragraph(word("page", "marks", words.language))
        yield from _frames(title, rows, words)
        yield from _frames(word("page", "as_colleague", words.language), each.get("handled_for_others", ()), words)


def _scores(scores: Rows, words: Words) -> Iterator[str]:
    """Put each score in words: the figure, what spoke for it, what was looked at, how, who decides, and any review."""
    for score in scores:
        yield f"<h3>{escape(score['in_words'])}</h3>\n"
        yield from _list(score["reasons"])
        yield _paragraph(f"{score['how']} {score['who_decides']} ({', '.join(score['looked_at'])})")
        if score["review"] is not None:
            at = words.dated(score["review"]["at"])
            yield _paragraph(f"{word('reviews', score['review']['outcome'], words.language)} ({at})")


def _records(document: Document, words: Words, tables: Iterable[str]) -> Iterator[str]:
    for name in tables:
        yield from _frames(called(name, words.language), document["records"][name]["rows"], words)


def _opened(document: Document, words: Words) -> Iterator[str]:
    for name, values in document["opened"].items():
        rows = [value if isinstance(value, dict) else {"text": value} for value in values]
        yield from _frames(called(name, words.language), rows, words)


def _rights(document: Document, language: str) -> Iterator[str]:
    yield _paragraph(document["rights"])
    authority = document["authority"]
    yield _paragraph(word("rights", "complaint", language, authority=authority["name"], site=authority["site"]))


def _frames(caption: str, rows: Rows, words: Words) -> Iterator[str]:
    """Write rows as a table; a column that is technical, or empty in every row, is left out, and so is an empty row."""
    every = shown(list(dict.fromkeys(name for row in rows for name in row)))
    names = [name for name in every if any(words.written(name, row) for row in rows)]
    written = [[words.written(name, row) for name in names] for row in rows]
    told = [row for row in written if any(row)]
    if told:
        yield _table(caption, [words.heading(name) for name in names], told)


def _table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>\n" for row in rows)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}">\n<table>\n'
        f"<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )


def _list(lines: Iterable[str]) -> list[str]:
    items = "".join(f"<li>{escape(line)}</li>\n" for line in lines)
    return [f"<ul>\n{items}</ul>\n"] if items else []


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>\n"
