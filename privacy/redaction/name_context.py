"""Words that announce a name in Norwegian, Swedish, Danish, Finnish, English and German, and words that never are one.

A rule is keyed by the last word of its phrase, so a text is read once; `before` is what must stand in front of it.
"""

import re
from enum import Enum, auto
from typing import Final, NamedTuple


class Context(Enum):
    """How much a phrase says about the words after it."""

    NAMED = auto()  # "my name is": any word, any case
    TITLE = auto()  # "Herr": a capitalised word, listed or not
    ROLE = auto()  # "technician", "says": a capitalised word that starts no sentence's noun
    GREETING = auto()  # "Hei": a capitalised word; lower case if listed
    SIGN_OFF = auto()  # "Mvh": the rest of a short line
    WEAK = auto()  # "snakket med": listed words only, also those that are words


class Introduction(NamedTuple):
    """A phrase (without its last word), what may part it from the name, and its strength."""

    before: str
    gap: re.Pattern[str]
    context: Context


_SPACE: Final = re.compile(r"[:?]? {1,2}")
_AFTER_TITLE: Final = re.compile(r"\.? {1,2}")
_AFTER_GREETING: Final = re.compile(r",? {1,2}")
_AFTER_SIGN_OFF: Final = re.compile(r"(?: fra| från| from| von)?[ ,.!:;-]*\n{0,3}[ ]*")

_TITLES_TEXT: Final = """
    mr mrs ms miss mx sir madam dr prof professor herr herrn frau fru frk frøken fröken hr doktor
    advokat lektor dipl ing saksbehandler kundebehandler handläggare rektor
"""
TITLES: Final = frozenset(_TITLES_TEXT.split())
_PARTICLES_TEXT: Final = "van von der den de af av zu zur la du del da ten ter bin al el"
PARTICLES: Final = tuple(_PARTICLES_TEXT.split())

_ROLES_TEXT: Final = """
    minister statsminister statsråd president ambassadør konsul representant representanten direktør
    direktøren direktör leder lederen chef chefen sjef sjefen manager director doctor advokaten
    forfatter forfatteren montør montøren montör tekniker teknikeren selger selgeren säljare
    säljaren rådgiver rådgiveren konsulent konsulenten konsult agent technician engineer kollegaen
    naboen vaktmester professoren ingeniør ingeniøren kundekonsulent prosjektleder projektledare
    projektleiter berater beraterin mitarbeiter mitarbeiterin techniker kollegin nabo tante onkel
    mormor farfar uncle aunt brother sister husband wife datter dotter sønn mannen kona
"""
_ROLES: Final = frozenset(_ROLES_TEXT.split())
_SPEECH: Final = (
    "sier", "sa", "seier", "sagde", "säger", "sade", "sa", "says", "said", "sagt", "sagte", "mener", "menar",
    "forteller", "fortalte", "fortel", "fortalde", "berättar", "skriver", "skrev", "svarer", "svarte", "svarade",
    "ifølge", "ifølgje", "enligt", "according to", "laut", "meint", "explained", "asked", "forklarer", "uppger",
    "hälsade", "told me", "lover", "oppsummerer", "tilføyer", "last name?", "name?",
)  # fmt: skip

_NAMED: Final = (
    "my name is", "name is", "last name is", "surname is", "maiden name is", "call me", "calls me", "people call me",
    "i am called", "jeg heter", "eg heiter", "heter", "heiter", "hedder", "ich heiße", "heiße", "heisse",
    "mein name ist", "name ist", "navn er", "navnet er", "navnet mitt er", "namn är", "namnet är", "namnet er",
    "nimeni on", "nimi on", "mit navn er", "full name", "fullt navn", "vollständiger name",
)  # fmt: skip
_WEAK: Final = (
    "this is", "i am", "i'm", "spoke to", "spoke with", "speak to", "speak with", "talked to", "talked with",
    "snakket med", "snakka med", "prata med", "pratade med", "talade med", "talte med", "snakkede med",
    "gesprochen mit", "det er", "det är", "her er", "här är", "hier ist", "hilser", "ich bin", "jag är", "jeg er",
    "ring", "kontakt", "kontakta", "kontakte", "contact", "kollega", "kollege", "colleague", "attn", "spørre",
    "fråga", "takk til", "tack till", "thanks to", "dank an", "ansprechpartner", "kontaktperson",
)  # fmt: skip
_GREETINGS: Final = (
    "hei", "heisann", "hej", "hejsan", "hi", "hello", "hallo", "hey", "dear", "kjære", "kära", "käre", "kære", "liebe",
    "lieber", "geehrte", "geehrter", "moi", "hei du", "god dag", "goddag", "good morning", "good afternoon", "morn",
    "guten tag", "guten morgen", "tjena", "halla", "hyvä", "servus", "moin",
)  # fmt: skip
_SIGN_OFFS: Final = (
    "mvh", "vh", "hilsen", "helsing", "hälsningar", "hälsning", "hälsar", "vänligen", "vänliga hälsningar", "regards",
    "cheers", "sincerely", "faithfully", "best wishes", "all the best", "yours truly", "br", "grüßen", "grüssen",
    "grüße", "gruß", "gruss", "mfg", "lg", "vg", "hilsner", "terveisin", "ystävällisin", "mvh.", "hilsen fra",
    "kind regards", "dbh", "klem", "kram",
)  # fmt: skip


