"""Where the controller has its seat: its working days, its clock on the wall, and who hears complaints there.

Public holidays are those of the `holidays` library for the country and, where one is named, its part (a German Land).
Names and addresses of the supervisory authorities change now and then: the guide asks the DPO to look at their own.
"""

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from hub.errors import SettingsInvalid

_SUNDAY_BEFORE: Final = 6  # Saturday and Sunday, as date.isoweekday counts
_ZONES: Final[Mapping[str, str]] = {
    "NO": "Europe/Oslo",
    "SE": "Europe/Stockholm",
    "DK": "Europe/Copenhagen",
    "FI": "Europe/Helsinki",
    "IS": "Atlantic/Reykjavik",
    "DE": "Europe/Berlin",
}


@dataclass(frozen=True, slots=True)
class Authority:
    """A supervisory authority (Art. 51) by the name it has in its own country, and where it is reached."""

    name: str
    site: str


_AUTHORITIES: Final[Mapping[str, Authority]] = {
    "NO": Authority("Datatilsynet", "https://www.datatilsynet.no"),
    "DK": Authority("Datatilsynet", "https://www.datatilsynet.dk"),
    "SE": Authority("Integritetsskyddsmyndigheten (IMY)", "https://www.imy.se"),
    "FI": Authority("Tietosuojavaltuutetun toimisto", "https://tietosuoja.fi"),
    "IS": Authority("Persónuvernd", "https://www.personuvernd.is"),
    "DE": Authority("Die Landesbeauftragten für den Datenschutz", "https://www.datenschutzkonferenz-online.de"),
    "DE-BW": Authority("LfDI Baden-Württemberg", "https://www.baden-wuerttemberg.datenschutz.de"),
    "DE-BY": Authority("Bayerisches Landesamt für Datenschutzaufsicht", "https://www.lda.bayern.de"),
    "DE-BE": Authority("Berliner Beauftragte für Datenschutz", "https://www.datenschutz-berlin.de"),
    "DE-BB": Authority("LDA Brandenburg", "https://www.lda.brandenburg.de"),
    "DE-HB": Authority("LfDI Bremen", "https://www.datenschutz.bremen.de"),
    "DE-HH": Authority("Hamburgischer Beauftragter für Datenschutz", "https://datenschutz-hamburg.de"),
    "DE-HE": Authority("Hessischer Beauftragter für Datenschutz", "https://datenschutz.hessen.de"),
    "DE-MV": Authority("LfDI Mecklenburg-Vorpommern", "https://www.datenschutz-mv.de"),
    "DE-NI": Authority("LfD Niedersachsen", "https://www.lfd.niedersachsen.de"),
    "DE-NW": Authority("LDI Nordrhein-Westfalen", "https://www.ldi.nrw.de"),
    "DE-RP": Authority("LfDI Rheinland-Pfalz", "https://www.datenschutz.rlp.de"),
    "DE-SL": Authority("Unabhängiges Datenschutzzentrum Saarland", "https://www.datenschutz.saarland.de"),
    "DE-SN": Authority("Sächsische Datenschutzbeauftragte", "https://www.datenschutz.sachsen.de"),
    "DE-ST": Authority("LfD Sachsen-Anhalt", "https://datenschutz.sachsen-anhalt.de"),
    "DE-SH": Authority("ULD Schleswig-Holstein", "https://www.datenschutzzentrum.de"),
    "DE-TH": Authority("TLfDI Thüringen", "https://www.tlfdi.de"),
}


@dataclass(frozen=True, slots=True)
class Seat:
    """A country, and a part of it where holidays or the authority differ by part ("" where none is named)."""

    country: str
    part: str = ""

    def today(self, at: datetime) -> date:
        """Return the day that an instant falls on there."""
        return at.astimezone(self.time_zone).date()

    @property
    def time_zone(self) -> ZoneInfo:
        """Return the clock on the wall there."""
        return ZoneInfo(self.zone)

    @property
    def zone(self) -> str:
        """Name the clock on the wall there (IANA)."""
        return _ZONES[self.country]

    def is_working_day(self, day: date) -> bool:
        """Say whether a day is neither Saturday nor Sunday nor a public holiday there."""
        return day.isoweekday() < _SUNDAY_BEFORE and day not in _holidays(self.country, self.part)

    def holidays(self, years: Collection[int]) -> frozenset[date]:
        """Return the public holidays there in some years."""
        from holidays import country_holidays  # noqa: PLC0415 - as below

        return frozenset(country_holidays(self.country, subdiv=self.part or None, years=sorted(years)))

    @property
    def authority(self) -> Authority:
        """Return who hears complaints there (Art. 77)."""
        return _AUTHORITIES.get(f"{self.country}-{self.part}", _AUTHORITIES[self.country])


def seat_of(word: str) -> Seat:
    """Read VARDE_COUNTRY: `NO`, or with a part `DE-BY`.

    Raises:
        SettingsInvalid: the country or its part is not one that we know the holidays of.

    """
    country, _, part = word.upper().partition("-")
    if country not in _ZONES:
        known = ", ".join(sorted(_ZONES))
        raise SettingsInvalid("VARDE_COUNTRY", "it is no country that we know the law's days of", f"Use {known}")
    try:
        _holidays(country, part)
    except NotImplementedError:
        remedy = "Use the ISO 3166-2 code, as DE-BY for Bavaria, or the country alone"
        raise SettingsInvalid("VARDE_COUNTRY", "it is no part of that country", remedy) from None
    return Seat(country, part)


@lru_cache(maxsize=8)
def _holidays(country: str, part: str) -> Container[date]:
    from holidays import country_holidays  # noqa: PLC0415 - loading it takes 0.2 s, and few commands ask for a day

    return country_holidays(country, subdiv=part or None)
