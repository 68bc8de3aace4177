"""What reports of service and maintenance say, in nb, nn, sv, en and de."""

from collections.abc import Mapping
from typing import Final

SERVICE: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "title": "Kundeservice",
        "pair": "På testtidspunktet setter {kind} en kunde som tar kontakt, foran en som ikke gjør det, i "
        "{auc:share1} av alle par",
        "top": "Av de {capacity} kundene med høyest sannsynlighet ba {precision:share} om hjelp. Det er "
        "{recall:share} av alle som ba om hjelp.",
        "stood": "{customers} kunder, {base_rate:share1} ba om hjelp",
        "common": "De fleste kundene ber om hjelp innen denne horisonten: forbered temaer, ikke enkeltkunder.",
        "rare": "Få kunder ber om hjelp med denne horisonten: les presisjonen ved kapasiteten, ikke andelen riktige "
        "svar.",
        "warned.head": "varsler|riktige av dem|ved loddtrekning|kontakter funnet|dager på forhånd, median|30 dager"
        " før|45 dager|60 dager",
        "topics.title": "Hva kundene spør om",
        "topics.head": "tema|andel av alle saker",
        "topics.figure": "{gain:+.3f} nats per sak ({low:+.3f} til {high:+.3f}), {asked} saker",
        "topics.by_customer": "Temaet kan forutsies for hver kunde: {figure}; riktig i {right:share}, det vanligste "
        "temaet i {usual:share}.",
        "topics.nothing": "Ingenting viser hva en kunde vil spørre om: temaene er andeler av alle som spør ({figure}).",
    },
    "nn": {
        "title": "Kundeservice",
        "pair": "På testtidspunktet set {kind} ein kunde som tek kontakt, framfor ein som ikkje gjer det, i "
        "{auc:share1} av alle par",
        "top": "Av dei {capacity} kundane med høgast sannsyn bad {precision:share} om hjelp. Det er {recall:share} av "
        "alle som bad om hjelp.",
        "stood": "{customers} kundar, {base_rate:share1} bad om hjelp",
        "common": "Dei fleste kundane bed om hjelp innan denne horisonten: førebu tema, ikkje enkeltkundar.",
        "rare": "Få kundar bed om hjelp med denne horisonten: les presisjonen ved kapasiteten, ikkje delen rette svar.",
        "warned.head": "varsel|rette av dei|ved loddtrekking|kontaktar funne|dagar på førehand, median|30 dagar "
        "før|45 dagar|60 dagar",
        "topics.title": "Kva kundane spør om",
        "topics.head": "tema|del av alle saker",
        "topics.figure": "{gain:+.3f} nats per sak ({low:+.3f} til {high:+.3f}), {asked} saker",
        "topics.by_customer": "Temaet kan føreseiast for kvar kunde: {figure}; rett i {right:share}, det vanlegaste "
        "temaet i {usual:share}.",
        "topics.nothing": "Ingenting viser kva ein kunde vil spørje om: tema er delar av alle som spør ({figure}).",
    },
    "sv": {
        "title": "Kundservice",
        "pair": "Vid testtillfället sätter {kind} en kund som hör av sig före en som inte gör det i {auc:share1} av "
        "alla par",
        "top": "Av de {capacity} kunderna med högst sannolikhet bad {precision:share} om hjälp. Det är {recall:share} "
        "av alla som bad om hjälp.",
        "stood": "{customers} kunder, {base_rate:share1} bad om hjälp",
        "common": "De flesta kunder ber om hjälp inom denna horisont: förbered ämnen, inte enskilda kunder.",
        "rare": "Få kunder ber om hjälp med denna horisont: läs precisionen vid kapaciteten, inte andelen rätta svar.",
        "warned.head": "varningar|rätta av dem|vid lottning|kontakter funna|dagar i förväg, median|30 dagar "
        "före|45 dagar|60 dagar",
        "topics.title": "Vad kunderna frågar om",
        "topics.head": "ämne|andel av alla ärenden",
        "topics.figure": "{gain:+.3f} nats per ärende ({low:+.3f} till {high:+.3f}), {asked} ärenden",
        "topics.by_customer": "Ämnet kan förutsägas för varje kund: {figure}; rätt i {right:share}, det vanligaste "
        "ämnet i {usual:share}.",
        "topics.nothing": "Ingenting visar vad en kund kommer att fråga om: ämnena är andelar av alla som frågar "
        "({figure}).",
    },
    "en": {
        "title": "Customer service",
        "pair": "At the test cut the {kind} ranks a calling customer above a silent one in {auc:share1} of pairs",
        "top": "Of the {capacity} customers with the highest probability {precision:share} asked for help, which is "
        "{recall:share} of all who asked for help.",
        "stood": "{customers} customers, {base_rate:share1} asked for help",
        "common": "Most customers ask for help within this horizon: prepare for topics, not for single customers.",
        "rare": "Few customers ask for help at this horizon: read precision at capacity, not accuracy.",
        "warned.head": "alerts|of them right|by lot|contacts found|days ahead, median|30 days ahead|45 days|60 days",
        "topics.title": "What customers ask about",
        "topics.head": "topic|share of all cases",
        "topics.figure": "{gain:+.3f} nats a case ({low:+.3f} to {high:+.3f}), {asked} cases",
        "topics.by_customer": "The topic is told by customer: {figure}; right in {right:share}, the most frequent one "
        "in {usual:share}.",
        "topics.nothing": "Nothing tells what a customer will ask about: topics are shares among all who ask "
        "({figure}).",
    },
    "de": {
        "title": "Kundenservice",
        "pair": "Am Teststichtag stellt {kind} in {auc:share1} aller Paare einen Kunden, der sich meldet, vor einen, "
        "der es nicht tut",
        "top": "Von den {capacity} Kunden mit der höchsten Wahrscheinlichkeit baten {precision:share} um Hilfe. Das "
        "sind {recall:share} aller, die um Hilfe baten.",
        "stood": "{customers} Kunden, {base_rate:share1} baten um Hilfe",
        "common": "Die meisten Kunden bitten in diesem Zeitraum um Hilfe: Themen vorbereiten, nicht einzelne Kunden.",
        "rare": "Wenige Kunden bitten in diesem Zeitraum um Hilfe: die Präzision bei der Kapazität lesen, nicht den "
        "Anteil richtiger Antworten.",
        "warned.head": "Warnungen|davon richtig|nach Los|Anfragen gefunden|Tage im Voraus, Median|30 Tage "
        "vorher|45 Tage|60 Tage",
        "topics.title": "Wonach Kunden fragen",
        "topics.head": "Thema|Anteil aller Anfragen",
        "topics.figure": "{gain:+.3f} Nats je Anfrage ({low:+.3f} bis {high:+.3f}), {asked} Anfragen",
        "topics.by_customer": "Das Thema lässt sich je Kunde vorhersagen: {figure}; richtig in {right:share}, das "
        "häufigste in {usual:share}.",
        "topics.nothing": "Nichts verrät, wonach ein Kunde fragen wird: Themen sind Anteile unter allen, die fragen "
        "({figure}).",
    },
}
MAINTENANCE: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "title": "Vedlikehold",
        "pair": "På testtidspunktet setter {kind} en maskin som svikter, foran en som virker, i {auc:share1} av alle "
        "par",
        "top": "Av de {capacity} maskinene med høyest sannsynlighet ble {precision:share} reparert. Det er "
        "{recall:share} av alle som ble reparert.",
        "stood": "{customers} maskiner, {base_rate:share1} ble reparert",
        "common": "De fleste maskinene repareres innen denne horisonten: planlegg service for alle.",
        "rare": "Få maskiner svikter med denne horisonten: les presisjonen til varslene, ikke andelen riktige svar.",
        "served.head": "gruppe|maskiner|ble reparert|forutsagt|andel funnet|presisjon",
        "warned.title": "Varsler måned for måned, hver maskin én gang om gangen",
        "warned.head": "varsler|riktige av dem|ved loddtrekning|reparasjoner funnet|dager på forhånd, median|30 dager"
        " før|45 dager|60 dager",
        "remark.uneven": "Blant maskiner der {segment:segment} er {level:level}, blir færre av dem som går i stykker,"
        " funnet, {recall:span}, enn blant alle, {all:share}.",
        "lifted.across": "andel av maskinene, de mest sannsynlige først",
        "fall.usual": "den vanlige maskinen: {chance:share}",
        "fall.invented": "den oppdiktede maskinen: {chance:share}",
        "fall.caption": "En oppdiktet maskin: den vanlige, med det som øker sannsynligheten mest. Bidrag i log-odds.",
    },
    "nn": {
        "title": "Vedlikehald",
        "pair": "På testtidspunktet set {kind} ein maskin som sviktar, framfor ein som verkar, i {auc:share1} av alle "
        "par",
        "top": "Av dei {capacity} maskinane med høgast sannsyn vart {precision:share} reparerte. Det er "
        "{recall:share} av alle som vart reparerte.",
        "stood": "{customers} maskiner, {base_rate:share1} vart reparerte",
        "common": "Dei fleste maskinane vert reparerte innan denne horisonten: planlegg service for alle.",
        "rare": "Få maskiner sviktar med denne horisonten: les presisjonen til varsla, ikkje delen rette svar.",
        "served.head": "gruppe|maskiner|vart reparerte|føresagt|del funne|presisjon",
        "warned.title": "Varsel månad for månad, kvar maskin éin gong om gongen",
        "warned.head": "varsel|rette av dei|ved loddtrekking|reparasjonar funne|dagar på førehand, median|30 dagar "
        "før|45 dagar|60 dagar",
        "remark.uneven": "Blant maskiner der {segment:segment} er {level:level}, vert færre av dei som går sund, "
        "funne, {recall:span}, enn blant alle, {all:share}.",
        "lifted.across": "del av maskinane, dei mest sannsynlege først",
        "fall.usual": "den vanlege maskinen: {chance:share}",
        "fall.invented": "den oppdikta maskinen: {chance:share}",
        "fall.caption": "Ein oppdikta maskin: den vanlege, med det som aukar sannsynet mest. Bidrag i log-odds.",
    },
    "sv": {
        "title": "Underhåll",
        "pair": "Vid testtillfället sätter {kind} en maskin som går sönder före en som fungerar i {auc:share1} av "
        "alla par",
        "top": "Av de {capacity} maskinerna med högst sannolikhet reparerades {precision:share}. Det är "
        "{recall:share} av alla som reparerades.",
        "stood": "{customers} maskiner, {base_rate:share1} reparerades",
        "common": "De flesta maskiner repareras inom denna horisont: planera service för alla.",
        "rare": "Få maskiner går sönder med denna horisont: läs varningarnas precision, inte andelen rätta svar.",
        "served.head": "grupp|maskiner|reparerades|förutsagt|andel funna|precision",
        "warned.title": "Varningar månad för månad, varje maskin en gång åt gången",
        "warned.head": "varningar|rätta av dem|vid lottning|reparationer funna|dagar i förväg, median|30 dagar "
        "före|45 dagar|60 dagar",
        "remark.uneven": "Bland maskiner där {segment:segment} är {level:level} hittas färre av dem som går sönder, "
        "{recall:span}, än bland alla, {all:share}.",
        "lifted.across": "andel av maskinerna, de mest sannolika först",
        "fall.usual": "den vanliga maskinen: {chance:share}",
        "fall.invented": "den påhittade maskinen: {chance:share}",
        "fall.caption": "En påhittad maskin: den vanliga, med det som höjer sannolikheten mest. Bidrag i log-odds.",
    },
    "en": {
        "title": "Maintenance",
        "pair": "At the test cut the {kind} ranks a failing machine above a working one in {auc:share1} of pairs",
        "top": "Of the {capacity} machines with the highest probability {precision:share} were repaired, which is "
        "{recall:share} of all who were repaired.",
        "stood": "{customers} machines, {base_rate:share1} were repaired",
        "common": "Most machines are repaired within this horizon: plan a service for all of them.",
        "rare": "Few machines fail within this horizon: read the alerts' precision, not accuracy.",
        "served.head": "segment|machines|were repaired|foretold|recall|precision",
        "warned.title": "Alerts month by month, each machine once a spell",
        "warned.head": "alerts|of them right|by lot|repairs found|days ahead, median|30 days ahead|45 days|60 days",
        "remark.uneven": "Among machines whose {segment:segment} is {level:level}, fewer of those that fail are "
        "found, {recall:span}, than among all, {all:share}.",
        "lifted.across": "share of machines, the likeliest first",
        "fall.usual": "the usual machine: {chance:share}",
        "fall.invented": "the invented machine: {chance:share}",
        "fall.caption": "An invented machine: the usual one, with what raises the chance most. Parts in log-odds.",
    },
    "de": {
        "title": "Wartung",
        "pair": "Am Teststichtag stellt {kind} in {auc:share1} aller Paare eine Maschine, die ausfällt, vor eine, die "
        "läuft",
        "top": "Von den {capacity} Maschinen mit der höchsten Wahrscheinlichkeit wurden {precision:share} repariert. "
        "Das sind {recall:share} aller, die repariert wurden.",
        "stood": "{customers} Maschinen, {base_rate:share1} wurden repariert",
        "common": "Die meisten Maschinen werden in diesem Zeitraum repariert: eine Wartung für alle planen.",
        "rare": "Wenige Maschinen fallen in diesem Zeitraum aus: die Präzision der Warnungen lesen, nicht den "
        "Anteil richtiger Antworten.",
        "served.head": "Gruppe|Maschinen|repariert|vorhergesagt|Anteil gefunden|Präzision",
        "warned.title": "Warnungen Monat für Monat, jede Maschine einmal je Phase",
        "warned.head": "Warnungen|davon richtig|nach Los|Reparaturen gefunden|Tage im Voraus, Median|30 Tage "
        "vorher|45 Tage|60 Tage",
        "remark.uneven": "Unter Maschinen, bei denen {segment:segment} {level:level} ist, werden weniger Ausfälle "
        "gefunden, {recall:span}, als unter allen, {all:share}.",
        "lifted.across": "Anteil der Maschinen, die wahrscheinlichsten zuerst",
        "fall.usual": "die übliche Maschine: {chance:share}",
        "fall.invented": "die erfundene Maschine: {chance:share}",
        "fall.caption": "Eine erfundene Maschine: die übliche mit dem, was die Wahrscheinlichkeit am meisten hebt. "
        "Beiträge in Log-Odds.",
    },
}
