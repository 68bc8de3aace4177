"""What is said of each default trigger in Norwegian (nb, nn), Swedish, English and German.

A fact that the customer can check, then what may fit; an employee can say it aloud. Never a score, a chance or a guess
at motives. `{value}` is a figure with its unit.
"""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "team_growth": {
        "nb": "{value} av plassene i planen er i bruk; flere lisenser kan passe",
        "nn": "{value} av plassane i planen er i bruk; fleire lisensar kan passe",
        "sv": "{value} av platserna i planen används; fler licenser kan passa",
        "en": "{value} of the plan's seats are in use; more licences may fit",
        "de": "{value} der Plätze des Tarifs sind belegt; weitere Lizenzen könnten passen",
    },
    "use_growth": {
        "nb": "bruken økte med {value} mot de tre månedene før; en større plan kan passe",
        "nn": "bruken auka med {value} mot dei tre månadene før; ein større plan kan passe",
        "sv": "användningen ökade med {value} mot de tre månaderna innan; en större plan kan passa",
        "en": "use grew by {value} against the three months before; a larger plan may fit",
        "de": "die Nutzung stieg um {value} gegenüber den drei Monaten davor; ein größerer Tarif könnte passen",
    },
    "project_end": {
        "nb": "et prosjekt ble avsluttet for inntil {value} siden; vedlikehold kan passe",
        "nn": "eit prosjekt vart avslutta for inntil {value} sidan; vedlikehald kan passe",
        "sv": "ett projekt avslutades för högst {value} sedan; underhåll kan passa",
        "en": "a project ended at most {value} ago; maintenance may fit",
        "de": "ein Projekt endete vor höchstens {value}; eine Wartung könnte passen",
    },
    "season_ahead": {
        "nb": "i de kommende ukene var bruken i fjor {value} høyere enn før; mer kapasitet kan passe",
        "nn": "i dei komande vekene var bruken i fjor {value} høgare enn før; meir kapasitet kan passe",
        "sv": "under de kommande veckorna var användningen i fjol {value} högre än innan; mer kapacitet kan passa",
        "en": "in the weeks to come use was {value} higher last year than before; more capacity may fit",
        "de": "in den kommenden Wochen lag die Nutzung im Vorjahr {value} höher; mehr Kapazität könnte passen",
    },
    "order_due": {
        "nb": "{value} av den vanlige tiden mellom to bestillinger har gått; den neste kan være nær",
        "nn": "{value} av den vanlege tida mellom to bestillingar har gått; den neste kan vere nær",
        "sv": "{value} av den vanliga tiden mellan två beställningar har gått; nästa kan vara nära",
        "en": "{value} of the usual time between two orders has passed; the next may be near",
        "de": "{value} der üblichen Zeit zwischen zwei Bestellungen sind vergangen; die nächste könnte anstehen",
    },
    "few_functions": {
        "nb": "{value} funksjon(er) er i jevnlig bruk; en til kan være nyttig",
        "nn": "{value} funksjon(ar) er i jamleg bruk; ein til kan vere nyttig",
        "sv": "{value} funktion(er) används regelbundet; en till kan vara till nytta",
        "en": "{value} function(s) in regular use; one more may be useful",
        "de": "{value} Funktion(en) in regelmäßiger Nutzung; eine weitere könnte nützlich sein",
    },
}

# a product that was bought before (times, days since), and one that others buy
PRODUCT_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "nb": ("antall kjøp: {}; dager siden sist: {}", "mange kunder kjøper dette"),
    "nn": ("talet på kjøp: {}; dagar sidan sist: {}", "mange kundar kjøper dette"),
    "sv": ("antal köp: {}; dagar sedan senast: {}", "många kunder köper detta"),
    "en": ("times bought: {}; days since the last time: {}", "many customers buy this"),
    "de": ("Anzahl Käufe: {}; Tage seit dem letzten: {}", "viele Kunden kaufen dies"),
}

# a function that others use
FUNCTION_WORDS: Final[Mapping[str, str]] = {
    "nb": "andre kunder bruker denne funksjonen; her er den ikke brukt det siste året",
    "nn": "andre kundar bruker denne funksjonen; her er han ikkje brukt det siste året",
    "sv": "andra kunder använder den här funktionen; här har den inte använts det senaste året",
    "en": "other customers use this function; it was not used here in the last year",
    "de": "andere Kunden nutzen diese Funktion; hier wurde sie im letzten Jahr nicht genutzt",
}
