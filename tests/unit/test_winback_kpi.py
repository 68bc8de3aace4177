import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.errors import FrameRefused, RuleRefused
from predict.evaluate import Interval
from predict.winback.attribution import attributed
from predict.winback.benchmark import Band, Standing, bands_of, standing
from predict.winback.intention import Unseen, by_intention, not_seen
from predict.winback.kpi import COLUMNS, Kpi, Window, cohorts, kpis

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = Window(at=START + timedelta(days=400))
INSTANT = pl.Datetime("us", "UTC")


def campaign(contact=(200, 40), kept=(100, 10), **changes):
    """`(customers, returned)` of each arm; the returned come back after 1, 2, 3 ... days."""
    rows = []
    for arm, (size, returned) in (("contact", contact), ("hold_out", kept)):
        for number in range(size):
            back = START + timedelta(days=1 + number) if number < returned else None
            rows.append(
                {
                    "pseudonym": f"{arm}{number:08d}".encode(),
                    "arm": arm,
                    "left_at": START - timedelta(days=30 + 40 * (number % 2)),
                    "started_at": START,
                    "written": arm == "contact",
                    "responded": number < 2 * returned and arm == "contact",
                    "returned_at": back,
                    "left_again_at": back + timedelta(days=100) if back and number % 4 == 0 else None,
                    "cost_minor": 500 if arm == "contact" else 0,
                    "value_minor": 20_000,
                }
                | changes
            )
    schema = {name: INSTANT if kind is pl.Datetime else kind for name, kind in COLUMNS.items()}
    return pl.DataFrame(rows, schema=schema)


def by_name(frame, window=WINDOW):
    return {one.name: one for one in kpis(frame, window)}


def test_every_figure_is_what_its_formula_says():
    found = by_name(campaign())
    figures = {name: one.figure.figure for name, one in found.items()}
    assert figures == pytest.approx(
        {
            "response_rate": 0.4,
            "win_back_rate": 0.2,
            "unasked_return_rate": 0.1,
            "win_back_uplift": 0.1,
            "win_back_ratio": 2.0,
            "recovered_clv_minor": 0.1 * 200 * 20_000,
            "campaign_roi": (400_000 - 100_000) / 100_000,
            "time_to_return_days": 20.5,
            "repeat_churn": 0.25,
        }
    )
    assert all(one.figure.low <= one.figure.figure <= one.figure.high for one in found.values())
    assert found["campaign_roi"].inputs["cost_minor"] == 100_000
    assert found["repeat_churn"].n == 40


def test_a_campaign_that_only_collects_those_who_come_anyway_recovers_nothing():
    found = by_name(campaign(contact=(200, 40), kept=(200, 40)))
    assert found["recovered_clv_minor"].figure.figure == 0
    assert found["campaign_roi"].figure.figure == -1
    assert found["campaign_roi"].figure.low < -1 < found["campaign_roi"].figure.high


@given(st.integers(0, 60), st.integers(0, 40))
def test_noes_that_letters_bring_never_make_letters_look_better(noes, written):
    """Of two campaigns that brought as many back, the one after which more said no is not the better one."""
    frame = campaign()
    quiet = frame.filter((pl.col("arm") == "contact") & pl.col("returned_at").is_null()).head(noes)
    rest = frame.join(quiet, on="pseudonym", how="anti")
    gone = Unseen(contact=noes, written=min(written, noes), cost_minor=7)
    found, told = by_name(by_intention(rest, gone, started_at=START)), by_name(frame)
    assert found["win_back_uplift"].figure == told["win_back_uplift"].figure
    assert found["win_back_rate"].n == told["win_back_rate"].n == 200
    assert by_name(rest)["win_back_uplift"].figure.figure >= found["win_back_uplift"].figure.figure, "what it mends"
    assert not_seen(by_intention(rest, gone, started_at=START)) == {"contact": noes, "hold_out": 0}
    assert found["response_rate"].n == 200 - noes + gone.written
    assert cohorts(by_intention(rest, gone, started_at=START), WINDOW).equals(cohorts(rest, WINDOW))


