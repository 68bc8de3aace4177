"""Made-up organisations for tests of matching: groups that share door and domain, chains, and records with slips.

Of groups more than there are owners' names (2,700) some have a name in common, and so a domain and a mailbox, which
real holders of a domain have not: to matching they look like a chain. Enterprises of one name in two such groups that
tell neither number, door nor telephone nobody can tell apart.

Numbers are drawn and given the check digit of the Norwegian register; no enterprise is meant.
"""

import numpy as np
import polars as pl
from stdnum.no import orgnr

_STARTS = ["Nord", "Berg", "Fjel", "Stran", "Hav", "Sko", "Lun", "Vik", "Da", "Elv", "So", "Ves", "Ytre", "Gam", "Sto"]
_MIDDLES = ["ha", "me", "ba", "sle", "bru", "ne", "ho", "vi", "li", "ta", "my", "od", "vo", "stu", "kva"]
_ENDS = ["Haugen", "Moen", "Bakken", "Sletta", "Brua", "Neset", "Holmen", "Viken", "Lia", "Tangen", "Myra", "Odden"]
_TRADES = ["Bygg", "Eiendom", "Transport", "Regnskap", "Maskin", "Elektro", "Handel", "Invest", "Data", "Mat"]
_STREETS = ["Storgata", "Industriveien", "Havnegata", "Verkstedveien", "Torget", "Kirkegata"]


def firms(groups: int, *, seed: int = 1) -> pl.DataFrame:
    """Return records of one to three enterprises a group: record, source, entity and attributes as delivered."""
    draw = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for group in range(groups):
        owner = f"{draw.choice(_STARTS)}{draw.choice(_MIDDLES)} {draw.choice(_ENDS)}"
        domain = owner.replace(" ", "").lower() + ".no" if draw.random() < 0.8 else None
        postcode = f"{int(draw.integers(1000, 9999))}"
        shared = {
            "domain": domain,
            "email": f"post@{domain}" if domain else None,
            "phone": f"2{int(draw.integers(10**6, 10**7 - 1)):07d}",
            "street": f"{draw.choice(_STREETS)} {int(draw.integers(1, 90))}",
            "postcode": postcode,
            "city": f"by {postcode[:2]}",
            "country": "NO",
        }
        for member, trade in enumerate(draw.choice(_TRADES, int(draw.integers(1, 4)), replace=False)):
            own = {
                "entity": 3 * group + member,
                "organisation_name": f"{owner} {trade} AS",
                "organisation_number": _number(draw),
            }
            sources = ("crm", "erp", "desk")[: 1 + int(draw.integers(3))]
            rows.extend(_slipped({"source": source} | own | shared, draw) for source in sources)
    return pl.DataFrame(rows, infer_schema_length=None).with_row_index("record")


def chains(count: int, *, seed: int = 1) -> pl.DataFrame:
    """Return records of chains, as of `firms`: two to eleven enterprises under a name, each with a door of its own."""
    draw = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for chain in range(count):
        brand = f"{draw.choice(_STARTS)}{draw.choice(_MIDDLES)} {draw.choice(_TRADES)}"
        shared = {"domain": f"kjede{chain}.no", "email": f"post@kjede{chain}.no", "country": "NO"}
        for shop in range(int(draw.integers(2, 12))):
            place = f" {draw.choice(_ENDS)}" if draw.random() < 0.5 else ""
            postcode = f"{int(draw.integers(1000, 9999))}"
            own = {
                "entity": 100 * chain + shop,
                "organisation_name": f"{brand}{place} AS",
                "organisation_number": _number(draw),
                "phone": f"2{int(draw.integers(10**6, 10**7 - 1)):07d}",
                "street": f"{draw.choice(_STREETS)} {int(draw.integers(1, 90))}",
                "postcode": postcode,
                "city": f"by {postcode[:2]}",
            }
            sources = ("crm", "erp", "desk")[: 1 + int(draw.integers(3))]
            rows.extend(_slipped({"source": source} | own | shared, draw) for source in sources)
    return pl.DataFrame(rows, infer_schema_length=None).with_row_index("record")


def _number(draw: np.random.Generator) -> str:
    """Draw until a check digit exists: of eleven sums one has none."""
    while True:
        front = f"9{int(draw.integers(0, 10**7)):07d}"
        found = [front + digit for digit in "0123456789" if orgnr.is_valid(front + digit)]
        if found:
            return found[0]


def _slipped(row: dict[str, object], draw: np.random.Generator) -> dict[str, object]:
    """Lose attributes, leave out the legal form or a space, and a letter of one name in six."""
    gaps = {"organisation_number": 0.4, "domain": 0.4, "email": 0.4, "phone": 0.3, "street": 0.25}
    kept = {name: None if draw.random() < gaps.get(name, 0.0) else value for name, value in row.items()}
    name = str(row["organisation_name"])
    name = name.removesuffix(" AS") if draw.random() < 0.3 else name
    name = name.replace(" ", "", 1) if draw.random() < 0.1 else name
    at = int(draw.integers(1, len(name)))
    return kept | {"organisation_name": name[:at] + name[at + 1 :] if draw.random() < 0.15 else name}


def worn(records: pl.DataFrame, *, seed: int = 1) -> pl.DataFrame:
    """Let time pass: some records say an old address, telephone or domain, a number with a slip, or half of a name."""
    draw = np.random.default_rng(seed)
    rows = records.height

    def some(share: float) -> pl.Series:
        return pl.Series(draw.random(rows) < share)

    def digits(count: int) -> pl.Series:
        return pl.Series(draw.integers(10 ** (count - 1), 10**count - 1, rows)).cast(pl.String)

    moved, renamed = some(0.08), some(0.05)
    slip = pl.concat_str(pl.col("organisation_number").str.head(7), digits(2))
    shorter = pl.col("organisation_name").str.extract(r"^(\S+ \S+)")
    site = pl.concat_str(pl.lit("firma"), digits(6), pl.lit(".no"))

    def instead(name: str, when: pl.Series, value: pl.Expr) -> pl.Expr:
        return pl.when(when & pl.col(name).is_not_null()).then(value).otherwise(pl.col(name)).alias(name)

    return records.with_columns(
        instead("street", moved, pl.concat_str(pl.lit("Nyveien "), digits(2))),
        instead("postcode", moved, digits(4)),
        instead("city", moved, pl.lit("en annen by")),
        instead("phone", some(0.08), pl.concat_str(pl.lit("3"), digits(7))),
        instead("domain", renamed, site),
        instead("email", renamed, pl.concat_str(pl.lit("post@"), site)),
        instead("organisation_number", some(0.03), slip),
        instead(
            "organisation_name",
            some(0.04) & records["organisation_name"].str.contains(" "),
            pl.coalesce(shorter, "organisation_name"),
        ),
    )  # fmt: skip - a table
