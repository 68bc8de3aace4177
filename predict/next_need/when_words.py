"""Why a customer is written to through a channel, in Norwegian (nb, nn), Swedish, English and German.

The places of `own` are: answered, contacts, by which channel; of the others, by which channel. A sentence states what
the customer can check, never a chance.
"""

from collections.abc import Mapping
from typing import Final

BY_CHANNEL: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {"email": "e-post", "letter": "brev", "sms": "SMS", "phone": "telefon"},
    "nn": {"email": "e-post", "letter": "brev", "sms": "SMS", "phone": "telefon"},
    "sv": {"email": "e-post", "letter": "brev", "sms": "sms", "phone": "telefon"},
    "en": {"email": "e-mail", "letter": "letter", "sms": "text message", "phone": "telephone"},
    "de": {"email": "E-Mail", "letter": "Brief", "sms": "SMS", "phone": "Telefon"},
}
WHEN_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "nb": {
        "own": "du svarte på {} av {} henvendelser via {}",
        "segment": "av kanalene som er åpne, svarer kunder som deg oftest via {}",
        "everybody": "av kanalene som er åpne, svarer kundene våre oftest via {}",
        "closed": "ingen kanal er åpen for dette nå",
    },
    "nn": {
        "own": "du svara på {} av {} førespurnader via {}",
        "segment": "av kanalane som er opne, svarar kundar som deg oftast via {}",
        "everybody": "av kanalane som er opne, svarar kundane våre oftast via {}",
        "closed": "ingen kanal er open for dette no",
    },
    "sv": {
        "own": "du svarade på {} av {} utskick via {}",
        "segment": "av de kanaler som är öppna svarar kunder som du oftast via {}",
        "everybody": "av de kanaler som är öppna svarar våra kunder oftast via {}",
        "closed": "ingen kanal är öppen för detta nu",
    },
    "en": {
        "own": "you answered {} of {} messages by {}",
        "segment": "of the channels that are open, customers like you answer most often by {}",
        "everybody": "of the channels that are open, our customers answer most often by {}",
        "closed": "no channel is open for this now",
    },
    "de": {
        "own": "Sie beantworteten {} von {} Nachrichten per {}",
        "segment": "unter den offenen Kanälen antworten Kunden wie Sie am häufigsten per {}",
        "everybody": "unter den offenen Kanälen antworten unsere Kunden am häufigsten per {}",
        "closed": "kein Kanal ist dafür jetzt offen",
    },
}
