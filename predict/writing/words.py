"""The words of what a page tells of our own mails, in nb, nn, sv, en and de."""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "title": "Slik skriver vi",
        "note": (
            "{mails} e-poster fra oss til {customers} kunder. Av grupper på minst fem hos oss og minst ti kunder; "
            "aldri av én ansatt. I parentes 95 %-intervallet."
        ),
        "head": "språk|gruppe|e-poster|lesbarhet|dom|ord per setning|lange setninger|passiv|e-poster med kanselliord",
        "formula": (
            "LIX: under 40 lett, fra 50 tung. Flesch og Amstad: fra 60 lett, under 50 tung. Lang er en setning på mer "
            "enn 25 ord."
        ),
        "year": "skoleår {year:.0f}",
        "easy": "lett",
        "middling": "middels",
        "hard": "tung",
        "all": "alle",
        "jargon": "Ord å bytte ut",
        "jargon_note": "Kanselliord fra listen vår, og ord som vi bruker minst fem ganger så ofte som kundene.",
        "jargon_head": "språk|ord|heller|e-poster|kunder",
        "phrases": "Vendinger som følges av bedre eller dårligere svar",
        "phrase_note": (
            "Av {asked} vendinger i {answered} e-poster som kunden svarte på, målt mot svaret som var å vente etter "
            "det kunden skrev før. Om vendingen er grunnen, viser bare et forsøk."
        ),
        "phrase_head": "språk|vending|e-poster|kunder|svaret ble (-1 til 1)",
        "better": "bedre",
        "worse": "dårligere",
        "none": "Ingen vending skiller seg ut fra tilfeldigheter.",
        "hard_first": "{team} skriver tungt ({formula} {ease:.0f}, {language}).",
        "worse_first": "Etter «{phrase}» svarer kundene dårligere enn ventet ({gap:+.2f}).",
        "better_first": "Etter «{phrase}» svarer kundene bedre enn ventet ({gap:+.2f}).",
    },
    "nn": {
        "title": "Slik skriv vi",
        "note": (
            "{mails} e-postar frå oss til {customers} kundar. Av grupper på minst fem hos oss og minst ti kundar; "
            "aldri av éin tilsett. I parentes 95 %-intervallet."
        ),
        "head": "språk|gruppe|e-postar|lesbarheit|dom|ord per setning|lange setningar|passiv|e-postar med kanselliord",
        "formula": (
            "LIX: under 40 lett, frå 50 tung. Flesch og Amstad: frå 60 lett, under 50 tung. Lang er ei setning på meir"
            " enn 25 ord."
        ),
        "year": "skuleår {year:.0f}",
        "easy": "lett",
        "middling": "middels",
        "hard": "tung",
        "all": "alle",
        "jargon": "Ord å byte ut",
        "jargon_note": "Kanselliord frå lista vår, og ord som vi bruker minst fem gonger så ofte som kundane.",
        "jargon_head": "språk|ord|heller|e-postar|kundar",
        "phrases": "Vendingar som vert følgde av betre eller dårlegare svar",
        "phrase_note": (
            "Av {asked} vendingar i {answered} e-postar som kunden svara på, målt mot svaret som var å vente etter det"
            " kunden skreiv før. Om vendinga er grunnen, viser berre eit forsøk."
        ),
        "phrase_head": "språk|vending|e-postar|kundar|svaret vart (-1 til 1)",
        "better": "betre",
        "worse": "dårlegare",
        "none": "Inga vending skil seg ut frå det tilfeldige.",
        "hard_first": "{team} skriv tungt ({formula} {ease:.0f}, {language}).",
        "worse_first": "Etter «{phrase}» svarar kundane dårlegare enn venta ({gap:+.2f}).",
        "better_first": "Etter «{phrase}» svarar kundane betre enn venta ({gap:+.2f}).",
    },
    "sv": {
        "title": "Så skriver vi",
        "note": (
            "{mails} mejl från oss till {customers} kunder. Av grupper om minst fem hos oss och minst tio kunder; "
            "aldrig av en enskild anställd. Inom parentes 95 %-intervallet."
        ),
        "head": "språk|grupp|mejl|läsbarhet|omdöme|ord per mening|långa meningar|passiv|mejl med kanslisvenska",
        "formula": (
            "LIX: under 40 lätt, från 50 tung. Flesch och Amstad: från 60 lätt, under 50 tung. Lång är en mening på "
            "mer än 25 ord."
        ),
        "year": "skolår {year:.0f}",
        "easy": "lätt",
        "middling": "medel",
        "hard": "tung",
        "all": "alla",
        "jargon": "Ord att byta ut",
        "jargon_note": "Kansliord ur vår lista, och ord som vi använder minst fem gånger så ofta som kunderna.",
        "jargon_head": "språk|ord|hellre|mejl|kunder",
        "phrases": "Vändningar som följs av bättre eller sämre svar",
        "phrase_note": (
            "Av {asked} vändningar i {answered} mejl som kunden svarade på, mätt mot svaret som var att vänta efter "
            "det kunden skrev innan. Om vändningen är skälet visar bara ett försök."
        ),
        "phrase_head": "språk|vändning|mejl|kunder|svaret blev (-1 till 1)",
        "better": "bättre",
        "worse": "sämre",
        "none": "Ingen vändning skiljer sig från slumpen.",
        "hard_first": "{team} skriver tungt ({formula} {ease:.0f}, {language}).",
        "worse_first": "Efter ”{phrase}” svarar kunderna sämre än väntat ({gap:+.2f}).",
        "better_first": "Efter ”{phrase}” svarar kunderna bättre än väntat ({gap:+.2f}).",
    },
    "en": {
        "title": "How we write",
        "note": (
            "{mails} mails of ours to {customers} customers. Of teams of at least five of us and at least ten "
            "customers; never of one employee. In brackets the 95 % interval."
        ),
        "head": "language|team|mails|ease|verdict|words a sentence|long sentences|passive|mails with officialese",
        "formula": (
            "LIX: below 40 is easy, from 50 on hard. Flesch and Amstad: from 60 on easy, below 50 hard. A sentence is "
            "long above 25 words."
        ),
        "year": "school year {year:.0f}",
        "easy": "easy",
        "middling": "middling",
        "hard": "hard",
        "all": "all",
        "jargon": "Words to replace",
        "jargon_note": "Officialese of our list, and words that we use at least five times as often as customers do.",
        "jargon_head": "language|word|rather|mails|customers",
        "phrases": "Phrases that better or worse answers follow",
        "phrase_note": (
            "Of {asked} phrases in {answered} mails that the customer answered, against the answer that was to be "
            "expected after what the customer wrote before. Whether the phrase is why, only a trial tells."
        ),
        "phrase_head": "language|phrase|mails|customers|the answer was (-1 to 1)",
        "better": "better",
        "worse": "worse",
        "none": "No phrase stands out from chance.",
        "hard_first": "{team} writes hard to read ({formula} {ease:.0f}, {language}).",
        "worse_first": "After “{phrase}” customers answer worse than expected ({gap:+.2f}).",
        "better_first": "After “{phrase}” customers answer better than expected ({gap:+.2f}).",
    },
    "de": {
        "title": "Wie wir schreiben",
        "note": (
            "{mails} Mails von uns an {customers} Kunden. Von Teams ab fünf Personen und ab zehn Kunden; nie von einer"
            " einzelnen Person. In Klammern das 95-%-Intervall."
        ),
        "head": "Sprache|Team|Mails|Lesbarkeit|Urteil|Wörter je Satz|lange Sätze|Passiv|Mails mit Amtsdeutsch",
        "formula": (
            "LIX: unter 40 leicht, ab 50 schwer. Flesch und Amstad: ab 60 leicht, unter 50 schwer. Lang ist ein Satz "
            "über 25 Wörter."
        ),
        "year": "Schuljahr {year:.0f}",
        "easy": "leicht",
        "middling": "mittel",
        "hard": "schwer",
        "all": "alle",
        "jargon": "Wörter zum Ersetzen",
        "jargon_note": (
            "Amtsdeutsch aus unserer Liste, und Wörter, die wir mindestens fünfmal so oft benutzen wie Kunden."
        ),
        "jargon_head": "Sprache|Wort|besser|Mails|Kunden",
        "phrases": "Wendungen, denen bessere oder schlechtere Antworten folgen",
        "phrase_note": (
            "Von {asked} Wendungen in {answered} beantworteten Mails, gemessen an der Antwort, die nach der Nachricht "
            "davor zu erwarten war. Ob die Wendung der Grund ist, zeigt nur ein Versuch."
        ),
        "phrase_head": "Sprache|Wendung|Mails|Kunden|die Antwort war (-1 bis 1)",
        "better": "besser",
        "worse": "schlechter",
        "none": "Keine Wendung hebt sich vom Zufall ab.",
        "hard_first": "{team} schreibt schwer lesbar ({formula} {ease:.0f}, {language}).",
        "worse_first": "Nach „{phrase}“ antworten Kunden schlechter als erwartet ({gap:+.2f}).",
        "better_first": "Nach „{phrase}“ antworten Kunden besser als erwartet ({gap:+.2f}).",
    },
}
