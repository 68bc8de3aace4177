"""The words of a model card: a row each, in nb, nn, sv, en and de."""

from collections.abc import Mapping
from typing import Final

from predict.feature import LANGUAGES

_ROWS: Final[Mapping[str, tuple[str, str, str, str, str]]] = {
    "card.title": (
        "Modellkort: {title}", "Modellkort: {title}", "Modellkort: {title}", "Model card: {title}",
        (
            "Modellkarte: {title}"
        )
        ),
    "card.rule": (
        "Ikke en modell: en dokumentert regel, fordi det var for lite å lære av.",
        "Ikkje ein modell: ein dokumentert regel, fordi det var for lite å lære av.",
        "Ingen modell: en dokumenterad regel, eftersom det fanns för lite att lära av.",
        "Not a model: a documented rule, because there was too little to learn from.",
        "Kein Modell: eine dokumentierte Regel, weil es zu wenig zum Lernen gab.",
    ),
    "never.decide": (
        (
            "Til å avgjøre noe om et menneske uten et menneske (artikkel 22): en skår er et forslag til noen som kan "
            "overprøve det."
        ),
        (
            "Til å avgjere noko om eit menneske utan eit menneske (artikkel 22): ein skår er eit framlegg til nokon "
            "som kan overprøve det."
        ),
        (
            "För att avgöra något om en människa utan en människa (artikel 22): en poäng är ett förslag till någon "
            "som kan åsidosätta det."
        ),
        (
            "To decide about a person without a person (Article 22): a score is a suggestion to somebody who may "
            "override it."
        ),
        (
            "Um über einen Menschen ohne einen Menschen zu entscheiden (Artikel 22): eine Bewertung ist ein "
            "Vorschlag, den jemand verwerfen kann."
        ),
    ),
    "never.prohibited": (
        "Til bruk som formålet forbyr.", "Til bruk som føremålet forbyr.", "För användning som ändamålet förbjuder.",
        "For the uses that the purpose prohibits.", "Für Nutzungen, die der Zweck verbietet.",
    ),
    "never.others": (
        "På kunder som visningen ikke gir ut, eller etter at visningen er endret.",
        "På kundar som visinga ikkje gjev ut, eller etter at visinga er endra.",
        "På kunder som vyn inte lämnar ut, eller efter att vyn har ändrats.",
        "On customers whom its view does not release, or after its view changed.",
        "Bei Kunden, die seine Sicht nicht freigibt, oder nachdem sich die Sicht geändert hat.",
    ),
    "considered.segments": (
        "Tall per gruppe viser om grupper behandles likt; grupper på færre enn 30 telles, men bedømmes ikke.",
        "Tal per gruppe viser om grupper vert handsama likt; grupper på færre enn 30 vert talde, men ikkje dømde.",
        "Tal per grupp visar om grupper behandlas lika; grupper på färre än 30 räknas men bedöms inte.",
        "Figures by segment say whether groups are served alike; groups of fewer than 30 are counted, not judged.",
        "Zahlen je Gruppe zeigen, ob Gruppen gleich gut bedient werden; unter 30 wird gezählt, nicht geurteilt.",
    ),
    "considered.reasons": (
        "Grunner sier hva modellen la vekt på, ikke hvorfor en kunde gjør som hun gjør.",
        "Grunnar seier kva modellen la vekt på, ikkje kvifor ein kunde gjer som ho gjer.",
        "Skäl säger vad modellen vägde in, inte varför en kund gör som hon gör.",
        "Reasons say what the model weighed, not why a customer behaves so.",
        "Gründe sagen, was das Modell gewichtet hat, nicht warum ein Kunde so handelt.",
    ),
    "considered.columns": (
        "Hvilke kolonner som leses, og hvorfor hver trengs, står i godkjenningen av visningen.",
        "Kva kolonnar som vert lesne, og kvifor kvar trengst, står i godkjenninga av visinga.",
        "Vilka kolumner som läses och varför var och en behövs står i godkännandet av vyn.",
        "Which columns are read, and why each is needed, stands in the approval of the view.",
        "Welche Spalten gelesen werden und warum, steht in der Freigabe der Sicht.",
    ),
    "card.model_details": ("Om modellen", "Om modellen", "Om modellen", "Model details", "Über das Modell"),
    "card.intended_use": (
        "Hva den er til", "Kva han er til", "Vad den är till för", "Intended use", "Wofür es gedacht ist",
    ),
    "card.factors": ("Grupper som vises", "Grupper som vert viste", "Grupper som visas", "Factors", "Gezeigte Gruppen"),
    "card.metrics": ("Måltall", "Måltal", "Mått", "Metrics", "Kennzahlen"),
    "card.evaluation_data": ("Testdata", "Testdata", "Testdata", "Evaluation data", "Testdaten"),
    "card.training_data": (
        "Data den lærte av", "Data han lærte av", "Data den lärde sig av", "Training data", "Lerndaten",
    ),
    "card.quantitative_analyses": (
        "Tall for grupper og kilder", "Tal for grupper og kjelder", "Tal för grupper och källor",
        "Quantitative analyses", "Zahlen zu Gruppen und Quellen",
    ),
    "card.ethical_considerations": (
        (
            "Etiske hensyn", "Etiske omsyn", "Etiska hänsyn", "Ethical considerations", "Ethische Überlegungen"
        )
        ),
    "card.caveats": ("Forbehold", "Atterhald", "Förbehåll", "Caveats", "Vorbehalte"),
    "card.module": ("modul", "modul", "modul", "module", "Modul"),
    "card.kind": ("slag", "slag", "slag", "kind", "Art"),
    "card.not_a_model": ("ikke en modell", "ikkje ein modell", "ingen modell", "not a model", "kein Modell"),
    "card.libraries": ("programbibliotek", "programbibliotek", "programbibliotek", "libraries", "Bibliotheken"),
    "card.seed": ("startverdi", "startverdi", "startvärde", "seed", "Startwert"),
    "card.model_id": ("modellens id", "modell-id", "modellens id", "model id", "Modell-ID"),
    "card.trained_at": ("lært opp", "lært opp", "tränad", "trained at", "trainiert am"),
    "card.cadence": ("ettersyn", "ettersyn", "tillsyn", "cadence", "Pflege"),
    "card.recalibrate_days": (
        "dager mellom kalibreringer", "dagar mellom kalibreringar", "dagar mellan kalibreringar",
        "days between recalibrations", "Tage zwischen Kalibrierungen",
    ),
    "card.retrain_days": (
        "dager mellom opplæringer", "dagar mellom opplæringar", "dagar mellan träningar", "days between trainings",
        "Tage zwischen Trainings",
    ),
    "card.retrain_by": (
        "læres opp på nytt innen", "vert lært opp på nytt innan", "tränas om senast", "retrain by",
        "neu zu trainieren bis",
    ),
    "card.purpose": ("formål", "føremål", "ändamål", "purpose", "Zweck"),
    "card.legal_basis": ("rettslig grunnlag", "rettsleg grunnlag", "rättslig grund", "legal basis", "Rechtsgrundlage"),
    "card.horizon_days": (
        "horisont i dager", "horisont i dagar", "horisont i dagar", "horizon in days", "Zeitraum in Tagen",
    ),
    "card.never": ("aldri", "aldri", "aldrig", "never", "niemals"),
    "card.auc": ("AUC", "AUC", "AUC", "AUC", "AUC"),
    "card.brier": ("Brier-skår", "Brier-skår", "Brier-poäng", "Brier score", "Brier-Wert"),
    "card.of_base_rate": (
        "for grunnandelen", "for grunndelen", "för grundandelen", "of the base rate", "des Grundanteils",
    ),
    "card.average_precision": (
        "gjennomsnittlig presisjon", "gjennomsnittleg presisjon", "genomsnittlig precision", "average precision",
        "mittlere Präzision",
    ),
    "card.calibration_error": (
        "kalibreringsfeil", "kalibreringsfeil", "kalibreringsfel", "calibration error", "Kalibrierungsfehler",
    ),
    "card.precision_at_capacity": (
        "presisjon ved kapasiteten", "presisjon ved kapasiteten", "precision vid kapaciteten", "precision at capacity",
        "Präzision bei der Kapazität",
    ),
    "card.recall_at_capacity": (
        "andel funnet ved kapasiteten", "del funne ved kapasiteten", "andel funna vid kapaciteten",
        "recall at capacity",
        "Anteil gefunden bei der Kapazität",
    ),
    "card.capacity": ("kapasitet", "kapasitet", "kapacitet", "capacity", "Kapazität"),
    "card.customers": ("kunder", "kundar", "kunder", "customers", "Kunden"),
    "card.beside": ("til sammenlikning", "til samanlikning", "som jämförelse", "beside", "zum Vergleich"),
    "card.column": ("kolonne", "kolonne", "kolumn", "column", "Spalte"),
    "card.gain": ("gevinst", "vinst", "vinst", "gain", "Gewinn"),
    "card.split": ("deling", "deling", "uppdelning", "split", "Aufteilung"),
    "card.test_cut": ("testtidspunkt", "testtidspunkt", "testtillfälle", "test cut", "Teststichtag"),
    "card.base_rate": ("grunnandel", "grunndel", "grundandel", "base rate", "Grundanteil"),
    "card.view": ("visning", "vising", "vy", "view", "Sicht"),
    "card.view_version": (
        "visningens versjon", "versjon av visinga", "vyns version", "view version", "Version der Sicht",
    ),
    "card.rows": ("rader", "rader", "rader", "rows", "Zeilen"),
    "card.missing_signals": (
        "manglende signaler", "manglande signal", "signaler som saknas", "missing signals", "fehlende Signale",
    ),
    "card.readiness": (
        "er det nok å lære av", "er det nok å lære av", "finns det nog att lära av", "readiness",
        "reicht es zum Lernen",
    ),
    "card.grade": ("tillater", "tillèt", "tillåter", "allows", "erlaubt"),
    "card.findings": ("funn", "funn", "fynd", "findings", "Befunde"),
    "card.name": ("hva", "kva", "vad", "what", "was"),
    "card.light": ("lys", "lys", "ljus", "light", "Ampel"),
    "card.have": ("har", "har", "har", "have", "vorhanden"),
    "card.need": ("trenger", "treng", "behöver", "need", "nötig"),
    "card.advice": ("råd", "råd", "råd", "advice", "Rat"),
    "card.segments": ("grupper", "grupper", "grupper", "segments", "Gruppen"),
    "card.segment": ("kjennetegn", "kjenneteikn", "kännetecken", "segment", "Merkmal"),
    "card.level": ("gruppe", "gruppe", "grupp", "level", "Gruppe"),
    "card.outcomes": ("med utfallet", "med utfallet", "med utfallet", "with the outcome", "mit dem Ereignis"),
    "card.share": ("andel", "del", "andel", "share", "Anteil"),
    "card.foretold": ("forutsagt", "føresagt", "förutsagt", "foretold", "vorhergesagt"),
    "card.recall": ("andel funnet", "del funne", "andel funna", "recall", "Anteil gefunden"),
    "card.precision": ("presisjon", "presisjon", "precision", "precision", "Präzision"),
    "card.what_each_source_is_worth": (
        "hva hver kilde er verdt", "kva kvar kjelde er verd", "vad varje källa är värd", "what each source is worth",
        "was jede Quelle wert ist",
    ),
    "card.family": ("kilde", "kjelde", "källa", "source", "Quelle"),
    "card.columns": ("kolonner", "kolonnar", "kolumner", "columns", "Spalten"),
    "card.missing": ("mangler", "manglar", "saknas", "missing", "fehlt"),
    "card.auc_lost": (
        "AUC tapt uten den", "AUC tapt utan ho", "AUC förlorat utan den", "AUC lost without it",
        "ohne sie verlorene AUC",
    ),
    "card.of": ("av", "av", "av", "of", "von"),
    "card.importance": (
        "hva som påvirker skåren", "kva som påverkar skåren", "vad som påverkar poängen", "what moves the score",
        "was die Bewertung bewegt",
    ),
    "card.needs": ("behov", "behov", "behov", "needs", "Bedarf"),
    "card.trigger": ("hva som dukket opp", "kva som dukka opp", "vad som dök upp", "what came up", "was aufkam"),
    "card.rate": ("andel som hadde det", "del som hadde det", "andel som hade det", "rate", "Anteil mit Bedarf"),
    "card.untargeted": ("uten utvelgelse", "utan utval", "utan urval", "untargeted", "ungezielt"),
    "card.verdict": ("dom", "dom", "omdöme", "verdict", "Urteil"),
    "grade.model": ("modell", "modell", "modell", "model", "Modell"),
    "grade.rule, not a model": (
        "regel, ikke en modell", "regel, ikkje ein modell", "regel, ingen modell", "rule, not a model",
        "Regel, kein Modell",
    ),
    "grade.nothing": ("ingenting", "ingenting", "ingenting", "nothing", "nichts"),
    "basis.consent": ("samtykke", "samtykke", "samtycke", "consent", "Einwilligung"),
    "basis.contract": ("avtale", "avtale", "avtal", "contract", "Vertrag"),
    "basis.legal_obligation": (
        "rettslig plikt", "rettsleg plikt", "rättslig förpliktelse", "legal obligation", "rechtliche Verpflichtung",
    ),
    "basis.vital_interests": (
        "vitale interesser", "vitale interesser", "grundläggande intressen", "vital interests",
        "lebenswichtige Interessen",
    ),
    "basis.public_task": (
        "allmenn interesse", "ålmenn interesse", "allmänt intresse", "public task", "öffentliche Aufgabe",
    ),
    "basis.legitimate_interests": (
        "berettiget interesse", "rettkomen interesse", "berättigat intresse", "legitimate interests",
        "berechtigtes Interesse",
    ),
    "source.orders": ("bestillinger", "bestillingar", "beställningar", "orders", "Bestellungen"),
    "source.order_lines": ("ordrelinjer", "ordrelinjer", "orderrader", "order lines", "Bestellzeilen"),
    "source.payments": ("betalinger", "betalingar", "betalningar", "payments", "Zahlungen"),
    "source.subscriptions": ("abonnementer", "abonnement", "abonnemang", "subscriptions", "Abonnements"),
    "source.usage": ("bruk", "bruk", "användning", "usage", "Nutzung"),
    "source.tickets": ("saker", "saker", "ärenden", "tickets", "Anfragen"),
    "source.messages": ("meldinger", "meldingar", "meddelanden", "messages", "Nachrichten"),
    "source.feedback": ("tilbakemeldinger", "tilbakemeldingar", "återkoppling", "feedback", "Rückmeldungen"),
    "source.assets": ("maskiner", "maskiner", "maskiner", "machines", "Maschinen"),
    "source.asset_readings": (
        "måleravlesninger", "målaravlesingar", "mätaravläsningar", "machine readings", "Messwerte",
    ),
    "source.service_events": ("servicebesøk", "servicebesøk", "servicebesök", "service events", "Serviceeinsätze"),
    "source.campaign_contacts": (
        "kampanjekontakter", "kampanjekontaktar", "kampanjkontakter", "campaign contacts", "Kampagnenkontakte",
    ),
    "source.outcomes": ("resultater", "resultat", "resultat", "outcomes", "Ergebnisse"),
    "source.projects": ("prosjekter", "prosjekt", "projekt", "projects", "Projekte"),
    "source.journey_steps": (
        "steg på kundereisen", "steg på kundereisa", "steg i kundresan", "steps of the journey",
        "Schritte der Kundenreise",
    ),
    "source.account_team": ("kontaktpersoner", "kontaktpersonar", "kontaktpersoner", "account team", "Ansprechpartner"),
    "source.profiles": ("profiler", "profilar", "profiler", "profiles", "Profile"),
    "source.calendar": ("kalender", "kalender", "kalender", "calendar", "Kalender"),
    "source.context": ("omverden", "omverda", "omvärld", "context", "Umfeld"),
    "source.contacts": ("kontakter", "kontaktar", "kontakter", "contacts", "Kontakte"),
}  # fmt: skip
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    language: {key: texts[place] for key, texts in _ROWS.items()} for place, language in enumerate(LANGUAGES)
}
