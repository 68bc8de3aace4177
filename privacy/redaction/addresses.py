"""Addresses by shape: street and house number, number and street, postcode and town, post box.

Found from their number outwards: only a number is looked around, which keeps the search linear. A street without a
house number is left to the person's own attributes: "gata" and "the road" are not personal.
"""

import re
from typing import Final

from privacy.redaction.folding import folded
from privacy.redaction.gazetteer import listed, places
from privacy.redaction.placeholder import Kind, Span

UPPER: Final = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪİĶŁŃŇŌŐŒŘŚŞŠŢŤŪŮŰŹŻŽ"
# Endings that carry a street by themselves, and those also at home in other words (Arbeitsplatz, navigate).
_SURE: Final = (
    "gata", "gaten", "gatan", "veien", "vegen", "vägen", "vejen", "gaden", "straße", "strasse", "katu",
    "gränd", "stigen", "gt.", "gate", "vei", "veg", "väg", "vej", "gade", "str.", "allé", "allee", "allén", "gasse",
    "straat", "vn.", "stræde", "bakken", "backen", "svingen", "kroken", "damm", "chaussee",
)  # fmt: skip
_CAPITAL_ONLY: Final = (
    "plass", "platz", "weg", "torg", "torget", "ufer", "polku", "haugen", "tunet", "stien", "gt", "vn", "str", "plads",
    "brygge", "kaia", "markt", "ring", "ringen", "skogen", "plassen", "toppen", "gropa", "høgda", "høyden", "jordet",
    "eggen", "løkka", "engen", "enga", "åsen", "lia", "dalen", "marka", "berget", "vika", "stranda", "hagen", "alléen",
    "ekra", "flata", "grenda", "havna", "holtet", "lunden", "tjernet", "vollen", "stubben", "stykket", "lyngen",
    "feltet", "tangen", "neset", "roa", "røa", "spranget",
    "kollen", "sletta", "myra", "myrene", "odden", "bukta", "skrenten", "gjerdet", "bråten", "faret", "terrasse",
    "terrassen", "sti", "løypa", "moen", "gården", "gård", "backe", "gången", "stranden", "höjden", "kullen", "ängen",
    "hof", "anger", "graben", "steig", "pfad", "winkel", "siedlung", "zeile", "wall", "höhe",
)  # fmt: skip
_STREET: Final = re.compile(
    rf"(?:[{UPPER}][\w'.-]*[ ]){{0,3}}[\w'.-]*"
    rf"(?i:{'|'.join(map(re.escape, sorted(_SURE + _CAPITAL_ONLY, key=len, reverse=True)))})$"
)
_NOT_STREETS_TEXT: Final = """
    gate gata vei veien veg väg weg ring ringe allee alle alla str gt platz plass hof markt damm
    hagen engen skogen toppen dalen plassen hof wall anger höhe gård moen sti terrasse stranden
    arbeitsplatz speicherplatz bahnhof friedhof hering spring string bring ordering
    flughafen monitoring controlling marketing lagerplass lagringsplass parkplatz garantie batterie partie aktie serie
    kategorie theorie energie industrie navigate aggregate mitigate investigate delegate litigate
    irrigate propagate interrogate vorweg hinweg unterwegs
"""
_NOT_STREETS: Final = frozenset(_NOT_STREETS_TEXT.split())
_CAPITAL_STREET: Final = re.compile(rf"[{UPPER}]")
_HOUSE: Final = re.compile(
    r"\d{1,4}(?: ?- ?\d{1,4}(?!\d))?(?: ?[A-Za-z](?![\w']))?"
    r"(?! ?(?:kr|gb|mb|kg|cm|mm|ml|uhr|min|tage|dager|dagar|days|€|%|stk|stück|jahre)\b)",
    re.IGNORECASE,
)
_ENGLISH: Final = re.compile(
    rf",? (?:(?:[{UPPER}][\w'.-]*|[a-z]{{4,}}) ){{1,3}}"
    r"(?P<type>(?i:street|road|avenue|lane|drive|crescent|terrace|gardens|st|rd|ave|ln|dr|close|way|court|place|square"
    r"|row|hill|grove|mews|boulevard|blvd|parade|walk|park|view|bridge|brook|common|croft|end|fields?|gate|glens?|green"
    r"|heights|hollow|junction|knolls?|lodge|manor|meadows?|mills?|mount|orchard|parkway|pass|path|pike|pines?|plaza"
    r"|point|ports?|ridges?|rise|run|shoals?|shores?|springs?|station|trail|turnpike|unions?|valleys?|village|villas"
    r"|vista|wells|wharf|woods?|yard|highway|causeway|circle|alley|crossing|quay|loop|cove|courts|islands?|course)\b)\.?"
)
_ENGLISH_LOWER: Final = frozenset({"street", "road", "avenue", "lane", "crescent", "terrace"})
_ROMANCE: Final = re.compile(
    rf",? (?:[Rr]ue|[Cc]alle|[Vv]ia|[Aa]venue|[Bb]oulevard) [{UPPER}][\w'-]+(?: [{UPPER}][\w'-]+)?"
)
_NO_STREET_WORDS: Final = re.compile(
    r"\b(?:from|with|that|this|your|times|days?|hours?|minutes?|weeks?|years?|miles?|metres?|down|along|main|have|were"
    r"|percent|people|users|orders|items|more|into|over|before|after)\b",
    re.IGNORECASE,
)
_DWELLING: Final = re.compile(
    r"\b(?:Apt\.?|Suite|Flat|Studio|Unit|Leil\.?|Leilighet|Lgh\.?|Lägenhet|Whg\.?|Wohnung) $", re.IGNORECASE
)
_DWELLING_REST: Final = re.compile(rf"\d{{1,4}}[A-Za-z]?\b(?:,? ?\n?[ ]*[{UPPER}][\w'-]+(?: [{UPPER}][\w'-]+)?\b)?")
# What stands above a flat in an address: a line that begins with its number, in whatever language.
_LINE_ABOVE: Final = re.compile(r"(?:^|\n)[ ]*(?P<line>\d{1,5}[A-Za-z]? [^\n\x00\x01]{3,60})\n[ ]*$")
_ADDRESS_WORD: Final = re.compile(
    r"\b(?:address|adresse|adressen|adressa|adress|anschrift|lives at|live at|living at)(?:,? ?\??:?)"
    r"(?: (?:is|er|är|ist|lautet|it is|with|to|til|till))? {1,2}$",
    re.IGNORECASE,
)
_ADDRESS_REST: Final = re.compile(
    r"\d[^\n.;!?]{3,70}?(?=\n|[.;!?]|$| (?:for|and|please|but|og|men|och|und|aber|bitte|takk|tack)\b)"
)
_COUNTRY_BEFORE: Final = re.compile(rf"(?P<country>(?:[{UPPER}]|^[ ]*\w)[\w'-]+),? $")
_UNIT: Final = re.compile(r",? (?:(?:apt|flat|suite|leilighet|leil|lgh|whg|wohnung)\b\.? ?\w{1,6})", re.IGNORECASE)
_TOWN: Final = re.compile(rf"[ ]+(?P<town>[{UPPER}][\w'-]+)(?:[ ](?:[{UPPER}][\w'-]+|am|an der|im|i)){{0,2}}")
_POSTCODE_WORD: Final = re.compile(
    r"\b(?:zip(?: code)?|post ?code|postal code|postnr|postnummer|plz|postleitzahl)\b[^\w\n]{0,3}"
    r"(?:is |er |är |ist )?$",
    re.IGNORECASE,
)
_BOX: Final = re.compile(r"\b(?:postboks|postbox|boks|p\.?o\.? box|postfach|box)[ :]{1,2}$", re.IGNORECASE)
_POSTCODE: Final = re.compile(r"\d{4,5}(?!\d)|\d{3} \d{2}(?!\d)")
_COUNTRY_PREFIX: Final = re.compile(r"\b[A-Z]{1,3}-$")
_BEFORE: Final = 64
_BLOCK, _BLOCK_LINES = 80, 4  # characters and line ends within which a postcode may follow its street


