"""The export as one page that a person can read: no script, no picture, nothing fetched, in the person's language.

Made for screen readers too (WCAG 2.2): one language mark, headings in order, a caption and header cells in each table.
Everything that came from a row is escaped; a content security policy in the page forbids whatever would still load.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

from hub.requests.words import table_name, word

_SCORES: Final = "scores"
_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}"
    "body{color:#111;background:#fff}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}caption{text-align:left;font-weight:600;padding:.3rem 0}"
    "th,td{border:1px solid #767676;padding:.25rem .5rem;text-align:left;vertical-align:top}"
    ".wide{overflow-x:auto}"
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
    parts = [
        _HEAD.format(language=language, policy=_POLICY, title=escape(word("page", "title", language)), style=_STYLE),
        *_beginning(document, language),
        *_section("identity", language, _identity(document["identity"], language)),
        *_section("purposes", language, _purposes(document["purposes"], language)),
        *_section("events", language, _lake(document["lake"], language, scores=False)),
        *_section(
            "scores",
            language,
            [*_scores(document["scores"], language), *_lake(document["lake"], language, scores=True)],
        ),
        *_section("records", language, _records(document, language)),
        *_section("accesses", language, _one_table("accesses", document["accesses"], language)),
        *_section("withheld", language, _list(document["not_shown"])),
        *_section("rights", language, _rights(document, language)),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(parts).encode()


def _beginning(document: Document, language: str) -> Iterator[str]:
    yield _paragraph(word("page", "intro", language))
    if document["controller"]:
        yield _paragraph(f"{word('page', 'controller', language)}: {document['controller']}")
    yield _paragraph(f"{word('page', 'made_on', language)}: {_shown(document['made_at'])}")


def _section(key: str, language: str, inside: Iterable[str]) -> Iterator[str]:
    yield f"<section>\n<h2>{escape(word('sections', key, language))}</h2>\n"
    parts = list(inside)
    yield from parts or [_paragraph(word("page", "nothing", language))]
    yield "</section>\n"


def _identity(sources: Rows, language: str) -> Iterator[str]:
    for source in sources:
        since = f"{word('page', 'known_since', language)} {_shown(source['known_since'])}"
        yield f"<h3>{escape(source['source'])} ({escape(since)})</h3>\n"
        mended = word("page", "corrected", language)
        pairs = [
            (f"{name} ({mended})" if name in source["corrected"] else name, value)
            for name, value in source["attributes"].items()
        ]
        headings = (word("page", "field", language), word("page", "value", language))
        yield _table(source["source"], headings, pairs)
        if len(source["arrivals"]) > 1:
            earlier = [{"arrived_at": each["arrived_at"], **each["attributes"]} for each in source["arrivals"]]
            yield _frame(word("page", "earlier", language), earlier)


def _purposes(purposes: Rows, language: str) -> Iterator[str]:
    for purpose in purposes:
        decided = "automated" if purpose["automated_decision"] else "not_automated"
        lines = [
            f"{word('purpose', 'legal_basis', language)}: {word('bases', purpose['legal_basis'], language)}",
            f"{word('purpose', 'recipients', language)}: {', '.join(purpose['recipients'])}",
            word("purpose", "retention", language, n=purpose["results_kept_days"]),
            word("purpose", decided, language),
        ]
        yield f"<h3>{escape(purpose['name'])}</h3>\n{_paragraph(purpose['description'])}"
        yield from _list(lines)


def _lake(tables: Document, language: str, *, scores: bool) -> Iterator[str]:
    for name, each in tables.items():
        if (name == _SCORES) is not scores:
            continue
        title = table_name(name, language) or each["meaning"]
        kept = f"{word('page', 'kept', language)}: {each['kept']}"
        yield f"<h3>{escape(title)}</h3>\n{_paragraph(kept)}"
        if each.get("rows"):
            yield _frame(title, each["rows"])
        if each.get("handled_for_others"):
            yield _frame(word("page", "as_colleague", language), each["handled_for_others"])


def _scores(scores: Rows, language: str) -> Iterator[str]:
    """Put each score in words: the figure, what spoke for it, what was looked at, how, who decides, and any review."""
    for score in scores:
        yield f"<h3>{escape(score['in_words'])}</h3>\n"
        yield from _list(score["reasons"])
        yield _paragraph(f"{score['how']} {score['who_decides']} ({', '.join(score['looked_at'])})")
        if score["review"] is not None:
            at = _shown(score["review"]["at"])
            yield _paragraph(f"{word('reviews', score['review']['outcome'], language)} ({at})")


def _records(document: Document, language: str) -> Iterator[str]:
    for name, each in document["records"].items():
        rows = [row for row in each["rows"] if any(value is not None for value in row.values())]
        if rows:
            yield _frame(table_name(name, language) or each["meaning"], rows)
    for name, values in document["opened"].items():
        rows = [value if isinstance(value, dict) else {"text": value} for value in values]
        yield _frame(table_name(name, language) or name, rows)


def _one_table(key: str, rows: Rows, language: str) -> Iterator[str]:
    if rows:
        yield _frame(word("sections", key, language), rows)


def _rights(document: Document, language: str) -> Iterator[str]:
    yield _paragraph(document["rights"])
    authority = document["authority"]
    yield _paragraph(word("rights", "complaint", language, authority=authority["name"], site=authority["site"]))


def _frame(caption: str, rows: Rows) -> str:
    """Write rows as a table; a column that is empty in every row is left out."""
    names = list(dict.fromkeys(name for row in rows for name, value in row.items() if value is not None))
    return _table(caption, names, ([row.get(name) for name in names] for row in rows))


def _table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(_shown(each))}</td>' for each in row)}</tr>\n" for row in rows)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}">\n<table>\n'
        f"<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n</div>\n"
    )


def _list(lines: Iterable[str]) -> list[str]:
    items = "".join(f"<li>{escape(line)}</li>\n" for line in lines)
    return [f"<ul>\n{items}</ul>\n"] if items else []


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>\n"


def _shown(value: Any) -> str:  # noqa: ANN401 - any value that JSON holds
    """Write a value for people: nothing for nothing, a list with commas."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return str(value).replace("T", " ", 1)[:16] if _is_instant(value) else str(value)


def _is_instant(value: object) -> bool:
    return isinstance(value, str) and value[10:11] == "T" and value.endswith("+00:00") and value[:4].isdigit()