def _rules() -> dict[str, tuple[Introduction, ...]]:
    table: dict[str, list[Introduction]] = {}
    for phrases, gap, context in (
        (_NAMED, _SPACE, Context.NAMED),
        (tuple(TITLES), _AFTER_TITLE, Context.TITLE),
        (tuple(_ROLES) + _SPEECH, _SPACE, Context.ROLE),
        (_GREETINGS, _AFTER_GREETING, Context.GREETING),
        (_SIGN_OFFS, _AFTER_SIGN_OFF, Context.SIGN_OFF),
        (_WEAK, _SPACE, Context.WEAK),
    ):
        for phrase in phrases:
            before, _, last = phrase.rstrip(".?").rpartition(" ")
            table.setdefault(last, []).append(Introduction(f"{before} " if before else "", gap, context))
    # The longest phrase is tried first: "my name is" before "this is" before a bare word.
    return {last: tuple(sorted(rules, key=lambda r: -len(r.before))) for last, rules in table.items()}


INTRODUCTIONS: Final = _rules()

NOT_NAME_STARTS: Final = ("kunde", "kund", "support", "service", "customer", "team", "admin", "produkt", "product")

_NOT_NAMES_TEXT: Final = """
    alle alla allihopa sammen dere du ni you all team support kundeservice kundtjänst customer
    service there folkens folks everyone everybody guys again igjen igen der dette det den detta
    this that these it i im jeg jag eg ich er sie wir vi we he she they de dem din deres your ihr
    ihre mein meine my min mitt mine our unser vår sir madam sirs mr mrs ms miss dr herr frau fru
    damen herren damer og und and och or eller oder for för für to til till på on in am an auf with
    med mit from fra från von of av is är ist was var har have hat not ikke inte nicht but men aber
    so så hva vad what how hvordan hur wie why hvorfor varför warum when når när wann where hvor wo
    who hvem vem wer please vennligst bitte takk tack danke thanks thank thx hei hej hi hello hallo
    hey dear kjære kära liebe lieber sehr geehrte geehrter geehrtes mvh vh hilsen vennlig vänlig
    vänliga vänligen regards best kind beste freundlichen grüßen grüße viele the a en ei et ett ein
    eine einen die das des kunde kunder kund customers kundendienst kundenservice order ordre
    bestilling faktura invoice rechnung server windows account konto card kort app ios android mac
    iphone ipad pc tv wifi usb vpn api sql crm erp sso saas hr url pdf lenger sure just still happy
    writing calling trying looking having going very unable able glad sorry fornøyd misfornøyd lei
    sint enig usikker klar helt veldig bare snart også litt mycket nöjd missnöjd säker lite bara
    trött zufrieden auch noch schon sicher froh bin sind neu being been get got oss dykk meg deg seg
    ham henne mig dig sig honom me him her us them norge norway norwegen sverige sweden schweden
    danmark denmark finland tyskland deutschland germany england britain europa europe usa uk eu
    asia afrika africa amerika america norsk norske svensk svenske svenska dansk danske engelsk
    english deutsch german norwegian swedish danish finnish french spanish italian russian gud god
    jesus jul christmas ostern weihnachten natt mandag tirsdag onsdag torsdag fredag lørdag søndag
    måndag tisdag lördag söndag monday tuesday wednesday thursday friday saturday sunday montag
    dienstag mittwoch donnerstag freitag samstag sonntag januar februar mars april mai juni juli
    august september oktober november desember dezember januari februari maj augusti december
    january february march may june july october
"""
NOT_NAMES: Final = frozenset(_NOT_NAMES_TEXT.split())
