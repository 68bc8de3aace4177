r"""Cleaning of free text: what a person wrote, without the mail around it.

Order at ingest: clean (here), redact (`privacy.redaction`), append. Rules kept:
- Unicode NFC, `\n` line ends, plain spaces, no zero-width or control characters: a redactor reads what a person sees;
- a quoted reply is cut from its header line ("On ... wrote:", "-----Original Message-----", "Fra: ... Sendt: ...")
  to the end, and lines that begin with `>` are dropped;
- a signature is cut from the delimiter line `-- ` (RFC 3676 section 4.3), from "Sent from my ..." or from a line that
  takes leave ("Med vennlig hilsen") to the end, this last only where at most six lines of five words follow;
- a legal notice is cut from the line that begins it ("This e-mail is confidential ...", in five languages) to the end,
  where it is the last 2,000 characters at most;
- an automatic reply is none of a person's words: its text goes whole. It calls itself one in its first line, or says in
  few words that somebody is away and who answers instead, or when (`ingest.automatic`);
- conservative: a cut that would leave nothing is not made (a forwarded mail is all quotation), and a signature longer
  than 1,000 characters is taken for text.
Copies across mailboxes are found where rows are known (`ingest.pipeline.copies`).
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.automatic import is_automatic

CLEANER_VERSION: Final = 3

_QUOTE_HEADERS: Final = (
    # A line that introduces a quotation; up to two lines, because mail programs wrap it.
    (
        r"[ \t]*(?:On|Am|Den|Le|På|I|Op)\b[^\n]{4,200}(?:\n[^\n]{0,120})?"
        r"(?:wrote|skrev|schrieb|skreiv|a écrit|kirjoitti)[^\n]{0,120}:[ \t]*(?:\n|\z)"
    ),
    (
        r"[ \t]*[-_]{2,} ?(?:Original [Mm]essage|Opprinnelig melding|Opphavleg melding|Videresendt melding"
        r"|Ursprungligt meddelande|Vidarebefordrat meddelande|Ursprüngliche Nachricht|Weitergeleitete Nachricht"
        r"|Oprindelig meddelelse|Forwarded message)\b[^\n]*(?:\n|\z)"
    ),
    (
        r"[ \t]*\*?(?:From|Fra|Frå|Från|Von):\*?[^\n]+\n(?:[^\n]{0,200}\n){0,2}?"
        r"[ \t]*\*?(?:Sent|Sendt|Skickat|Gesendet|Date|Dato|Datum):[^\n]*(?:\n|\z)"
    ),
)
_QUOTED_REPLY: Final = rf"(?s)\n(?-s:{'|'.join(_QUOTE_HEADERS)}).*\z"
_QUOTED_LINE: Final = r"(?m)^[ \t]*>[^\n]*(?:\n|\z)"
_DEVICE_LINE: Final = (
    r"[ \t]*(?:Sent from my|Sent from|Get Outlook for|Sendt fra|Sendt frå|Skickat från|Hanki Outlook|Von meinem"
    r"|Gesendet von|Holen Sie sich Outlook|Hent Outlook|Hämta Outlook)\b[^\n]{0,60}"
)
_SIGNATURE: Final = rf"(?s)\n(?:--[ ]?\n.{{0,1000}}|{_DEVICE_LINE}\s*)\z"
_LEAVE: Final = (
    r"(?i:(?:med )?(?:vennlige?|venleg|beste|vänliga?|bästa|varma|mange|mvh|hjertelige?)?[ ]?"
    r"(?:hilsen|helsing|helsingar|hilsner|hälsning|hälsningar|mvh|vh)"
    r"|(?:kind|best|warm|many)? ?regards|sincerely|yours (?:sincerely|faithfully|truly)|best wishes|cheers"
    r"|(?:mit )?(?:freundlichen?|besten?|herzlichen?|vielen?|lieben?) (?:grüßen|grüße|grüssen|grüsse)"
    r"|mfg)"
)
_BRIEF_LEAVE: Final = r"(?i:lg|vg)[ ,.!]*"  # a maker of television sets and a newspaper, too: alone on their line
_SHORT_LINE: Final = r"[ \t]*(?:[^\s?!]{1,40}[ ]?){0,5}"
_TAKES_LEAVE: Final = rf"(?:{_LEAVE}\b[ ,.!]*(?:[^\s?!]{{1,30}}[ ]?){{0,3}}|{_BRIEF_LEAVE})"
_FAREWELL: Final = rf"\n[ \t]*{_TAKES_LEAVE}(?:\n{_SHORT_LINE}){{0,6}}\z"
_POSTSCRIPT: Final = r"(?mi)^[ \t]*(?:p\.? ?s\b|nb\b|obs\b)"
_NOTICE_BEGINS: Final = (
    # What a legal notice calls itself, and within one line what it says of itself.
    (
        r"(?:This|The (?:content|information)s? (?:of|in) this) (?:e-?mail|message|communication)\b[^\n]{0,120}"
        r"(?:confidential|privileged|intended (?:only|solely)|legally)"
    ),
    (
        r"(?:Denne|Dette) (?:e-?posten?|meldinga?e?n?|mailen?)\b[^\n]{0,120}"
        r"(?:konfidensiell?e?|fortrolig|taushetsplikt|teieplikt|kun bestemt|bare meint)"
    ),
    (
        r"(?:Detta|Det här|Denna) (?:e-?post(?:meddelande)?|meddelandet?|mejlet?|mail)\b[^\n]{0,120}"
        r"(?:konfidentiell?|sekretess|endast avsett|avsett endast)"
    ),
    r"Diese (?:E-?Mail|Nachricht)\b[^\n]{0,120}(?:vertraulich|rechtlich geschützt|ausschließlich für)",
)
_NOTICE: Final = rf"(?is)\n(?:[ \t*_-]*(?-s:{'|'.join(_NOTICE_BEGINS)})).{{0,2000}}\z"
_INVISIBLE: Final = r"[\u{200B}-\u{200F}\u{202A}-\u{202E}\u{2060}-\u{2064}\u{FEFF}\u{00AD}]"
_CONTROL: Final = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\u{0080}-\u{009F}]"
_SPACE: Final = r"[\t\u{00A0}\u{1680}\u{2000}-\u{200A}\u{202F}\u{205F}\u{3000}]"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What cleaning made of a batch of texts.

    `text` is one cleaned text per text, in order; null stays null. `counts` is how many texts each rule changed:
    `normalised`, `quoted_reply`, `notice`, `signature`, `auto_reply` (whose text is null from here on).
    """

    text: pl.Series
    counts: Mapping[str, int]
    version: int = CLEANER_VERSION


