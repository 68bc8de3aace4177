"""Sentences and headings of the report of a campaign: nb, nn, sv, en, de in this order."""

from collections.abc import Mapping
from typing import Final

OUTCOME_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "outcome.title": (
        "Vinn tilbake: kampanje",
        "Vinn tilbake: kampanje",
        "Vinn tillbaka: kampanj",
        "Win-back campaign",
        "Rückgewinnung: Kampagne",
    ),
    "outcome.base": (
        (
            "{won} av {contacted} som ble trukket ut til å bli skrevet til, kom tilbake, og {unasked} av {kept} "
            "som ble latt i fred."
        ),
        (
            "{won} av {contacted} som vart trekte ut til å bli skrivne til, kom tilbake, og {unasked} av {kept} "
            "som vart latne i fred."
        ),
        (
            "{won} av {contacted} som lottades till att bli tillskrivna kom tillbaka, och {unasked} av {kept} som "
            "lämnades i fred."
        ),
        "{won} of {contacted} who were drawn to be written to came back, {unasked} of {kept} who were left alone.",
        (
            "{won} von {contacted}, die zum Anschreiben ausgelost wurden, kamen zurück, und {unasked} von {kept}, "
            "die in Ruhe gelassen wurden."
        ),
    ),
    "outcome.more": (
        "{base} Flere kom tilbake på grunn av brevene: testen kan avsluttes.",
        "{base} Fleire kom tilbake på grunn av breva: testen kan avsluttast.",
        "{base} Fler kom tillbaka på grund av breven: testet kan avslutas.",
        "{base} More came back because of the letters: the test may be ended.",
        "{base} Mehr kamen wegen der Briefe zurück: der Test darf enden.",
    ),
    "outcome.fewer": (
        "{base} Færre kom tilbake på grunn av brevene: testen kan avsluttes.",
        "{base} Færre kom tilbake på grunn av breva: testen kan avsluttast.",
        "{base} Färre kom tillbaka på grund av breven: testet kan avslutas.",
        "{base} Fewer came back because of the letters: the test may be ended.",
        "{base} Weniger kamen wegen der Briefe zurück: der Test darf enden.",
    ),
    "outcome.unsure": (
        "{base} Det kan ikke sies ennå om brevene endret noe.",
        "{base} Det kan ikkje seiast enno om breva endra noko.",
        "{base} Det går inte att säga än om breven ändrade något.",
        "{base} That letters changed anything cannot be told yet.",
        "{base} Ob die Briefe etwas geändert haben, lässt sich noch nicht sagen.",
    ),
    "outcome.nothing": ("Ingenting ennå.", "Ingenting enno.", "Ingenting ännu.", "Nothing yet.", "Noch nichts."),
    "outcome.not_yet": ("ikke ennå", "ikkje enno", "inte ännu", "not yet", "noch nicht"),
    "outcome.within": (
        "{figure} ({low} til {high})",
        "{figure} ({low} til {high})",
        "{figure} ({low} till {high})",
        "{figure} ({low} to {high})",
        "{figure} ({low} bis {high})",
    ),
    "outcome.band": (
        "{low} til {high}: {standing} ({source})",
        "{low} til {high}: {standing} ({source})",
        "{low} till {high}: {standing} ({source})",
        "{low} to {high}: {standing} ({source})",
        "{low} bis {high}: {standing} ({source})",
    ),
    "outcome.picture": (
        "andel som kom tilbake, etter gruppe",
        "del som kom tilbake, etter gruppe",
        "andel som kom tillbaka, efter grupp",
        "share that came back, by arm",
        "Anteil derer, die zurückkamen, nach Gruppe",
    ),
    "arms.title": ("Grupper", "Grupper", "Grupper", "Arms", "Gruppen"),
    "arms.head": (
        "gruppe|trukket ut|av dem kan ikke lenger leses",
        "gruppe|trekte ut|av dei kan ikkje lenger lesast",
        "grupp|lottade|av dem får inte längre läsas",
        "arm|drawn|of them not to be read any more",
        "Gruppe|ausgelost|davon nicht mehr zu lesen",
    ),
    "kpis.title": ("Tall", "Tal", "Tal", "Figures", "Zahlen"),
    "kpis.head": (
        "tall|verdi (95 %)|n|bånd|formel",
        "tal|verdi (95 %)|n|band|formel",
        "tal|värde (95 %)|n|band|formel",
        "figure|value (95 %)|n|band|formula",
        "Zahl|Wert (95 %)|n|Band|Formel",
    ),
    "months.title": (
        "Etter måneden de sluttet",
        "Etter månaden dei slutta",
        "Efter månaden då de slutade",
        "By month of leaving",
        "Nach dem Monat des Weggangs",
    ),
    "months.head": (
        "sluttet|gruppe|kunder|kom tilbake|andel",
        "slutta|gruppe|kundar|kom tilbake|del",
        "slutade|grupp|kunder|kom tillbaka|andel",
        "left|arm|customers|returned|rate",
        "gegangen|Gruppe|Kunden|zurück|Anteil",
    ),
    "channels.title": ("Etter kanal", "Etter kanal", "Efter kanal", "By channel", "Nach Kanal"),
    "channels.head": (
        "kanal|kunder|siste kontakt|delt|utover dem som ble latt i fred",
        "kanal|kundar|siste kontakt|delt|utover dei som vart latne i fred",
        "kanal|kunder|sista kontakten|delat|utöver dem som lämnades i fred",
        "channel|customers|last touch|shared|beyond the hold-out",
        "Kanal|Kunden|letzter Kontakt|geteilt|über die Kontrollgruppe hinaus",
    ),
    "notes.title": ("Kort", "Kort", "Kort", "Card", "Karte"),
    "notes.head": ("hva|sagt", "kva|sagt", "vad|sagt", "what|said", "was|gesagt"),
    "notes.for": ("Til", "Til", "Till", "For", "Wofür"),
    "notes.for_said": (
        "å bedømme om det å skrive til tidligere kunder fikk tilbake noen som ikke ville ha kommet av seg selv.",
        "å døme om det å skrive til tidlegare kundar fekk tilbake nokon som ikkje ville ha kome av seg sjølv.",
        (
            "att bedöma om det att skriva till tidigare kunder fick tillbaka några som inte skulle ha kommit av "
            "sig själva."
        ),
        "judging whether writing to former customers brought any back who would not have come by themselves.",
        (
            "zu beurteilen, ob das Anschreiben früherer Kunden jemanden zurückbrachte, der nicht von selbst "
            "gekommen wäre."
        ),
    ),
    "notes.not_for": ("Ikke til", "Ikkje til", "Inte till", "Not for", "Wofür nicht"),
    "notes.not_for_said": (
        "å bedømme en kunde, eller hvem som skrev eller godkjente brev; ingen tall her er om én person.",
        "å døme ein kunde, eller kven som skreiv eller godkjende brev; ingen tal her er om éin person.",
        "att bedöma en kund, eller vem som skrev eller godkände brev; inget tal här gäller en enskild person.",
        "judging a customer, or who wrote or approved letters; no figure here is of one person.",
        "einen Kunden zu beurteilen, oder wer Briefe schrieb oder freigab; keine Zahl hier ist die eines Einzelnen.",
    ),
    "notes.how": ("Hvordan", "Korleis", "Hur", "How", "Wie"),
    "notes.how_said": (
        "kundene ble trukket ved lodd før noen ble skrevet til; de som kom tilbake, telles likt i begge grupper.",
        (
            "kundane vart trekte ved lodd før nokon vart skriven til; dei som kom tilbake, vert talde likt i "
            "begge grupper."
        ),
        "kunderna lottades innan någon fick brev; de som kom tillbaka räknas lika i båda grupperna.",
        "customers were drawn by lot before anybody was written to; returns of both arms are counted alike.",
        "die Kunden wurden ausgelost, bevor jemand angeschrieben wurde; Rückkehrer beider Gruppen zählen gleich.",
    ),
    "notes.unseen": ("Ikke sett", "Ikkje sett", "Inte sett", "Not seen", "Nicht gesehen"),
    "notes.unseen_said": (
        (
            "hva som ble av dem som sa nei eller ble slettet siden: de kan ikke leses, og teller som ikke kommet "
            "tilbake i gruppen de ble trukket til, så de nei som brev fører med seg, aldri får brevene til å se "
            "bedre ut. Kanaler er bokføring, grupper er bevis."
        ),
        (
            "kva som vart av dei som sa nei eller vart sletta sidan: dei kan ikkje lesast, og tel som ikkje komne "
            "tilbake i gruppa dei vart trekte til, så dei nei som brev fører med seg, aldri får breva til å sjå "
            "betre ut. Kanalar er bokføring, grupper er prov."
        ),
        (
            "vad det blev av dem som sade nej eller raderades sedan dess: de får inte läsas och räknas som inte "
            "återkomna i den grupp som de lottades till, så att de nej som brev för med sig aldrig får breven att "
            "se bättre ut. Kanaler är bokföring, grupper är bevis."
        ),
        (
            "what became of who said no or was erased since: they may not be read, and count as not returned in "
            "the arm that they were drawn into, so that the noes that letters bring never make letters look "
            "better. Channels are bookkeeping, arms are proof."
        ),
        (
            "was aus denen wurde, die seither nein sagten oder gelöscht wurden: sie dürfen nicht gelesen werden "
            "und zählen in ihrer Gruppe als nicht zurückgekehrt, damit die Nein, die Briefe mit sich bringen, die "
            "Briefe nie besser aussehen lassen. Kanäle sind Buchführung, Gruppen sind Beweis."
        ),
    ),
}
