"""Made-up people for tests of matching: households that share what households share, and records with slips.

Every name and number is drawn from a seeded generator; nobody is meant.
"""

import numpy as np
import polars as pl

GIVEN = [
    "Kari",
    "Ola",
    "Anne",
    "Per",
    "Liv",
    "Jan",
    "Ingrid",
    "Lars",
    "Berit",
    "Nils",
    "Astrid",
    "Arne",
    "Sigrid",
    "Odd",
]
FAMILY = ["Hansen", "Berg", "Lund", "Dahl", "Moen", "Haugen", "Strand", "Solberg", "Bakke", "Vik", "Nygaard", "Aas"]
STREETS = ["Storgata", "Kirkeveien", "Skolegata", "Parkveien", "Fjordgata", "Elveveien"]


def people(households: int, *, seed: int = 1) -> pl.DataFrame:
    """Return records of persons who live two and two: record, source, entity and attributes as delivered."""
    draw = np.random.default_rng(seed)
    rows = []
    for household in range(households):
        family = f"{FAMILY[draw.integers(len(FAMILY))]}{'aeiou'[household % 5]}{'klmnrst'[household % 7]}"
        street, number = STREETS[draw.integers(len(STREETS))], int(draw.integers(1, 90))
        postcode, phone = f"{int(draw.integers(1000, 9999))}", f"4{int(draw.integers(10**6, 10**7 - 1)):07d}"
        for member, given in enumerate(draw.choice(GIVEN, 2, replace=False)):
            entity = 2 * household + member
            born = f"{1940 + int(draw.integers(60))}-{int(draw.integers(1, 13)):02d}-{int(draw.integers(1, 29)):02d}"
            mail = f"{given}.{family}{int(draw.integers(10, 99))}@example.no".lower()
            for source in ("crm", "shop", "desk")[: 1 + int(draw.integers(3))]:
                row = {"entity": entity, "source": source, "given_name": given, "family_name": family}
                row |= {"birth_date": born if draw.random() < 0.7 else None}
                row |= {"email": mail if draw.random() < 0.6 else None, "phone": phone if draw.random() < 0.6 else None}
                row |= {"street": f"{street} {number}", "postcode": postcode, "country": "NO"}
                rows.append(_slipped(row, draw))
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_row_index("record")


def _slipped(row: dict[str, object], draw: np.random.Generator) -> dict[str, object]:
    """Let one in five lose a letter of a name."""
    if draw.random() < 0.2:
        name = str(row["family_name"])
        at = int(draw.integers(1, len(name)))
        return row | {"family_name": name[:at] + name[at + 1 :]}
    return row