def clean(texts: pl.Series | Sequence[str | None]) -> Cleaned:
    """Normalise texts and cut what others wrote and what the mail program added."""
    raw = pl.col("raw")
    steps = (
        pl.DataFrame({"raw": pl.Series(texts, dtype=pl.String)})
        .with_columns(normalised=_normalised(raw))
        .with_columns(quoted_reply=_without_quotes(pl.col("normalised")))
        .with_columns(notice=_without_notice(pl.col("quoted_reply")))
        .with_columns(signature=_without_signature(pl.col("notice")))
        .with_columns(auto_reply=pl.when(~is_automatic(pl.col("signature"))).then(pl.col("signature")))
    )
    names = steps.columns
    changed = steps.select(pl.col(name).ne_missing(pl.col(before)).sum() for before, name in itertools.pairwise(names))
    counts = dict(zip(names[1:], changed.row(0), strict=True)) if names else {}
    return Cleaned(steps["auto_reply"].alias("text"), counts)


def _normalised(text: pl.Expr) -> pl.Expr:
    return (
        text.str.normalize("NFC")
        .str.replace_all(r"\r\n?|\u{2028}|\u{2029}|\u{0085}", "\n")
        .str.replace_all(_INVISIBLE, "")
        .str.replace_all(_SPACE, " ")
        .str.replace_all(_CONTROL, "")
        # The signature delimiter is two dashes and a space: its space is kept.
        .str.replace_all(r"(?m)^--[ ]+$", "--")
        .str.replace_all(r"[ ]+(\n|\z)", "${1}")
        .str.replace_all(r" {2,}", " ")
        .str.replace_all(r"\n{3,}", "\n\n")
        .str.strip_chars()
    )


def _without_quotes(text: pl.Expr) -> pl.Expr:
    # A leading line end lets one pattern see a header on the first line; a cut that leaves nothing is not made.
    cut = ("\n" + text).str.replace(_QUOTED_REPLY, "").str.strip_chars()
    cut = _unless_empty(cut, text).str.replace_all(_QUOTED_LINE, "").str.strip_chars()
    return _unless_empty(cut, text)


def _without_notice(text: pl.Expr) -> pl.Expr:
    return _unless_empty(text.str.replace(_NOTICE, "").str.strip_chars(), text)


def _without_signature(text: pl.Expr) -> pl.Expr:
    cut = _unless_empty(text.str.replace(_SIGNATURE, "").str.strip_chars(), text)
    farewell = pl.when(~cut.str.contains(_POSTSCRIPT)).then(cut.str.replace(_FAREWELL, "").str.strip_chars())
    return _unless_empty(farewell.fill_null(cut), cut)


def _unless_empty(cut: pl.Expr, text: pl.Expr) -> pl.Expr:
    return pl.when(cut.str.len_chars() > 0).then(cut).otherwise(text)
