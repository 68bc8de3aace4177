"""Critical and harmless sentences by other words than the lists, written before words that stand apart were looked for.

No word went into the lists from them, and no sentence was changed after it was measured. That an infinitive keeps its
particle beside it was seen on `critical_sentences.HARMLESS`; one harmless sentence here gains by it, too. The frames
(`predict/satisfaction/frames.txt`) were made with these in view.
"""

from typing import Final

UNSEEN: Final = {
    "leaving": {
        "nb": (
            "Abonnementet vårt sier vi herved opp.",
            "Skjer det en gang til, er vi ute herfra.",
            "Jeg vurderer sterkt å flytte hele porteføljen til en av konkurrentene deres.",
        ),
        "nn": (
            "Avtalen seier vi opp før sommaren.",
            "No pakkar vi saman og går til nokon andre.",
        ),
        "sv": (
            "Abonnemanget säger jag härmed upp.",
            "Händer det igen så går vi någon annanstans.",
            "Vi har redan begärt in offerter från era konkurrenter.",
        ),
        "en": (
            "Please consider this my notice of termination.",
            "We have started talking to your competitors.",
            "I cancelled the whole thing this morning, I've had it.",
            "One more week like this and we walk away.",
        ),
        "de": (
            "Hiermit kündigen wir Ihnen fristlos.",
            "Den Vertrag löse ich zum Monatsende auf.",
            "Beim nächsten Fehler sind wir weg.",
            "Wir wechseln zum Jahresende zu einem Mitbewerber.",
        ),
    },
    "safety": {
        "nb": (
            "Laderen ble så varm at bordplaten ble svart og det luktet svidd.",
            "Datteren min fikk strøm i seg da hun tok i lampen.",
            "Stigen knakk, og mannen min brakk armen.",
        ),
        "nn": (
            "Batteriet tok til å brenne midt på natta.",
            "Sonen min fekk straum gjennom handa av leidningen.",
        ),
        "sv": (
            "Batteriet började brinna mitt i natten.",
            "Min man bröt armen när stegen gick av.",
            "Barnet kunde ha kvävts av den lösa delen.",
        ),
        "en": (
            "The battery swelled up and burst into flames.",
            "My husband broke his wrist when the ladder gave way.",
            "The cable gave me a nasty shock.",
            "The toaster nearly set the kitchen alight.",
        ),
        "de": (
            "Der Akku fing mitten in der Nacht an zu brennen.",
            "Mein Mann hat sich beim Sturz von der Leiter den Arm gebrochen.",
            "Ich habe einen elektrischen Schlag bekommen.",
            "Aus der Steckdose sprühten Funken.",
        ),
    },
    "legal": {
        "nb": (
            "Saken er oversendt til Forbrukertilsynet og juristen min.",
            "Vi kommer til å ta dette til domstolene.",
        ),
        "nn": (
            "Me tek saka til domstolen.",
            "Juristen vår tek over herfrå.",
        ),
        "sv": (
            "Vår jurist tar över ärendet härifrån.",
            "Vi drar er inför rätta.",
        ),
        "en": (
            "You will be hearing from our legal counsel.",
            "I'm taking you to court over this.",
            "I have lodged a complaint with the ombudsman.",
        ),
        "de": (
            "Ich zeige Sie wegen Betrugs an.",
            "Die Sache habe ich meiner Anwältin übergeben.",
            "Wir reichen nächste Woche Klage ein.",
        ),
    },
}

UNSEEN_HARMLESS: Final = {
    "nb": (
        "Kan dere si meg opp til hvor mye jeg kan bestille?",
        "Vi flytter kontoret i juni, og trenger ny adresse på fakturaen.",
        "Strømmen gikk, så jeg fikk ikke svart i går.",
        "Serien brant seg fast hos barna, de elsker den.",
    ),
    "nn": (
        "Seier du frå når pakken er her?",
        "Me går gjerne gjennom avtalen på nytt saman med dykk.",
    ),
    "sv": (
        "Säg till när ni har fått upp sidan igen.",
        "Vi löser gärna upp till fem licenser till.",
        "Jag gick någon annanstans för lunch i dag.",
        "Barnen bryter av bitar av chokladen, den är god.",
    ),
    "en": (
        "I took the wrong bag to the counter, sorry.",
        "The price came as a shock, but the quality is great.",
        "Could you set up an account for my colleague?",
        "The meeting had to be cancelled, shall we take Monday?",
        "My old charger broke, so I bought yours and love it.",
    ),
    "de": (
        "Zeigen Sie mir bitte an, wann das Paket kommt.",
        "Können Sie die Rechnung einreichen und das Konto auffüllen?",
        "Der Schlag auf die Trommel klingt toll.",
        "Die Tablette löst sich gut auf.",
        "Wir sind im August weg und brauchen keine Lieferung.",
    ),
}
