"""What reports of win-back say, in nb, nn, sv, en and de."""

from collections.abc import Mapping
from typing import Final

WORDING: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "title": "Vinn tilbake",
        "pair": "På testtidspunktet setter {kind} en kunde som kommer tilbake, foran en som blir borte, i "
        "{auc:share1} av alle par",
        "top": "Av de {capacity} tidligere kundene med høyest sannsynlighet kom tilbake {precision:share}. Det er "
        "{recall:share} av alle som kom tilbake.",
        "stood": "{customers} tidligere kunder, {base_rate:share1} kom tilbake",
        "common": "De fleste kommer tilbake av seg selv: de var stille, ikke borte. Vent lenger før noen regnes som "
        "tapt.",
        "rare": "Få kommer tilbake: les presisjonen ved kapasiteten, og velg etter effekt der en kontrollgruppe ble "
        "trukket.",
    },
    "nn": {
        "title": "Vinn tilbake",
        "pair": "På testtidspunktet set {kind} ein kunde som kjem tilbake, framfor ein som blir borte, i {auc:share1} "
        "av alle par",
        "top": "Av dei {capacity} tidlegare kundane med høgast sannsyn kom tilbake {precision:share}. Det er "
        "{recall:share} av alle som kom tilbake.",
        "stood": "{customers} tidlegare kundar, {base_rate:share1} kom tilbake",
        "common": "Dei fleste kjem tilbake av seg sjølve: dei var stille, ikkje borte. Vent lenger før nokon vert "
        "rekna som tapt.",
        "rare": "Få kjem tilbake: les presisjonen ved kapasiteten, og vel etter effekt der ei kontrollgruppe vart "
        "trekt.",
    },
    "sv": {
        "title": "Vinn tillbaka",
        "pair": "Vid testtillfället sätter {kind} en kund som kommer tillbaka före en som stannar borta i "
        "{auc:share1} av alla par",
        "top": "Av de {capacity} tidigare kunderna med högst sannolikhet kom tillbaka {precision:share}. Det är "
        "{recall:share} av alla som kom tillbaka.",
        "stood": "{customers} tidigare kunder, {base_rate:share1} kom tillbaka",
        "common": "De flesta kommer tillbaka av sig själva: de var tysta, inte borta. Vänta längre innan någon räknas "
        "som förlorad.",
        "rare": "Få kommer tillbaka: läs precisionen vid kapaciteten, och välj efter effekt där en kontrollgrupp "
        "drogs.",
    },
    "en": {
        "title": "Win-back",
        "pair": "At the test cut the {kind} ranks a returning customer above one staying away in {auc:share1} of pairs",
        "top": "Of the {capacity} former customers with the highest probability {precision:share} came back, which is "
        "{recall:share} of all who came back.",
        "stood": "{customers} former customers, {base_rate:share1} came back",
        "common": "Most of them come back unasked: they were silent, not gone. Wait longer before calling somebody "
        "lost.",
        "rare": "Few come back: read precision at capacity, and aim by uplift where a hold-out was drawn.",
    },
    "de": {
        "title": "Rückgewinnung",
        "pair": "Am Teststichtag stellt {kind} in {auc:share1} aller Paare einen Kunden, der zurückkommt, vor einen, "
        "der wegbleibt",
        "top": "Von den {capacity} früheren Kunden mit der höchsten Wahrscheinlichkeit kamen {precision:share} "
        "zurück. Das sind {recall:share} aller, die zurückkamen.",
        "stood": "{customers} frühere Kunden, {base_rate:share1} kamen zurück",
        "common": "Die meisten kommen von selbst zurück: sie waren still, nicht fort. Länger warten, bevor jemand als "
        "verloren gilt.",
        "rare": "Wenige kommen zurück: die Präzision bei der Kapazität lesen und nach Wirkung wählen, wo es eine "
        "Kontrollgruppe gibt.",
    },
}
