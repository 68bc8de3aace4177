"""Numbers by shape: cards, national ids, phones, internet addresses, in the words around them.

By shape, not by check digit: people mistype, and a mistyped national id is still that person's. The price is
precision, so context speaks first. "Ordre 12345678", "12 345 kr", "2024-03-01" and "SKU-12345678" stay; a bare
"91234567" goes. Where a word for a phone and a word for a reference both stand before a number, the nearer wins.
A reference is overruled only by a number that proves itself (Luhn, or the Norwegian check digits). An 8-digit order
number with no word beside it is lost: a phone number kept would be worse. 13-digit article codes (GTIN) stay.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from privacy.redaction.addresses import address_at, in_block
from privacy.redaction.placeholder import Kind, Span

_CANDIDATE: Final = re.compile(
    r"(?<!\w)(?:"
    r"(?P<hetu>\d{6}[-+A-FU-Ya-fu-y]\d{3}[0-9A-Za-z](?!\w))"
    r"|(?P<date>(?:\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2}))"
    r"(?![.\-/ ]?\d))"
    r"|(?P<run>(?:\(\+|\+|\()?\d(?:(?:\.|[ \-/()]{0,3})\d)*)"
    r")"
)
_GROUP: Final = re.compile(r"\d+")
_EXTENSION: Final = re.compile(r" ?(?:x|ext\.? ?|#|int\.? ?)\d{1,6}\b", re.IGNORECASE)
_REFERENCE: Final = re.compile(
    r"\b(?:ordre|order|bestilling|best[äa]llning|bestell|faktura|invoice|rechnung|kunde|kund|customer|sak|case|ticket"
    r"|ärende|vorgang|auftrag|artik|article|item|sku|produkt|product|vare|ean|gtin|serie|serial|s/?n\b|ref|sporing"
    r"|tracking|spårning|sendung|kolli|kid|ocr|versjon|version|build|modell?|parcel|pakke|paket|abonnement|avtale|avtal"
    r"|vertrag|contract|måler|meter|zähler|org|vat|mva|ust|batch|lot|transa[kc]|booking|bokning|buchung|policy|polise)"
    r"[\w./-]{0,16}(?: ?(?:nummeret|nummer|number|num|no|nr|id|code|kode|kod))?\.?"
    r"(?: (?:is|er|är|ist|var|was|på|med|with))?[ :#=.(\"']{0,4}$",
    re.IGNORECASE,
)
_PHONE_WORD: Final = re.compile(
    r"(?:\b(?:tlf|tel|telf?|telefon\w*|phone|mobil\w*|mob|cell|ring|ringe|ringer|call|handy|sms|whatsapp|fax|faks|desk"
    r"|office|rufnummer|anrufen|puh|puhelin|reach me|nås|når meg|nummeret mitt|number is|vipps|swish)\b)[^\d\n]{0,18}$",
    re.IGNORECASE,
)
_CARD_WORD: Final = re.compile(
    r"\b(?:card|kort|kortet|kortnummer|karte|kreditkarte|kredittkort|visa|mastercard|amex|maestro)\b[^\d\n]{0,20}$",
    re.IGNORECASE,
)
_ID_WORD: Final = re.compile(
    r"(?:fødselsn|personn|personnummer|cpr|fnr|pnr|national id|\bid\b|ssn|social security|steuer|hetu|henkil|nino"
    r"|national insurance|fødselsdato|födelse|født|fødd|född|geboren|geb\.|geburt|born|birth|\bdob\b)[^\d\n]{0,20}$",
    re.IGNORECASE,
)
_MONEY_BEFORE: Final = re.compile(r"(?:\b(?:kr|nok|sek|dkk|eur|usd|gbp|chf)\.?|[€$£¥]) ?-?$", re.IGNORECASE)
_MONEY_AFTER: Final = re.compile(
    r"(?:[,.]\d{1,2}(?!\d)| ?,-| ?(?:kr|kroner|kronor|nok|sek|dkk|eur|euro|usd|gbp|stk|st|pcs|€|\$|£|%|kwh|km|gb|mb|kb"
    r"|ms|mio|mill)\b| ?[€$£%])",
    re.IGNORECASE,
)
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:[ .]\d{3})+")
_TIME_RANGE: Final = re.compile(r"[0-2]?\d[.:][0-5]\d ?- ?[0-2]?\d[.:][0-5]\d")
_YEARS: Final = re.compile(r"(?:19|20)\d\d ?[-/] ?(?:19|20)\d\d")
_DATE8: Final = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_NEAR: Final = 4  # a comma, a space or a line end may part a street from its postcode
_BEFORE: Final = 36  # characters of context that are looked at
_CARD_GROUPS: Final = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 1)})
_NORDIC_GROUPS: Final = frozenset({(8,), (2, 2, 2, 2), (3, 2, 3), (4, 4), (3, 2, 2, 1), (2, 6), (2, 3, 2, 1)})
_AMERICAN_GROUPS: Final = frozenset({(3, 3, 4), (1, 3, 3, 4), (3, 7)})
_ID_GROUPS_11: Final = frozenset({(11,), (6, 5), (2, 2, 2, 5), (2, 3, 3, 3), (6, 3, 2), (4, 2, 5)})
_SSN: Final = (3, 2, 4)  # United States
_MONTHS: Final = 12


class _Run(NamedTuple):
    """A run of digit groups and the words before it."""

    raw: str
    digits: str
    groups: tuple[int, ...]
    before: str
    after: str


def number_spans(view: str) -> Iterator[Span]:
    """Find personal numbers and addresses, which all hold a number, in a viewed text."""
    at = 0
    address_end = -_NEAR
    while (match := _CANDIDATE.search(view, at)) is not None:
        address = address_at(view, match.span(), after_address=_follows(view, address_end, match.start()))
        if address is not None:
            yield address
            at = address_end = address.end
            continue
        span = _candidate(view, match)
        if span is not None:
            yield span
        at = span.end if span is not None else match.end()


def _follows(view: str, address_end: int, start: int) -> bool:
    """Say whether a number stands right behind an address of the same text, or in the lines below it."""
    if start - address_end < _NEAR:
        return "\x00" not in view[address_end:start]
    return in_block(view, address_end, start)


def _candidate(view: str, match: re.Match[str]) -> Span | None:
    start, end = match.span()
    before = view[max(0, start - _BEFORE) : start]
    if match.lastgroup == "hetu":
        return None if _REFERENCE.search(before) else Span(start, end, Kind.ID)
    if match.lastgroup == "date":
        return Span(start, end, Kind.ID) if _ID_WORD.search(before) else None
    run = _run(match.group(), before, view[end : end + 12])
    kind = None if len(run.digits) < 5 else _kind(run)  # noqa: PLR2004 - nothing personal has fewer than 5 digits
    if kind is None:
        return None
    extension = _EXTENSION.match(view, end) if kind is Kind.PHONE else None
    return Span(start, extension.end() if extension else end, kind)


def _run(raw: str, before: str, after: str) -> _Run:
    groups = _GROUP.findall(raw)
    return _Run(raw, "".join(groups), tuple(map(len, groups)), before, after)


def _kind(run: _Run) -> Kind | None:
    if _is_code(run) or _TIME_RANGE.fullmatch(run.raw) or _YEARS.fullmatch(run.raw):
        return None
    phone = _PHONE_WORD.search(run.before)
    reference = _REFERENCE.search(run.before)
    if reference is not None and (phone is None or phone.start() < reference.start()):
        return _proven(run)
    if phone is not None and not _is_card(run):
        return Kind.PHONE if len(run.digits) <= 15 else Kind.ID  # noqa: PLR2004 - E.164: 15 digits
    if _ID_WORD.search(run.before) and len(run.digits) >= 8:  # noqa: PLR2004 - the shortest: a birth date
        return Kind.ID
    return None if _is_money(run) else _shape(run)


def _shape(run: _Run) -> Kind | None:
    if run.raw.lstrip("(").startswith("+") or (run.digits.startswith("00") and len(run.digits) >= 10):  # noqa: PLR2004 - 00, country, number
        return Kind.PHONE if len(run.digits) >= 7 else None  # noqa: PLR2004 - the shortest international number
    if _is_card(run):
        return Kind.CARD
    if _is_national_id(run) or _is_internet_address(run.raw):
        return Kind.ID
    return Kind.PHONE if _is_phone(run) else None


def _proven(run: _Run) -> Kind | None:
    """Let a number overrule the word "order" before it only by its own check digits."""
    if len(run.digits) == 16 and _luhn(run.digits):  # noqa: PLR2004 - the length of most cards
        return Kind.CARD
    return Kind.ID if len(run.digits) == 11 and _norwegian(run.digits) else None  # noqa: PLR2004 - fødselsnummer


def _is_code(run: _Run) -> bool:
    """Say whether letters are glued to the number, as in SKU-12345678 or 12345678AB."""
    glued = len(run.before) > 1 and run.before[-1] in "-/_#." and run.before[-2].isalnum()
    return glued or (run.after[:1].isalpha() and not _EXTENSION.match(run.after)) or run.before[-1:] in {"#", "="}


def _is_money(run: _Run) -> bool:
    if _MONEY_BEFORE.search(run.before) or _MONEY_AFTER.match(run.after):
        return True
    # Three-digit groups behind one to three digits: 12 345 678 is an amount or an organisation number.
    return _THOUSANDS.fullmatch(run.raw) is not None and run.digits[0] != "0" and len(run.groups) != 5  # noqa: PLR2004 - five groups are no amount


def _is_card(run: _Run) -> bool:
    size = len(run.digits)
    if run.groups in _CARD_GROUPS:
        return True
    if _CARD_WORD.search(run.before) and 12 <= size <= 19:  # noqa: PLR2004 - ISO/IEC 7812 lengths
        return True
    if len(run.groups) > 1:
        return False
    if size == 16:  # noqa: PLR2004 - the length of most cards
        return run.digits[0] in "23456" or _luhn(run.digits)
    if size == 15:  # noqa: PLR2004 - American Express, JCB
        return run.digits.startswith(("34", "37")) or (run.digits.startswith(("2131", "1800")) and _luhn(run.digits))
    if size == 12 or (size == 13 and run.digits[0] != "4"):  # noqa: PLR2004 - Maestro is as short as that
        return run.digits.startswith(("50", "56", "57", "58", "60", "63", "67")) and _luhn(run.digits)
    return size in {13, 14, 17, 18, 19} and _luhn(run.digits)


def _is_national_id(run: _Run) -> bool:
    size, groups, digits = len(run.digits), run.groups, run.digits
    if size == 11 and groups in _ID_GROUPS_11:  # noqa: PLR2004 - Norwegian and German ids
        return _day_first(digits) or digits[0] != "0"
    if size == 10:  # noqa: PLR2004 - Swedish and Danish ids
        return groups == (6, 4) or (groups == (10,) and (_day_first(digits) or _year_first(digits)))
    if size == 12:  # noqa: PLR2004 - SE with the century
        return groups in {(8, 4), (12,)} and digits[:2] in {"18", "19", "20"} and _year_first(digits[2:])
    return groups == _SSN and "-" in run.raw


def _is_phone(run: _Run) -> bool:
    size, groups = len(run.digits), run.groups
    if run.digits[0] == "0":
        return 8 <= size <= 13 or (len(groups) > 1 and size == 7)  # noqa: PLR2004 - national numbers with trunk 0
    if size == 8 and groups in _NORDIC_GROUPS:  # noqa: PLR2004 - Norwegian and Danish numbers
        return (run.digits[0] != "1" or len(groups) > 1) and not _DATE8.fullmatch(run.digits)
    if groups in _AMERICAN_GROUPS or ("(" in run.raw and 7 <= size <= 13):  # noqa: PLR2004 - area code in brackets
        return True
    return 8 <= size <= 13 and len(groups) >= 3 and min(groups[1:]) > 1 and max(groups) <= 4  # noqa: PLR2004 - grouped as phones are


def _is_internet_address(raw: str) -> bool:
    parts = raw.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts) and len(raw) > 8  # noqa: PLR2004 - IPv4; shorter ones are versions


def _day_first(digits: str) -> bool:
    """Say whether DDMM starts it: day + 40 is a Norwegian D-number, month + 40 or + 80 a synthetic person."""
    return int(digits[:2]) % 40 in range(1, 32) and int(digits[2:4]) % 40 in range(1, _MONTHS + 1)


def _year_first(digits: str) -> bool:
    """Say whether YYMMDD starts it: day + 60 is a Swedish coordination number."""
    return int(digits[2:4]) in range(1, _MONTHS + 1) and int(digits[4:6]) % 60 in range(1, 32)


def _luhn(digits: str) -> bool:
    """Verify the check digit of ISO/IEC 7812-1, annex B."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004 - a digit


def _norwegian(digits: str) -> bool:
    """Verify both check digits of a fødselsnummer (modulo 11)."""
    first = sum(w * int(d) for w, d in zip((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), digits, strict=False)) % 11
    second = sum(w * int(d) for w, d in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), digits, strict=True)) % 11
    return first == second == 0
