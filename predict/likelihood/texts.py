"""The sentences of reasons in Norwegian (nb, nn), Swedish, English and German.

They state facts that the customer can check and an employee can say aloud: never a risk, a score or a guess at
motives. `{value}` and `{usual}` are formatted figures with their unit.
"""

from collections.abc import Mapping

PLAIN: Mapping[str, Mapping[str, str]] = {
    "nb": {
        "above": "{label}: {value}, mer enn det vanlige ({usual})",
        "below": "{label}: {value}, mindre enn det vanlige ({usual})",
        "same": "{label}: {value}",
        "missing": "ingenting registrert om «{label}»",
    },
    "nn": {
        "above": "{label}: {value}, meir enn det vanlege ({usual})",
        "below": "{label}: {value}, mindre enn det vanlege ({usual})",
        "same": "{label}: {value}",
        "missing": "ingenting registrert om «{label}»",
    },
    "sv": {
        "above": "{label}: {value}, mer än det vanliga ({usual})",
        "below": "{label}: {value}, mindre än det vanliga ({usual})",
        "same": "{label}: {value}",
        "missing": "inget registrerat om ”{label}”",
    },
    "en": {
        "above": "{label}: {value}, more than is usual ({usual})",
        "below": "{label}: {value}, less than is usual ({usual})",
        "same": "{label}: {value}",
        "missing": "nothing on record about “{label}”",
    },
    "de": {
        "above": "{label}: {value}, mehr als üblich ({usual})",
        "below": "{label}: {value}, weniger als üblich ({usual})",
        "same": "{label}: {value}",
        "missing": "nichts verzeichnet zu „{label}“",
    },
}

