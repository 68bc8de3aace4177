"""Specs and models are read strictly; Splink's weights are the model's; nothing goes to a disk."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from ingest.errors import SpecInvalid
from ingest.match import scorer
from ingest.match.candidates import LARGEST_BLOCK
from ingest.match.form import comparable_people
from ingest.match.model import Model, read, written
from ingest.match.pooled import Pool, rare, rarity_of
from ingest.match.rarity import LEAST_CARRIERS, Usual, rarities, usual_shares
from ingest.match.scorer import Weights, as_levels, levels_of, weights_of
from ingest.match.spec import Spec, read_spec, spec_of

PERSON = read_spec("person")
PAIRS = pl.DataFrame({"left": [0, 0, 1], "right": [1, 2, 2]}, schema={"left": pl.UInt32, "right": pl.UInt32})


def untrained(spec: Spec) -> Model:
    shares = {each.name: each for each in spec.comparisons}
    return Model(
        kind=spec.kind,
        spec_version=spec.version,
        records=3,
        match_share=0.01,
        m={name: each.m for name, each in shares.items()},
        u={name: each.u for name, each in shares.items()},
        look_alikes=(),
    )


@pytest.fixture(scope="module")
def three() -> pl.DataFrame:
    rows = [
        {
            "given_name": "Kari",
            "family_name": "Berg",
            "birth_date": "1980-04-03",
            "street": "Storgata 5",
            "postcode": "0150",
        },
        {
            "given_name": "Kari",
            "family_name": "Bergh",
            "birth_date": "1980-04-08",
            "street": "Storgt 5",
            "postcode": "0150",
        },
        {"given_name": "Berg", "family_name": "Kari", "birth_date": None, "street": None, "postcode": "0150"},
    ]
    return comparable_people(pl.DataFrame(rows).with_row_index("record").with_columns(source=pl.lit("crm")))


def test_levels_are_those_that_the_spec_says(three: pl.DataFrame) -> None:
    told = levels_of(three, PAIRS, PERSON.comparisons)
    words = {
        name: [
            next(each for each in PERSON.comparisons if each.name == name).words[level]
            for level in told[f"level_{name}"]
        ]
        for name in ("given", "family", "birth", "address", "email")
    }
    assert words == {
        "given": ["same", "given and family name swapped", "different"],
        "family": ["nearly the same", "given and family name swapped", "different"],
        "birth": ["one sign apart", "absent", "absent"],
        "address": ["same door", "same postcode", "same postcode"],
        "email": ["absent", "absent", "absent"],
    }


def weighed_pairs(records: pl.DataFrame, model: Model) -> pl.DataFrame:
    levels, weights = told_of(records, PAIRS, model)
    return levels.with_columns(pl.Series(name, values) for name, values in weights.items())


def told_of(records: pl.DataFrame, pairs: pl.DataFrame, model: Model) -> tuple[pl.DataFrame, dict[str, Weights]]:
    levels = levels_of(records, pairs, PERSON.comparisons)
    rare = {name: told.to_numpy() for name, told in rarities(records, usual_shares(PERSON, model)).items()}
    return levels, weights_of(as_levels(levels, model.names), PERSON, model, rare)


def test_weights_are_the_logarithms_of_the_models_shares(three: pl.DataFrame) -> None:
    model = untrained(PERSON)
    told = weighed_pairs(three, model)
    for name in model.names:
        by_level = np.append(np.log2(model.m[name] / model.u[name]), 0.0)
        assert told[f"weight_{name}"].to_list() == pytest.approx(
            by_level[told[f"level_{name}"].to_numpy()].tolist(), abs=1e-5
        )


def rarity_among(kin: int, others: int) -> tuple[float, float]:
    """Return by how much being rare lifts the weight of a name that some carry, and how common names usually are."""
    names = ["Kari"] * kin + [f"Navn{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(others)]
    frame = pl.DataFrame({"given_name": names}).with_row_index("record").with_columns(source=pl.lit("crm"))
    pair = pl.DataFrame({"left": [0], "right": [1]}).cast(pl.UInt32)
    _, told = told_of(comparable_people(frame), pair, untrained(PERSON))
    return float(told["rarity_given"][0]), next(each for each in PERSON.comparisons if each.name == "given").u[-1]


def test_a_common_value_weighs_less_than_a_rare_one() -> None:
    lift, usual = rarity_among(LEAST_CARRIERS + 5, 5)
    share = (LEAST_CARRIERS + 5 + 1000 * usual) / (LEAST_CARRIERS + 10 + 1000)  # a thousand usual ones counted in
    assert lift == pytest.approx(np.log2(usual / share), abs=1e-4)
    assert lift < 0


@pytest.mark.parametrize("kin", [2, LEAST_CARRIERS - 1])
def test_what_few_carry_is_never_more_common_than_usual(kin: int) -> None:
    """They may all be one: among ten records a number of two is no common number; a name of two may be common."""
    frame = pl.DataFrame({"number": ["4711"] * kin + [str(n) for n in range(5)]})
    assert rarities(frame, {"number": Usual(1e-5)})["number"][0] == pytest.approx(-np.log2(1e-5))
    assert rarity_among(kin, 5)[0] < 0
    assert rarity_among(2, 600)[0] > 0, "rarer than usual stays rarer"


def test_a_name_that_two_share_may_be_that_of_two() -> None:
    """Ten customers do not show how common a name is; alone it says no more in a small home than among a thousand."""
    usual = Usual(0.002)
    assert rarity_of(None, 6, 3.0, usual) == pytest.approx(-np.log2((3 + 2) / 1006))
    values = pl.Series(["kari", "kari", "ola"])
    pool = Pool(pl.DataFrame(schema={"value": pl.String, "len": pl.UInt32}), 2, 3)
    assert rare(values, pool, usual).max() < -np.log2(usual.share)


def test_nobody_is_common_to_deliveries_either() -> None:
    usual = Usual(0.00001)
    assert rarity_of(None, 6, 3.0, usual) == pytest.approx(-np.log2(usual.share))
    assert rarity_of(LEAST_CARRIERS, 6, 3.0, usual) == pytest.approx(-np.log2((LEAST_CARRIERS + 0.01) / 1006))


@pytest.mark.parametrize("sharers", [LARGEST_BLOCK, LARGEST_BLOCK + 1])
def test_a_door_weighs_what_the_model_says_until_a_crowd_has_it(sharers: int) -> None:
    doors = [("Storgata 5", "0150")] * sharers + [("Elveveien 2", "0151")] * 2
    rows = [{"street": street, "postcode": postcode} for street, postcode in doors]
    named = pl.DataFrame(rows).with_row_index("record").with_columns(source=pl.lit("crm"), given_name=pl.lit("Kari"))
    model, records = untrained(PERSON), comparable_people(named)
    pairs = pl.DataFrame({"left": [0, sharers], "right": [1, sharers + 1]}).cast(pl.UInt32)
    _, told = told_of(records, pairs, model)
    usual = next(each for each in PERSON.comparisons if each.name == "address").u[-1]
    common = np.log2(usual / ((sharers + 1000 * usual) / (sharers + 2 + 1000)))
    assert told["rarity_address"][0] == (pytest.approx(common, abs=1e-4) if sharers > LARGEST_BLOCK else 0)
    assert told["rarity_address"][1] == 0
    assert told["weight_address"][0] == told["weight_address"][1] > 0


def test_nothing_but_numbers_comes_back_from_the_scorer(three: pl.DataFrame) -> None:
    assert all(kind.is_numeric() for kind in weighed_pairs(three, untrained(PERSON)).schema.dtypes())


def test_the_database_lives_in_memory_and_has_nowhere_to_spill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with scorer.connected() as connection:
        settings = dict(
            connection.execute(
                "SELECT name, value FROM duckdb_settings() WHERE name IN ('temp_directory', 'max_memory')"
            ).fetchall()
        )
        assert connection.execute("SELECT path FROM duckdb_databases() WHERE NOT internal").fetchall() == [(None,)]
    assert settings["temp_directory"] == ""
    assert settings["max_memory"].endswith(("GiB", "MiB", "GB", "MB"))
    assert list(tmp_path.iterdir()) == []


def test_a_model_survives_writing_and_reading() -> None:
    text = written(untrained(PERSON), {"rounds": 1})
    assert written(read(text, PERSON), {"rounds": 1}) == text


def changed(**changes: Any) -> str:
    return json.dumps(json.loads(written(untrained(PERSON), {})) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        "{}",
        changed(form=99),
        changed(kind="organisation"),
        changed(comparisons={"given": {"m": [0.5, 0.5], "u": [0.5, 0.5]}}),
        changed(comparisons={"shoes": {"m": [0.5, 0.5], "u": [0.5, 0.5]}}),
        *(changed(alone={"given": most}) for most in (-1, 10**9, 2.5, True, "3")),
    ],
)
def test_what_is_no_model_of_this_spec_is_refused(text: str) -> None:
    with pytest.raises(SpecInvalid):
        read(text, PERSON)


def document() -> dict[str, Any]:
    return yaml.safe_load(  # type: ignore[no-any-return]  # a document of ours: its shape is what is tested
        """
        kind: person
        version: 1
        comparisons:
          - {name: given, absent: given_l IS NULL, levels: [{says: same, when: given_l = given_r, m: 0.9, u: 0.1}],
             otherwise: {m: 0.1, u: 0.9}}
        candidates: [[given]]
        """
    )


def test_shares_that_do_not_add_up_are_refused() -> None:
    wrong = document()
    wrong["comparisons"][0]["otherwise"]["m"] = 0.2
    with pytest.raises(SpecInvalid, match="given"):
        spec_of(wrong)


@pytest.mark.parametrize(
    "told",
    [
        {"rules": [{"name": "r", "equal": ["given"], "unless": ["shoes"]}]},
        {"confounders": [{"name": "c", "shares": {"shoes": "same"}, "by_frequency": True}]},
        {"crowds": ["shoes"]},
    ],
)
def test_a_comparison_that_nobody_has_is_refused(told: dict[str, Any]) -> None:
    assert spec_of(document()).names == ["given"]
    with pytest.raises(SpecInvalid):
        spec_of(document() | told)
