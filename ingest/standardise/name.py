"""Names in comparable form: Åse, Aase and ASE are one, and so are Müller, Mueller and Muller.

Letters are spelled out as ICAO Doc 9303 part 3 section 6 does for passports (Å as AA, Ø and Ö as OE, Ä and Æ as AE,
Ü as UE, ß as SS), other accents fall, and the digraphs are then shortened, because half of all systems simply drop
the dots. Two different names may share a form (Samuel is `samul`): the form compares, it is never shown.
"""

from typing import Final

import polars as pl

SPELLED: Final = {
    "æ": "ae",
    "ä": "ae",
    "ø": "oe",
    "ö": "oe",
    "å": "aa",
    "ü": "ue",
    "ß": "ss",
    "ð": "d",
    "đ": "d",
    "þ": "th",
    "ł": "l",
    "œ": "oe",
}  # fmt: skip - a table
SHORTENED: Final = {"aa": "a", "ae": "a", "oe": "o", "ue": "u"}
PARTICLES: Final = "af|av|da|de|del|den|der|di|du|la|le|ten|ter|van|vom|von|zu|zum|zur"
_LEGAL_FORMS: Final = (
    "as|asa|ans|da|enk|nuf|sa|ks|iks|ab|hb|kb|aps|ivs|oy|oyj|ky|tmi|gmbh|mbh|ag|kg|kgaa|ohg|ug|ev|se"
    "|ltd|limited|plc|llp|llc|inc|co|company|bv|nv"
)
_SHORT_FORMS: Final = {"limited": "ltd", "company": "co", "co ltd": "ltd", "oyj": "oy"}


def folded(values: pl.Expr) -> pl.Expr:
    """Fold case, accents and Nordic and German letters to a to z and digits; other signs become single spaces."""
    # Composed first, so that a letter typed with a combining ring is spelled out like its single code point.
    spelled = values.str.normalize("NFKC").str.to_lowercase().str.replace_many(SPELLED)
    bare = spelled.str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    joined = bare.str.replace_all(r"['’`´.]", "")
    return _blank_as_null(joined.str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars())


def standardised_name(values: pl.Expr) -> pl.Expr:
    """Bring a personal name or a place to comparable form, without particles such as `von` and `de`."""
    plain = folded(values)
    for digraph, letter in SHORTENED.items():
        plain = plain.str.replace_all(digraph, letter, literal=True)
    without = plain.str.replace_all(rf"\b(?:{PARTICLES})\b", "").str.replace_all(r"\s+", " ").str.strip_chars()
    # A name that is nothing but a particle keeps it: `De` is a surname too.
    return pl.coalesce(_blank_as_null(without), plain)


def standardised_organisation_name(values: pl.Expr) -> pl.Expr:
    """Bring a company's name to comparable form, without its legal form at the end."""
    plain = folded(values.str.replace_all(r"(?i)\b([aoe])/([sy])\b", "${1}${2}"))
    for digraph, letter in SHORTENED.items():
        plain = plain.str.replace_all(digraph, letter, literal=True)
    without = plain.str.replace(rf"(?:\s+(?:{_LEGAL_FORMS}))+$", "")
    return pl.coalesce(_blank_as_null(without), plain)


def legal_form(values: pl.Expr) -> pl.Expr:
    """Return the legal form at the end of a company's name, short and folded; null where it names none."""
    plain = folded(values.str.replace_all(r"(?i)\b([aoe])/([sy])\b", "${1}${2}"))
    found = plain.str.extract(rf"\s((?:{_LEGAL_FORMS})(?:\s+(?:{_LEGAL_FORMS}))*)$")
    return found.replace(_SHORT_FORMS)


def _blank_as_null(values: pl.Expr) -> pl.Expr:
    """Read empty text as missing; said so that `values`, often a long chain, stands in the expression once."""
    return values.replace("", None)
