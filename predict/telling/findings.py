"""What readiness says: its questions, its lights' advice, and the faults of sources; in nb, nn, sv, en and de."""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "readiness.title": "Er det nok å lære av?",
        "readiness.head": "hva|lys|har|trenger|råd",
        "readiness.allows": "Det tillater: {grade}.",
        "finding.customers": "kunder",
        "finding.machines": "maskiner",
        "finding.texts": "tekster",
        "finding.rarer outcome, to learn from": "sjeldneste utfall, å lære av",
        "finding.rarer outcome, to judge by": "sjeldneste utfall, å måle med",
        "finding.months of history": "måneder med historikk",
        "finding.months of history, to see a season twice": "måneder med historikk, for å se en sesong to ganger",
        "finding.missing signals": "manglende signaler",
        "finding.sources": "kilder",
        "finding.ranking by a plain model, lower bound of its AUC": "rekkefølge fra en enkel modell, nedre AUC-grense",
        "finding.rows that repeat another": "rader som gjentar en annen",
        "finding.days of the horizon, by the customers' own rhythm": "dager i horisonten, etter kundenes egen rytme",
        "advice.size": "koble til flere kilder eller vent: en modell trenger {least:,} {what:finding}",
        "advice.size_rule": "koble til flere kilder eller vent: en modell trenger {least:,} {what:finding}; til da "
        "står en regel i stedet",
        "advice.ideal": "{ideal:,} {what:finding} gjør tallene sikre; med færre er intervallene brede",
        "advice.labels": "samle lenger, legg til tidligere tidspunkter, eller velg en horisont der utfallet bare "
        "inntreffer for noen",
        "advice.history": "lever eldre eksporter: en kort fortid sier lite om de neste månedene",
        "advice.season": "en sesong som bare er sett én gang, kan ikke skilles fra en trend: sammenlikn med i fjor "
        "for hånd",
        "advice.signals": "ingen verdi, eller lik for alle: {missing}; lever kildene de lages av",
        "advice.ranking": "det som ble levert, viser ikke bedre enn loddtrekning hvem som får utfallet: kontroller "
        "at hendelser og utfall hører sammen; en modell som likevel treffer godt, leser framtiden",
        "advice.repeated": "en kunde kan stå der to ganger: kontroller nøkkelen, eller si at like rader er ment",
        "advice.few_texts": "med færre brukes bare ordlister og den medfølgende modellen: lever meldinger og "
        "godkjenn visningen av dem",
        "advice.more_texts": "temaene blir stabile, og egne karakterer lærer stemningen bedre",
        "advice.unfit": "ikke egnet å lære av: {rules} i en firedel av radene eller mer; en modell ville lært støy",
        "fault.exact_duplicate": "lever en nøkkel for raden, eller si at like rader er ment",
        "fault.blank_number": "lever ingenting der ingenting er kjent, ikke et tomt felt",
        "fault.overlapping_extract": "klipp uttrekkene ved ett tidspunkt, eller lever nøkler: det som står i begge, "
        "telles to ganger",
        "fault.no_customer": "oppgi numrene, eller utelat radene",
        "fault.below_zero": "tell returer atskilt fra kjøp",
        "fault.event_before_start": "kontroller hvilket tidspunkt kilden mener, og klokken dens: en avtale kan ikke "
        "brukes før den begynner",
        "fault.event_after_end": "avslutt i kilden det som er slutt, eller lever fornyelsen",
        "fault.flag_without_event": "avgjør hvilket av de to kilden holder ved like, og lær av det",
        "fault.event_without_flag": "avgjør hvilket av de to kilden holder ved like, og lær av det",
    },
    "nn": {
        "readiness.title": "Er det nok å lære av?",
        "readiness.head": "kva|lys|har|treng|råd",
        "readiness.allows": "Det tillèt: {grade}.",
        "finding.customers": "kundar",
        "finding.machines": "maskiner",
        "finding.texts": "tekstar",
        "finding.rarer outcome, to learn from": "sjeldnaste utfall, å lære av",
        "finding.rarer outcome, to judge by": "sjeldnaste utfall, å måle med",
        "finding.months of history": "månader med historikk",
        "finding.months of history, to see a season twice": "månader med historikk, for å sjå ein sesong to gonger",
        "finding.missing signals": "manglande signal",
        "finding.sources": "kjelder",
        "finding.ranking by a plain model, lower bound of its AUC": "rekkjefølgje frå ein enkel modell, nedre "
        "AUC-grense",
        "finding.rows that repeat another": "rader som tek opp att ei anna",
        "finding.days of the horizon, by the customers' own rhythm": "dagar i horisonten, etter eigen rytme",
        "advice.size": "kople til fleire kjelder eller vent: ein modell treng {least:,} {what:finding}",
        "advice.size_rule": "kople til fleire kjelder eller vent: ein modell treng {least:,} {what:finding}; til då "
        "står ein regel i staden",
        "advice.ideal": "{ideal:,} {what:finding} gjer tala sikre; med færre er intervalla breie",
        "advice.labels": "samle lenger, legg til tidlegare tidspunkt, eller vel ein horisont der utfallet berre kjem "
        "for nokre",
        "advice.history": "lever eldre eksportar: ei kort fortid seier lite om dei neste månadene",
        "advice.season": "ein sesong som berre er sett éin gong, kan ikkje skiljast frå ein trend: samanlikn med i "
        "fjor for hand",
        "advice.signals": "ingen verdi, eller lik for alle: {missing}; lever kjeldene dei vert laga av",
        "advice.ranking": "det som vart levert, viser ikkje betre enn loddtrekking kven som får utfallet: kontroller "
        "at hendingar og utfall høyrer saman; ein modell som likevel treffer godt, les framtida",
        "advice.repeated": "ein kunde kan stå der to gonger: kontroller nøkkelen, eller sei at like rader er meinte",
        "advice.few_texts": "med færre vert berre ordlister og den medfølgjande modellen brukte: lever meldingar og "
        "godkjenn visinga av dei",
        "advice.more_texts": "tema vert stabile, og eigne karakterar lærer stemninga betre",
        "advice.unfit": "ikkje eigna å lære av: {rules} i ein firedel av radene eller meir; ein modell ville lært støy",
        "fault.exact_duplicate": "lever ein nøkkel for rada, eller sei at like rader er meinte",
        "fault.blank_number": "lever ingenting der ingenting er kjent, ikkje eit tomt felt",
        "fault.overlapping_extract": "klipp uttrekka ved eitt tidspunkt, eller lever nøklar: det som står i begge, "
        "vert talt to gonger",
        "fault.no_customer": "oppgje numra, eller utelat radene",
        "fault.below_zero": "tel returar skilt frå kjøp",
        "fault.event_before_start": "kontroller kva tidspunkt kjelda meiner, og klokka hennar: ein avtale kan ikkje "
        "brukast før han byrjar",
        "fault.event_after_end": "avslutt i kjelda det som er slutt, eller lever fornyinga",
        "fault.flag_without_event": "avgjer kva for ein av dei to kjelda held ved like, og lær av den",
        "fault.event_without_flag": "avgjer kva for ein av dei to kjelda held ved like, og lær av den",
    },
    "sv": {
        "readiness.title": "Finns det tillräckligt att lära av?",
        "readiness.head": "vad|ljus|har|behöver|råd",
        "readiness.allows": "Det tillåter: {grade}.",
        "finding.customers": "kunder",
        "finding.machines": "maskiner",
        "finding.texts": "texter",
        "finding.rarer outcome, to learn from": "ovanligare utfall, att lära av",
        "finding.rarer outcome, to judge by": "ovanligare utfall, att mäta med",
        "finding.months of history": "månaders historik",
        "finding.months of history, to see a season twice": "månaders historik, för att se en säsong två gånger",
        "finding.missing signals": "signaler som saknas",
        "finding.sources": "källor",
        "finding.ranking by a plain model, lower bound of its AUC": "rangordning av en enkel modell, nedre gräns för "
        "AUC",
        "finding.rows that repeat another": "rader som upprepar en annan",
        "finding.days of the horizon, by the customers' own rhythm": "dagar i horisonten, efter kundernas egen rytm",
        "advice.size": "anslut fler källor eller vänta: en modell behöver {least:,} {what:finding}",
        "advice.size_rule": "anslut fler källor eller vänta: en modell behöver {least:,} {what:finding}; tills dess "
        "står en regel i stället",
        "advice.ideal": "{ideal:,} {what:finding} gör talen säkra; med färre är intervallen breda",
        "advice.labels": "samla längre, lägg till tidigare tillfällen, eller välj en horisont där utfallet bara "
        "inträffar för några",
        "advice.history": "leverera äldre exporter: ett kort förflutet säger lite om de närmaste månaderna",
        "advice.season": "en säsong som bara setts en gång kan inte skiljas från en trend: jämför med i fjol för hand",
        "advice.signals": "inget värde, eller samma för alla: {missing}; leverera källorna som de görs av",
        "advice.ranking": "det som levererades visar inte bättre än lottning vem som får utfallet: kontrollera att "
        "händelser och utfall hör ihop; en modell som ändå träffar väl läser framtiden",
        "advice.repeated": "en kund kan stå där två gånger: kontrollera nyckeln, eller säg att lika rader är avsedda",
        "advice.few_texts": "med färre används bara ordlistor och den medföljande modellen: leverera meddelanden och "
        "godkänn vyn av dem",
        "advice.more_texts": "ämnena blir stabila, och egna betyg lär ut stämningen bättre",
        "advice.unfit": "inte lämpat att lära av: {rules} i en fjärdedel av raderna eller mer; en modell skulle lära "
        "sig brus",
        "fault.exact_duplicate": "leverera en nyckel för raden, eller säg att lika rader är avsedda",
        "fault.blank_number": "leverera ingenting där ingenting är känt, inte ett tomt fält",
        "fault.overlapping_extract": "klipp uttagen vid ett tillfälle, eller leverera nycklar: det som står i båda "
        "räknas två gånger",
        "fault.no_customer": "ange numren, eller utelämna raderna",
        "fault.below_zero": "räkna returer för sig, skilt från köp",
        "fault.event_before_start": "kontrollera vilken tidpunkt källan menar, och dess klocka: ett avtal kan inte "
        "användas innan det börjar",
        "fault.event_after_end": "avsluta i källan det som är slut, eller leverera förnyelsen",
        "fault.flag_without_event": "avgör vilket av de två källan håller aktuellt, och lär av det",
        "fault.event_without_flag": "avgör vilket av de två källan håller aktuellt, och lär av det",
    },
    "en": {
        "readiness.title": "Is there enough to learn from?",
        "readiness.head": "what|light|have|need|advice",
        "readiness.allows": "It allows: {grade}.",
        "finding.customers": "customers",
        "finding.machines": "machines",
        "finding.texts": "texts",
        "finding.rarer outcome, to learn from": "rarer outcome, to learn from",
        "finding.rarer outcome, to judge by": "rarer outcome, to judge by",
        "finding.months of history": "months of history",
        "finding.months of history, to see a season twice": "months of history, to see a season twice",
        "finding.missing signals": "missing signals",
        "finding.sources": "sources",
        "finding.ranking by a plain model, lower bound of its AUC": "ranking by a plain model, lower bound of its AUC",
        "finding.rows that repeat another": "rows that repeat another",
        "finding.days of the horizon, by the customers' own rhythm": "days of the horizon, by the customers' own "
        "rhythm",
        "advice.size": "connect more sources or wait: a model needs {least:,} {what:finding}",
        "advice.size_rule": "connect more sources or wait: a model needs {least:,} {what:finding}; until then a rule "
        "score stands in for it",
        "advice.ideal": "{ideal:,} {what:finding} make the figures sure; with fewer the intervals are wide",
        "advice.labels": "collect longer, add earlier cuts, or choose a horizon at which the outcome comes about for "
        "some only",
        "advice.history": "deliver older exports: a short past says little about the next months",
        "advice.season": "a season that was seen once cannot be told from a trend: compare with last year by hand",
        "advice.signals": "no value, or one for all, of: {missing}; deliver the sources that they are made from",
        "advice.ranking": "what was delivered tells who has the outcome no better than drawing lots: check that "
        "events and outcomes belong together; a model that ranks well on such rows reads the future",
        "advice.repeated": "a customer may stand there twice: check the key, or say that equal rows are meant",
        "advice.few_texts": "with fewer, lists and the shipped model speak alone: deliver messages and approve the "
        "view of them",
        "advice.more_texts": "topics get stable, and own scores teach sentiment better",
        "advice.unfit": "not fit to learn from: {rules} in a quarter of the rows or more; a model would learn noise",
        "fault.exact_duplicate": "deliver a key of the row, or say that equal rows are meant",
        "fault.blank_number": "deliver nothing where nothing is known, not a blank",
        "fault.overlapping_extract": "cut extracts at one instant, or deliver keys: what stands in both would count "
        "twice",
        "fault.no_customer": "supply the numbers, or leave them out",
        "fault.below_zero": "count returns apart from purchases",
        "fault.event_before_start": "check which instant the source means, and its clock: a contract cannot be used "
        "before it begins",
        "fault.event_after_end": "end what has ended in the source, or deliver the renewal",
        "fault.flag_without_event": "settle which of the two the source keeps up, and learn from that one",
        "fault.event_without_flag": "settle which of the two the source keeps up, and learn from that one",
    },
    "de": {
        "readiness.title": "Reicht es zum Lernen?",
        "readiness.head": "was|Ampel|vorhanden|nötig|Rat",
        "readiness.allows": "Das erlaubt: {grade}.",
        "finding.customers": "Kunden",
        "finding.machines": "Maschinen",
        "finding.texts": "Texte",
        "finding.rarer outcome, to learn from": "seltenerer Ausgang, zum Lernen",
        "finding.rarer outcome, to judge by": "seltenerer Ausgang, zum Messen",
        "finding.months of history": "Monate Vorgeschichte",
        "finding.months of history, to see a season twice": "Monate Vorgeschichte, um eine Saison zweimal zu sehen",
        "finding.missing signals": "fehlende Signale",
        "finding.sources": "Quellen",
        "finding.ranking by a plain model, lower bound of its AUC": "Rangfolge eines einfachen Modells, untere "
        "AUC-Grenze",
        "finding.rows that repeat another": "Zeilen, die eine andere wiederholen",
        "finding.days of the horizon, by the customers' own rhythm": "Tage des Zeitraums, nach dem Rhythmus der Kunden",
        "advice.size": "mehr Quellen anschließen oder warten: ein Modell braucht {least:,} {what:finding}",
        "advice.size_rule": "mehr Quellen anschließen oder warten: ein Modell braucht {least:,} {what:finding}; bis "
        "dahin steht eine Regel an seiner Stelle",
        "advice.ideal": "{ideal:,} {what:finding} machen die Zahlen sicher; mit weniger sind die Intervalle breit",
        "advice.labels": "länger sammeln, frühere Stichtage hinzunehmen oder einen Zeitraum wählen, in dem das "
        "Ereignis nur bei einigen eintritt",
        "advice.history": "ältere Exporte liefern: eine kurze Vergangenheit sagt wenig über die nächsten Monate",
        "advice.season": "eine einmal gesehene Saison ist von einem Trend nicht zu unterscheiden: von Hand mit dem "
        "Vorjahr vergleichen",
        "advice.signals": "kein Wert, oder bei allen gleich: {missing}; die Quellen liefern, aus denen sie entstehen",
        "advice.ranking": "das Gelieferte zeigt nicht besser als das Los, bei wem das Ereignis eintritt: prüfen, ob "
        "Vorgänge und Ausgänge zusammengehören; ein Modell, das dennoch gut trifft, liest die Zukunft",
        "advice.repeated": "ein Kunde steht vielleicht zweimal da: den Schlüssel prüfen oder sagen, dass gleiche "
        "Zeilen gewollt sind",
        "advice.few_texts": "mit weniger sprechen nur Wortlisten und das mitgelieferte Modell: Nachrichten liefern "
        "und die Sicht darauf freigeben",
        "advice.more_texts": "Themen werden beständig, und eigene Noten lehren die Stimmung besser",
        "advice.unfit": "zum Lernen nicht geeignet: {rules} in mindestens einem Viertel der Zeilen; ein Modell "
        "lernte Rauschen",
        "fault.exact_duplicate": "einen Schlüssel der Zeile liefern oder sagen, dass gleiche Zeilen gewollt sind",
        "fault.blank_number": "nichts liefern, wo nichts bekannt ist, kein leeres Feld",
        "fault.overlapping_extract": "Auszüge an einem Zeitpunkt schneiden oder Schlüssel liefern: was in beiden "
        "steht, zählt doppelt",
        "fault.no_customer": "die Nummern angeben oder die Zeilen weglassen",
        "fault.below_zero": "Rückgaben getrennt von Käufen zählen",
        "fault.event_before_start": "prüfen, welchen Zeitpunkt die Quelle meint und wie ihre Uhr geht: ein Vertrag "
        "kann nicht vor seinem Beginn genutzt werden",
        "fault.event_after_end": "in der Quelle beenden, was beendet ist, oder die Verlängerung liefern",
        "fault.flag_without_event": "klären, welches von beiden die Quelle pflegt, und daran lernen",
        "fault.event_without_flag": "klären, welches von beiden die Quelle pflegt, und daran lernen",
    },
}