# per language and activity: {value} is a number of days with its noun, {usual} an "every ..." phrase
RHYTHM: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "order": {
            "overdue": "har ikke bestilt på {value}; bestiller vanligvis {usual}",
            "rare": "bestiller sjelden: {value}",
            "quiet": "har ikke bestilt på {value}",
            "missing": "vi har ikke registrert noen bestilling",
        },
        "login": {
            "overdue": "har ikke logget inn på {value}; logger vanligvis inn {usual}",
            "rare": "logger sjelden inn: {value}",
            "quiet": "har ikke logget inn på {value}",
            "missing": "vi har ikke registrert noen innlogging",
        },
        "service": {
            "overdue": "har ikke hatt service på {value}; har vanligvis service {usual}",
            "rare": "har sjelden service: {value}",
            "quiet": "har ikke hatt service på {value}",
            "missing": "vi har ikke registrert noen service",
        },
        "any": {
            "overdue": "har ikke vært aktiv på {value}; er vanligvis aktiv {usual}",
            "rare": "er sjelden aktiv: {value}",
            "quiet": "har ikke vært aktiv på {value}",
            "missing": "vi har ikke registrert noen aktivitet",
        },
    },
    "nn": {
        "order": {
            "overdue": "har ikkje bestilt på {value}; bestiller vanlegvis {usual}",
            "rare": "bestiller sjeldan: {value}",
            "quiet": "har ikkje bestilt på {value}",
            "missing": "vi har ikkje registrert noka bestilling",
        },
        "login": {
            "overdue": "har ikkje logga inn på {value}; loggar vanlegvis inn {usual}",
            "rare": "loggar sjeldan inn: {value}",
            "quiet": "har ikkje logga inn på {value}",
            "missing": "vi har ikkje registrert noka innlogging",
        },
        "service": {
            "overdue": "har ikkje hatt service på {value}; har vanlegvis service {usual}",
            "rare": "har sjeldan service: {value}",
            "quiet": "har ikkje hatt service på {value}",
            "missing": "vi har ikkje registrert nokon service",
        },
        "any": {
            "overdue": "har ikkje vore aktiv på {value}; er vanlegvis aktiv {usual}",
            "rare": "er sjeldan aktiv: {value}",
            "quiet": "har ikkje vore aktiv på {value}",
            "missing": "vi har ikkje registrert nokon aktivitet",
        },
    },
    "sv": {
        "order": {
            "overdue": "har inte beställt på {value}; beställer vanligtvis {usual}",
            "rare": "beställer sällan: {value}",
            "quiet": "har inte beställt på {value}",
            "missing": "vi har ingen beställning registrerad",
        },
        "login": {
            "overdue": "har inte loggat in på {value}; loggar vanligtvis in {usual}",
            "rare": "loggar sällan in: {value}",
            "quiet": "har inte loggat in på {value}",
            "missing": "vi har ingen inloggning registrerad",
        },
        "service": {
            "overdue": "har inte haft service på {value}; har vanligtvis service {usual}",
            "rare": "har sällan service: {value}",
            "quiet": "har inte haft service på {value}",
            "missing": "vi har ingen service registrerad",
        },
        "any": {
            "overdue": "har inte varit aktiv på {value}; är vanligtvis aktiv {usual}",
            "rare": "är sällan aktiv: {value}",
            "quiet": "har inte varit aktiv på {value}",
            "missing": "vi har ingen aktivitet registrerad",
        },
    },
    "en": {
        "order": {
            "overdue": "has not ordered for {value}; usually orders {usual}",
            "rare": "seldom orders: {value}",
            "quiet": "has not ordered for {value}",
            "missing": "we have no record of an order",
        },
        "login": {
            "overdue": "has not logged in for {value}; usually logs in {usual}",
            "rare": "seldom logs in: {value}",
            "quiet": "has not logged in for {value}",
            "missing": "we have no record of a login",
        },
        "service": {
            "overdue": "has not been serviced for {value}; is usually serviced {usual}",
            "rare": "is seldom serviced: {value}",
            "quiet": "has not been serviced for {value}",
            "missing": "we have no record of a service",
        },
        "any": {
            "overdue": "has not been active for {value}; is usually active {usual}",
            "rare": "is seldom active: {value}",
            "quiet": "has not been active for {value}",
            "missing": "we have no record of any activity",
        },
    },
    "de": {
        "order": {
            "overdue": "hat seit {value} nicht bestellt; bestellt üblicherweise {usual}",
            "rare": "bestellt selten: {value}",
            "quiet": "hat seit {value} nicht bestellt",
            "missing": "wir haben keine Bestellung verzeichnet",
        },
        "login": {
            "overdue": "hat sich seit {value} nicht angemeldet; meldet sich üblicherweise {usual} an",
            "rare": "meldet sich selten an: {value}",
            "quiet": "hat sich seit {value} nicht angemeldet",
            "missing": "wir haben keine Anmeldung verzeichnet",
        },
        "service": {
            "overdue": "wurde seit {value} nicht gewartet; wird üblicherweise {usual} gewartet",
            "rare": "wird selten gewartet: {value}",
            "quiet": "wurde seit {value} nicht gewartet",
            "missing": "wir haben keine Wartung verzeichnet",
        },
        "any": {
            "overdue": "war seit {value} nicht aktiv; ist üblicherweise {usual} aktiv",
            "rare": "ist selten aktiv: {value}",
            "quiet": "war seit {value} nicht aktiv",
            "missing": "wir haben keine Aktivität verzeichnet",
        },
    },
}

# one day, several days (dative in German: both stand after "seit"), every day, every so many days
DAYS: Mapping[str, tuple[str, str]] = {
    "nb": ("{n} dag", "{n} dager"),
    "nn": ("{n} dag", "{n} dagar"),
    "sv": ("{n} dag", "{n} dagar"),
    "en": ("{n} day", "{n} days"),
    "de": ("{n} Tag", "{n} Tagen"),
}
EVERY: Mapping[str, tuple[str, str]] = {
    "nb": ("hver dag", "med omtrent {n} dagers mellomrom"),
    "nn": ("kvar dag", "med om lag {n} dagars mellomrom"),
    "sv": ("varje dag", "med ungefär {n} dagars mellanrum"),
    "en": ("every day", "every {n} days"),
    "de": ("jeden Tag", "etwa alle {n} Tage"),
}
DECIMAL_POINT: Mapping[str, str] = {"nb": ",", "nn": ",", "sv": ",", "en": ".", "de": ","}
FLAGS: Mapping[str, tuple[str, str]] = {
    "nb": ("nei", "ja"),
    "nn": ("nei", "ja"),
    "sv": ("nej", "ja"),
    "en": ("no", "yes"),
    "de": ("nein", "ja"),
}
POOLED: Mapping[str, str] = {"nb": "annet", "nn": "anna", "sv": "annat", "en": "other", "de": "anderes"}
