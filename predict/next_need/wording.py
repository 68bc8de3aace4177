"""What reports of the next need say, in nb, nn, sv, en and de: of all three modules, then of each."""

from collections.abc import Mapping
from typing import Final

TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "chosen.title": "Mot popularitet og kundens egen hyppighet",
        "chosen.head": "hvem som velges|andel som hadde det",
        "chosen.model": "de {capacity} som modellen setter øverst",
        "chosen.own": "de {capacity} høyeste etter {word} (egen hyppighet)",
        "chosen.anybody": "hvem som helst (popularitet)",
        "needs.title": "Hva som utløser et behov, mot tilbud uten utvelgelse",
        "needs.head": "hva som dukket opp|behov|kunder|hadde det|uten utvelgelse|gevinst ved samme hyppighet|dom",
        "trigger.team_growth": "plassene fylles (team_growth)",
        "trigger.use_growth": "bruken øker (use_growth)",
        "trigger.project_end": "et prosjekt er avsluttet (project_end)",
        "trigger.season_ahead": "sesongen nærmer seg (season_ahead)",
        "trigger.order_due": "tid for ny bestilling (order_due)",
        "trigger.few_functions": "bruker få funksjoner (few_functions)",
        "need.licences": "lisenser",
        "need.premium": "større plan",
        "need.maintenance": "vedlikehold",
        "need.capacity": "kapasitet",
        "need.reorder": "ny bestilling",
        "need.function": "funksjon",
        "verdict.holds": "holder",
        "verdict.no evidence": "ingen påvist virkning",
        "verdict.too few to judge": "for få til å bedømme",
        "verdict.told by the label of another module": "måles av en annen modul",
        "verdict.no label tells it": "kan ikke måles",
    },
    "nn": {
        "chosen.title": "Mot popularitet og kor ofte kunden sjølv kjøper",
        "chosen.head": "kven som vert valde|del som hadde det",
        "chosen.model": "dei {capacity} som modellen set øvst",
        "chosen.own": "dei {capacity} høgaste etter {word} (eigen frekvens)",
        "chosen.anybody": "kven som helst (popularitet)",
        "needs.title": "Kva som utløyser eit behov, mot tilbod utan utval",
        "needs.head": "kva som dukka opp|behov|kundar|hadde det|utan utval|vinst ved same frekvens|dom",
        "trigger.team_growth": "plassane vert fylte (team_growth)",
        "trigger.use_growth": "bruken aukar (use_growth)",
        "trigger.project_end": "eit prosjekt er avslutta (project_end)",
        "trigger.season_ahead": "sesongen nærmar seg (season_ahead)",
        "trigger.order_due": "tid for ny bestilling (order_due)",
        "trigger.few_functions": "bruker få funksjonar (few_functions)",
        "need.licences": "lisensar",
        "need.premium": "større plan",
        "need.maintenance": "vedlikehald",
        "need.capacity": "kapasitet",
        "need.reorder": "ny bestilling",
        "need.function": "funksjon",
        "verdict.holds": "held",
        "verdict.no evidence": "ingen påvist verknad",
        "verdict.too few to judge": "for få til å dømme om",
        "verdict.told by the label of another module": "vert målt av ein annan modul",
        "verdict.no label tells it": "kan ikkje målast",
    },
    "sv": {
        "chosen.title": "Mot popularitet och kundens egen frekvens",
        "chosen.head": "vem som väljs|andel som hade det",
        "chosen.model": "de {capacity} som modellen sätter överst",
        "chosen.own": "de {capacity} högsta efter {word} (egen frekvens)",
        "chosen.anybody": "vem som helst (popularitet)",
        "needs.title": "Vad som väcker ett behov, mot erbjudanden utan urval",
        "needs.head": "vad som dök upp|behov|kunder|hade det|utan urval|vinst vid samma frekvens|omdöme",
        "trigger.team_growth": "platserna fylls (team_growth)",
        "trigger.use_growth": "användningen ökar (use_growth)",
        "trigger.project_end": "ett projekt är avslutat (project_end)",
        "trigger.season_ahead": "säsongen närmar sig (season_ahead)",
        "trigger.order_due": "dags att beställa igen (order_due)",
        "trigger.few_functions": "använder få funktioner (few_functions)",
        "need.licences": "licenser",
        "need.premium": "större plan",
        "need.maintenance": "underhåll",
        "need.capacity": "kapacitet",
        "need.reorder": "ny beställning",
        "need.function": "funktion",
        "verdict.holds": "håller",
        "verdict.no evidence": "ingen påvisad verkan",
        "verdict.too few to judge": "för få att bedöma",
        "verdict.told by the label of another module": "mäts av en annan modul",
        "verdict.no label tells it": "kan inte mätas",
    },
    "en": {
        "chosen.title": "Beside popularity and the customer's own frequency",
        "chosen.head": "who is chosen|share who had it",
        "chosen.model": "the {capacity} whom the model ranks highest",
        "chosen.own": "the {capacity} highest by {word} (own frequency)",
        "chosen.anybody": "anybody (popularity)",
        "needs.title": "What brings a need up, beside untargeted offers",
        "needs.head": "what came up|need|customers|had it|untargeted|gain at the same frequency|verdict",
        "trigger.team_growth": "seats fill up (team_growth)",
        "trigger.use_growth": "use grows (use_growth)",
        "trigger.project_end": "a project ended (project_end)",
        "trigger.season_ahead": "the season comes up (season_ahead)",
        "trigger.order_due": "an order is due (order_due)",
        "trigger.few_functions": "few functions in use (few_functions)",
        "need.licences": "licences",
        "need.premium": "premium",
        "need.maintenance": "maintenance",
        "need.capacity": "capacity",
        "need.reorder": "reorder",
        "need.function": "function",
        "verdict.holds": "holds",
        "verdict.no evidence": "no evidence",
        "verdict.too few to judge": "too few to judge",
        "verdict.told by the label of another module": "told by the label of another module",
        "verdict.no label tells it": "no label tells it",
    },
    "de": {
        "chosen.title": "Neben Beliebtheit und eigener Häufigkeit des Kunden",
        "chosen.head": "wer gewählt wird|Anteil mit Bedarf",
        "chosen.model": "die {capacity}, die das Modell am höchsten stellt",
        "chosen.own": "die {capacity} höchsten nach {word} (eigene Häufigkeit)",
        "chosen.anybody": "irgendwer (Beliebtheit)",
        "needs.title": "Was einen Bedarf weckt, neben ungezielten Angeboten",
        "needs.head": "was aufkam|Bedarf|Kunden|hatten ihn|ungezielt|Gewinn bei gleicher Häufigkeit|Urteil",
        "trigger.team_growth": "Plätze füllen sich (team_growth)",
        "trigger.use_growth": "Nutzung wächst (use_growth)",
        "trigger.project_end": "ein Projekt endete (project_end)",
        "trigger.season_ahead": "die Saison naht (season_ahead)",
        "trigger.order_due": "Bestellung ist fällig (order_due)",
        "trigger.few_functions": "nutzt wenige Funktionen (few_functions)",
        "need.licences": "Lizenzen",
        "need.premium": "größerer Tarif",
        "need.maintenance": "Wartung",
        "need.capacity": "Kapazität",
        "need.reorder": "Nachbestellung",
        "need.function": "Funktion",
        "verdict.holds": "trifft zu",
        "verdict.no evidence": "kein Nachweis",
        "verdict.too few to judge": "zu wenige für ein Urteil",
        "verdict.told by the label of another module": "misst ein anderes Modul",
        "verdict.no label tells it": "nicht messbar",
    },
}
NEXT_NEED: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "title": "Neste kjøp",
        "pair": "På testtidspunktet setter {kind} en kunde som kjøper, foran en som ikke gjør det, i {auc:share1} av "
        "alle par",
        "top": "Av de {capacity} kundene med høyest sannsynlighet bestilte eller oppgraderte {precision:share}. Det "
        "er {recall:share} av alle som bestilte eller oppgraderte.",
        "stood": "{customers} kunder, {base_rate:share1} bestilte eller oppgraderte",
        "common": "De fleste kundene kjøper uansett innen denne horisonten: høy sannsynlighet er ingen grunn til å "
        "kontakte noen.",
        "rare": "Få gjør det med denne horisonten: les presisjonen ved kapasiteten og hva som utløser et behov, ikke "
        "andelen riktige svar.",
    },
    "nn": {
        "title": "Neste kjøp",
        "pair": "På testtidspunktet set {kind} ein kunde som kjøper, framfor ein som ikkje gjer det, i {auc:share1} "
        "av alle par",
        "top": "Av dei {capacity} kundane med høgast sannsyn bestilte eller oppgraderte {precision:share}. Det er "
        "{recall:share} av alle som bestilte eller oppgraderte.",
        "stood": "{customers} kundar, {base_rate:share1} bestilte eller oppgraderte",
        "common": "Dei fleste kundane kjøper uansett innan denne horisonten: høgt sannsyn er ingen grunn til å "
        "kontakte nokon.",
        "rare": "Få gjer det med denne horisonten: les presisjonen ved kapasiteten og kva som utløyser eit behov, "
        "ikkje delen rette svar.",
    },
    "sv": {
        "title": "Nästa köp",
        "pair": "Vid testtillfället sätter {kind} en kund som köper före en som inte gör det i {auc:share1} av alla "
        "par",
        "top": "Av de {capacity} kunderna med högst sannolikhet beställde eller uppgraderade {precision:share}. Det "
        "är {recall:share} av alla som beställde eller uppgraderade.",
        "stood": "{customers} kunder, {base_rate:share1} beställde eller uppgraderade",
        "common": "De flesta kunder köper ändå inom denna horisont: hög sannolikhet är inget skäl att kontakta någon.",
        "rare": "Få gör det med denna horisont: läs precisionen vid kapaciteten och vad som väcker ett behov, inte "
        "andelen rätta svar.",
    },
    "en": {
        "title": "Next need",
        "pair": "At the test cut the {kind} ranks a buying customer above one not buying in {auc:share1} of pairs",
        "top": "Of the {capacity} customers with the highest probability {precision:share} ordered or upgraded, which "
        "is {recall:share} of all who ordered or upgraded.",
        "stood": "{customers} customers, {base_rate:share1} ordered or upgraded",
        "common": "Most customers buy within this horizon anyway: a high chance is no reason to contact anybody.",
        "rare": "Few do so at this horizon: read precision at capacity and what brings a need up, not accuracy.",
    },
    "de": {
        "title": "Nächster Bedarf",
        "pair": "Am Teststichtag stellt {kind} in {auc:share1} aller Paare einen Kunden, der kauft, vor einen, der "
        "nicht kauft",
        "top": "Von den {capacity} Kunden mit der höchsten Wahrscheinlichkeit bestellten oder erweiterten "
        "{precision:share}. Das sind {recall:share} aller, die bestellten oder erweiterten.",
        "stood": "{customers} Kunden, {base_rate:share1} bestellten oder erweiterten",
        "common": "Die meisten Kunden kaufen in diesem Zeitraum ohnehin: eine hohe Wahrscheinlichkeit ist kein Grund, "
        "jemanden anzusprechen.",
        "rare": "Wenige tun es in diesem Zeitraum: die Präzision bei der Kapazität lesen und was einen Bedarf weckt, "
        "nicht den Anteil richtiger Antworten.",
    },
}
NEXT_UPGRADE: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "title": "Neste oppgradering",
        "pair": "På testtidspunktet setter {kind} en kunde som oppgraderer, foran en som blir på planen sin, i "
        "{auc:share1} av alle par",
        "top": "Av de {capacity} kundene med høyest sannsynlighet oppgraderte {precision:share}. Det er "
        "{recall:share} av alle som oppgraderte.",
        "stood": "{customers} kunder, {base_rate:share1} oppgraderte",
        "rare": "Få gjør det med denne horisonten: les presisjonen ved kapasiteten og hva som utløser et behov, ikke "
        "andelen riktige svar.",
    },
    "nn": {
        "title": "Neste oppgradering",
        "pair": "På testtidspunktet set {kind} ein kunde som oppgraderer, framfor ein som blir på planen sin, i "
        "{auc:share1} av alle par",
        "top": "Av dei {capacity} kundane med høgast sannsyn oppgraderte {precision:share}. Det er {recall:share} av "
        "alle som oppgraderte.",
        "stood": "{customers} kundar, {base_rate:share1} oppgraderte",
        "rare": "Få gjer det med denne horisonten: les presisjonen ved kapasiteten og kva som utløyser eit behov, "
        "ikkje delen rette svar.",
    },
    "sv": {
        "title": "Nästa uppgradering",
        "pair": "Vid testtillfället sätter {kind} en kund som uppgraderar före en som stannar på sin plan i "
        "{auc:share1} av alla par",
        "top": "Av de {capacity} kunderna med högst sannolikhet uppgraderade {precision:share}. Det är {recall:share} "
        "av alla som uppgraderade.",
        "stood": "{customers} kunder, {base_rate:share1} uppgraderade",
        "rare": "Få gör det med denna horisont: läs precisionen vid kapaciteten och vad som väcker ett behov, inte "
        "andelen rätta svar.",
    },
    "en": {
        "title": "Next upgrade",
        "pair": "At the test cut the {kind} ranks a growing customer above a staying one in {auc:share1} of pairs",
        "top": "Of the {capacity} customers with the highest probability {precision:share} upgraded, which is "
        "{recall:share} of all who upgraded.",
        "stood": "{customers} customers, {base_rate:share1} upgraded",
        "rare": "Few do so at this horizon: read precision at capacity and what brings a need up, not accuracy.",
    },
    "de": {
        "title": "Nächste Erweiterung",
        "pair": "Am Teststichtag stellt {kind} in {auc:share1} aller Paare einen Kunden, der erweitert, vor einen, "
        "der bei seinem Tarif bleibt",
        "top": "Von den {capacity} Kunden mit der höchsten Wahrscheinlichkeit erweiterten {precision:share}. Das sind "
        "{recall:share} aller, die erweiterten.",
        "stood": "{customers} Kunden, {base_rate:share1} erweiterten",
        "rare": "Wenige tun es in diesem Zeitraum: die Präzision bei der Kapazität lesen und was einen Bedarf weckt, "
        "nicht den Anteil richtiger Antworten.",
    },
}
NEXT_SERVICE: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "title": "Neste tjeneste",
        "pair": "På testtidspunktet setter {kind} en kunde som bestiller en tjeneste, foran en som ikke gjør det, i "
        "{auc:share1} av alle par",
        "top": "Av de {capacity} kundene med høyest sannsynlighet bestilte {precision:share} en tjeneste. Det er "
        "{recall:share} av alle som bestilte en tjeneste.",
        "stood": "{customers} kunder, {base_rate:share1} bestilte en tjeneste",
        "rare": "Få gjør det med denne horisonten: les presisjonen ved kapasiteten og hva som utløser et behov, ikke "
        "andelen riktige svar.",
    },
    "nn": {
        "title": "Neste teneste",
        "pair": "På testtidspunktet set {kind} ein kunde som bestiller ei teneste, framfor ein som ikkje gjer det, i "
        "{auc:share1} av alle par",
        "top": "Av dei {capacity} kundane med høgast sannsyn bestilte {precision:share} ei teneste. Det er "
        "{recall:share} av alle som bestilte ei teneste.",
        "stood": "{customers} kundar, {base_rate:share1} bestilte ei teneste",
        "rare": "Få gjer det med denne horisonten: les presisjonen ved kapasiteten og kva som utløyser eit behov, "
        "ikkje delen rette svar.",
    },
    "sv": {
        "title": "Nästa tjänst",
        "pair": "Vid testtillfället sätter {kind} en kund som beställer en tjänst före en som inte gör det i "
        "{auc:share1} av alla par",
        "top": "Av de {capacity} kunderna med högst sannolikhet beställde {precision:share} en tjänst. Det är "
        "{recall:share} av alla som beställde en tjänst.",
        "stood": "{customers} kunder, {base_rate:share1} beställde en tjänst",
        "rare": "Få gör det med denna horisont: läs precisionen vid kapaciteten och vad som väcker ett behov, inte "
        "andelen rätta svar.",
    },
    "en": {
        "title": "Next service",
        "pair": "At the test cut the {kind} ranks a customer wanting a service above a content one in {auc:share1} of "
        "pairs",
        "top": "Of the {capacity} customers with the highest probability {precision:share} took a service, which is "
        "{recall:share} of all who took a service.",
        "stood": "{customers} customers, {base_rate:share1} took a service",
        "rare": "Few do so at this horizon: read precision at capacity and what brings a need up, not accuracy.",
    },
    "de": {
        "title": "Nächste Dienstleistung",
        "pair": "Am Teststichtag stellt {kind} in {auc:share1} aller Paare einen Kunden, der eine Dienstleistung "
        "bestellt, vor einen, der keine bestellt",
        "top": "Von den {capacity} Kunden mit der höchsten Wahrscheinlichkeit bestellten {precision:share} eine "
        "Dienstleistung. Das sind {recall:share} aller, die eine bestellten.",
        "stood": "{customers} Kunden, {base_rate:share1} bestellten eine Dienstleistung",
        "rare": "Wenige tun es in diesem Zeitraum: die Präzision bei der Kapazität lesen und was einen Bedarf weckt, "
        "nicht den Anteil richtiger Antworten.",
    },
}