def test_the_future_is_not_seen_and_a_window_must_be_over():
    early = Window(at=START + timedelta(days=89))
    assert by_name(campaign(), early)["win_back_rate"].n == 0
    assert math.isnan(by_name(campaign(), early)["win_back_rate"].figure.figure)
    late = campaign().with_columns(pl.col("returned_at") + pl.duration(days=90))
    assert by_name(late)["win_back_rate"].figure.figure == 0
    on_time = Window(at=START + timedelta(days=90))
    assert by_name(campaign(), on_time)["win_back_rate"].figure.figure == 0.2
    assert by_name(campaign(), on_time)["repeat_churn"].n == 0


def test_what_cannot_be_said_is_null_outside_and_costs_of_nothing_have_no_return():
    told = by_name(campaign(cost_minor=0))["campaign_roi"].as_mapping()
    assert (told["figure"], told["low"]) == (None, None)


def test_cohorts_are_the_months_of_leaving():
    found = cohorts(campaign(), WINDOW)
    assert found.filter(pl.col("arm") == "contact")["customers"].to_list() == [100, 100]
    assert found["left_month"].n_unique() == 2
    assert found.filter(pl.col("arm") == "contact")["rate"].to_list() == pytest.approx([0.2, 0.2])


def test_channels_share_what_the_campaign_brought_about_and_no_more():
    frame = campaign()
    contacted = frame.filter(pl.col("arm") == "contact")
    mails = contacted.select("pseudonym", channel=pl.lit("email"), at=pl.col("started_at"))
    calls = contacted.head(20).select(
        "pseudonym", channel=pl.lit("phone"), at=pl.col("started_at") + pl.duration(hours=1)
    )
    after = contacted.select("pseudonym", channel=pl.lit("letter"), at=pl.col("started_at") + pl.duration(days=80))
    found = {
        row["channel"]: row for row in attributed(frame, pl.concat([mails, calls, after]), WINDOW).iter_rows(named=True)
    }
    assert found["phone"]["last_touch"] == 20
    assert found["phone"]["shared"] == found["phone"]["last_touch"] / 2
    assert found["email"]["last_touch"] == 10  # those who returned on day 21 to 31; later ones lie behind the look-back
    assert found["letter"]["last_touch"] == found["letter"]["extra"] == 0
    extra = sum(row["extra"] for row in found.values())
    assert extra == pytest.approx(sum(row["shared"] for row in found.values()) / 2)
    assert extra <= 20


@pytest.mark.parametrize(
    "broken",
    [
        lambda frame: frame.drop("cost_minor"),
        lambda frame: frame.with_columns(arm=pl.lit("treated")),
        lambda frame: frame.with_columns(arm=pl.lit(None, dtype=pl.String)),
        lambda frame: frame.with_columns(value_minor=pl.lit(1.5)),
    ],
)
def test_a_frame_that_is_no_campaign_is_refused(broken):
    with pytest.raises(FrameRefused):
        kpis(broken(campaign()), WINDOW)


def test_a_band_is_held_against_the_whole_interval():
    band = Band(kpi="win_back_rate", low=0.1, high=0.2, source="own campaigns of last year")

    def at(low, high):
        kpi = Kpi(name="win_back_rate", figure=Interval((low + high) / 2, low, high), n=10, formula="")
        return standing(kpi, band)

    assert at(0.12, 0.18) is Standing.WITHIN
    assert at(0.01, 0.05) is Standing.BELOW
    assert at(0.3, 0.4) is Standing.ABOVE
    assert at(0.15, 0.3) is Standing.UNSURE
    assert at(math.nan, math.nan) is Standing.UNSURE


@pytest.mark.parametrize(
    "entry",
    [{"kpi": "a"}, {"kpi": "a", "low": 2, "high": 1, "source": "x"}, {"kpi": "a", "low": 1, "high": 2, "source": " "}],
)
def test_a_band_without_order_or_source_is_refused(entry):
    with pytest.raises(RuleRefused):
        bands_of([entry])


def test_bands_are_read_from_plain_values():
    (band,) = bands_of([{"kpi": "a", "low": 1, "high": 2, "source": "trade body, 2025"}])
    assert (band.low, band.high, band.source) == (1, 2, "trade body, 2025")