def in_block(view: str, address_end: int, start: int) -> bool:
    """Say whether a place lies in the lines right below an address, as its postcode does: short ones, no sentence."""
    between = view[address_end:start]
    return (
        len(between) <= _BLOCK
        and 0 < between.count("\n") <= _BLOCK_LINES
        and not any(char in between for char in "\x00.!?:;")
    )


def address_at(view: str, span: tuple[int, int], *, after_address: bool) -> Span | None:
    """Return the address that the number at `span` belongs to, if it belongs to one."""
    start = span[0]
    line = view[max(0, start - _BEFORE) : start]
    line = line[line.rfind("\n") + 1 :]
    found = _street_before(view, start, line) or _street_after(view, span) or _announced(view, start, line)
    if found is not None:
        unit = _UNIT.match(view, found.end)
        return Span(found.start, unit.end() if unit else found.end, Kind.ADDRESS)
    return _postcode(view, start, line, after_address=after_address)


def _announced(view: str, start: int, line: str) -> Span | None:
    """Take what follows "my address is", and "Flat 4" with the name behind it."""
    if _ADDRESS_WORD.search(line):
        rest = _ADDRESS_REST.match(view, start)
        return Span(start, rest.end(), Kind.ADDRESS) if rest else None
    dwelling = _DWELLING.search(line)
    rest = _DWELLING_REST.match(view, start) if dwelling else None
    if dwelling is None or rest is None:
        return None
    begin = start - len(line) + dwelling.start()
    above = None if line[: dwelling.start()].strip() else _LINE_ABOVE.search(view, max(0, begin - _BEFORE), begin)
    return Span(above.start("line") if above else begin, rest.end(), Kind.ADDRESS)


