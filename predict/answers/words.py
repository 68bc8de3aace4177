"""The words of the page of suggested answers, in nb, nn, sv, en and de."""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "title": "Forslag til svar",
        "note": (
            "{waiting} tråder venter; {suggested} har et forslag, {people} må et menneske ta. Ingenting sendes herfra:"
            " et menneske leser, endrer og sender. Bibliotekets versjon er {version}. Tekstene er sladdet; slett "
            "siden når dere er ferdige."
        ),
        "person": "Et menneske må ta over: {why}",
        "suggestion": "Forslag {name}",
        "ours": "vi",
        "theirs": "kunden",
        "facts": "{topic}, {tone}, {time}. gang. Ventet {hours:.0f} timer.",
        "calm": "rolig",
        "annoyed": "irritert",
        "withheld": "en tekst i tråden er holdt tilbake",
        "leaving": "kunden truer med å gå",
        "safety": "det gjelder sikkerhet",
        "legal": "det gjelder loven",
        "third_time": "kunden klager for tredje gang eller mer",
        "no_answer_fits": "ingen godkjente svar passer",
        "faq": "Spørsmål som kommer igjen og igjen",
        "faq_note": "Kandidater til en side med spørsmål og svar; minst ti kunder. Et menneske avgjør.",
        "faq_head": "nøkkel|språk|handler om|tema|spørsmål|kunder|siste fire uker|godkjente svar",
        "none": "Ingen.",
        "judged": "Hva som ble av forslagene",
        "judged_head": "svar|brukt|endret|forkastet|menneske tok over",
    },
    "nn": {
        "title": "Framlegg til svar",
        "note": (
            "{waiting} trådar ventar; {suggested} har eit framlegg, {people} må eit menneske ta. Ingenting vert sendt "
            "herifrå: eit menneske les, endrar og sender. Versjonen av biblioteket er {version}. Tekstane er sladda;"
            " slett sida når de er ferdige."
        ),
        "person": "Eit menneske må ta over: {why}",
        "suggestion": "Framlegg {name}",
        "ours": "vi",
        "theirs": "kunden",
        "facts": "{topic}, {tone}, {time}. gong. Venta {hours:.0f} timar.",
        "calm": "roleg",
        "annoyed": "irritert",
        "withheld": "ein tekst i tråden er halden attende",
        "leaving": "kunden trugar med å gå",
        "safety": "det gjeld tryggleik",
        "legal": "det gjeld lova",
        "third_time": "kunden klagar for tredje gong eller meir",
        "no_answer_fits": "ingen godkjende svar passar",
        "faq": "Spørsmål som kjem att og att",
        "faq_note": "Kandidatar til ei side med spørsmål og svar; minst ti kundar. Eit menneske avgjer.",
        "faq_head": "nøkkel|språk|handlar om|tema|spørsmål|kundar|siste fire veker|godkjende svar",
        "none": "Ingen.",
        "judged": "Kva som vart av framlegga",
        "judged_head": "svar|brukt|endra|forkasta|menneske tok over",
    },
    "sv": {
        "title": "Förslag till svar",
        "note": (
            "{waiting} trådar väntar; {suggested} har ett förslag, {people} måste en människa ta. Ingenting skickas "
            "härifrån: en människa läser, ändrar och skickar. Bibliotekets version är {version}. Texterna är maskade; "
            "radera sidan när ni är klara."
        ),
        "person": "En människa måste ta över: {why}",
        "suggestion": "Förslag {name}",
        "ours": "vi",
        "theirs": "kunden",
        "facts": "{topic}, {tone}, gång {time}. Väntat {hours:.0f} timmar.",
        "calm": "lugn",
        "annoyed": "irriterad",
        "withheld": "en text i tråden hålls tillbaka",
        "leaving": "kunden hotar att lämna",
        "safety": "det gäller säkerhet",
        "legal": "det gäller lagen",
        "third_time": "kunden klagar för tredje gången eller mer",
        "no_answer_fits": "inget godkänt svar passar",
        "faq": "Frågor som kommer igen och igen",
        "faq_note": "Kandidater till en sida med frågor och svar; minst tio kunder. En människa avgör.",
        "faq_head": "nyckel|språk|handlar om|tema|frågor|kunder|senaste fyra veckorna|godkända svar",
        "none": "Inga.",
        "judged": "Vad det blev av förslagen",
        "judged_head": "svar|använt|ändrat|förkastat|människa tog över",
    },
    "en": {
        "title": "Suggested answers",
        "note": (
            "{waiting} threads wait; {suggested} have a suggestion, {people} are for a person. Nothing is sent from "
            "here: a person reads, edits and sends. The library's version is {version}. Texts are redacted; delete "
            "this page when you are done."
        ),
        "person": "A person must take over: {why}",
        "suggestion": "Suggestion {name}",
        "ours": "we",
        "theirs": "customer",
        "facts": "{topic}, {tone}, time {time}. Has waited {hours:.0f} hours.",
        "calm": "calm",
        "annoyed": "annoyed",
        "withheld": "a text of the thread is withheld",
        "leaving": "the customer threatens to leave",
        "safety": "it is about safety",
        "legal": "it is about the law",
        "third_time": "the customer complains for the third time or more",
        "no_answer_fits": "no approved answer fits",
        "faq": "Questions that come again and again",
        "faq_note": "Candidates for a page of questions and answers; ten customers or more. A person decides.",
        "faq_head": "key|language|about|topic|questions|customers|last four weeks|approved answers",
        "none": "None.",
        "judged": "What became of suggestions",
        "judged_head": "answer|used|edited|rejected|person took over",
    },
    "de": {
        "title": "Vorgeschlagene Antworten",
        "note": (
            "{waiting} Verläufe warten; {suggested} haben einen Vorschlag, {people} brauchen einen Menschen. Von hier "
            "wird nichts gesendet: ein Mensch liest, ändert und sendet. Version der Sammlung: {version}. Texte sind "
            "geschwärzt; löschen Sie diese Seite danach."
        ),
        "person": "Ein Mensch muss übernehmen: {why}",
        "suggestion": "Vorschlag {name}",
        "ours": "wir",
        "theirs": "Kunde",
        "facts": "{topic}, {tone}, {time}. Mal. Wartet seit {hours:.0f} Stunden.",
        "calm": "ruhig",
        "annoyed": "verärgert",
        "withheld": "ein Text des Verlaufs wird zurückgehalten",
        "leaving": "der Kunde droht zu gehen",
        "safety": "es geht um Sicherheit",
        "legal": "es geht um das Gesetz",
        "third_time": "der Kunde beschwert sich zum dritten Mal oder öfter",
        "no_answer_fits": "keine freigegebene Antwort passt",
        "faq": "Fragen, die immer wieder kommen",
        "faq_note": "Kandidaten für eine Seite mit Fragen und Antworten; ab zehn Kunden. Ein Mensch entscheidet.",
        "faq_head": "Schlüssel|Sprache|handelt von|Thema|Fragen|Kunden|letzte vier Wochen|freigegebene Antworten",
        "none": "Keine.",
        "judged": "Was aus Vorschlägen wurde",
        "judged_head": "Antwort|benutzt|geändert|verworfen|Mensch übernahm",
    },
}