def _street_before(view: str, start: int, line: str) -> Span | None:
    bare = line.rstrip(" ,")
    if not bare.lower().endswith(_SURE + _CAPITAL_ONLY):
        return None
    match = _STREET.search(bare)
    house = _HOUSE.match(view, start)
    if match is None or house is None or not _is_street(match.group()):
        return None
    return Span(start - len(line) + match.start(), house.end(), Kind.ADDRESS)


def _is_street(words: str) -> bool:
    name = words.rsplit(" ", 1)[-1]
    if name.lower().rstrip(".") in _NOT_STREETS:
        # "Karl Johans gate": the bare type needs a capitalised name before it.
        return " " in words and _CAPITAL_STREET.match(words) is not None and name[0].islower()
    return name.lower().endswith(_SURE) or _CAPITAL_STREET.match(words) is not None


def _street_after(view: str, span: tuple[int, int]) -> Span | None:
    start, end = span
    if end - start > 9 or view[end : end + 1] not in {" ", ","}:  # noqa: PLR2004 - "1234 1234": house and unit
        return None
    romance = _ROMANCE.match(view, end)
    if romance is not None:
        return Span(start, romance.end(), Kind.ADDRESS)
    match = _ENGLISH.match(view, end)
    if match is None or _NO_STREET_WORDS.search(match.group()):
        return None
    words = match.group().strip(" ,.").split()
    capitals = all(word[0].isupper() for word in words)
    if capitals or (len(words) <= 3 and match["type"].lower() in _ENGLISH_LOWER):  # noqa: PLR2004 - "8 wressle road"
        return Span(start, match.end(), Kind.ADDRESS)
    return None


def _postcode(view: str, start: int, line: str, *, after_address: bool) -> Span | None:
    if _BOX.search(line):
        house = _HOUSE.match(view, start)
        begin = start - len(_BOX.search(line).group())  # type: ignore[union-attr]  # searched just above
        return Span(begin, house.end(), Kind.ADDRESS) if house else None
    match = _POSTCODE.match(view, start)
    if match is None:
        return None
    land = _COUNTRY_BEFORE.search(line)
    if land is not None and folded(land["country"].lstrip()) in listed("countries.txt"):
        return Span(start - len(land.group().lstrip()), match.end(), Kind.ADDRESS)
    alone = not line.strip() and view[match.end() : match.end() + 1] in {"", "\n", "\x00"}
    if _POSTCODE_WORD.search(line) or (after_address and alone):
        return Span(start, match.end(), Kind.ADDRESS)
    town = _TOWN.match(view, match.end())
    prefix = _COUNTRY_PREFIX.search(line)
    begin = start - len(prefix.group()) if prefix else start
    if town is not None and (after_address or prefix or _is_town(match.group(), town["town"], line)):
        return Span(begin, town.end(), Kind.ADDRESS)
    return None


def _is_town(code: str, town: str, line: str) -> bool:
    """Say whether a code and a word are a postcode and a town.

    A year before a town ("2024 Oslo") is none unless it begins the line or follows a comma.
    """
    if folded(town) not in places():
        return False
    return not code.startswith(("19", "20")) or len(code) > 4 or not line.strip() or line.rstrip().endswith(",")  # noqa: PLR2004 - a year has four digits
