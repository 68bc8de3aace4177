"""What a prediction module says of itself before it is loaded: what it learns from, what it foretells, how often.

A module is a folder under `predict` with two files: `declaration.py` holds what is declared here (nothing heavy: the
hub and its command line read it), `module.py` holds `MODULES`, the modules of the folder by name
(`predict.module.Module`). `predict.registry` lists the declarations; nothing else names a module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Words = Mapping[str, Mapping[str, str]]
"""Texts by language and key."""


class LabelKind(StrEnum):
    """What kind of outcome a label column holds."""

    YES_NO = "yes_no"  # Boolean: whether it came about within the horizon
    NUMBER = "number"  # Float64 or Int64: how much or how many within the horizon
    DURATION = "duration"  # Float64, days until the event or until the records end; with a Boolean column beside


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The outcome that a module learns to foretell, by the name of its column in the training view.

    `event` is the column that says of a DURATION whether the event came about (True) or the records ended first.
    """

    name: str
    kind: LabelKind = LabelKind.YES_NO
    event: str | None = None

    def __post_init__(self) -> None:
        """Insist that a duration, and nothing else, names the column of its event."""
        if (self.kind is LabelKind.DURATION) is not (self.event is not None):
            raise ValueError("a duration names the column of its event, and nothing else does")

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns that are no features."""
        return (self.name,) if self.event is None else (self.name, self.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How much is needed before a module may call itself a model; editable numbers, judged by `predict.readiness`.

    - `months` of history are advised, `seasonal_months` to tell a season from a trend: fewer are a warning, never a no.
    - below `least` of `counted` (distinct customers, or texts) a rule takes the model's place; `ideal` is advised.
    - below `rule_from` there is not even that.
    - `outcomes`: so many of the rarer outcome must have taught and `judged` so many must be there to judge by.
    """

    months: int = 12
    seasonal_months: int = 24
    least: int = 1000
    ideal: int = 5000
    rule_from: int = 50
    outcomes: int = 50
    judged: int = 10
    counted: str = "customers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often a model is looked after, in days: its probabilities are fitted to what happened, or it learns anew."""

    recalibrate_days: int = 30
    retrain_days: int = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One module.

    - `name`: as used on the command line, in scores and for models; `folder`: where it lives under `predict`, by
      default the same. One folder may hold several modules (a contact and a machine are two questions of service).
    - `texts`: the view of messages that is read beside, where the module reads what people wrote; empty: none.
    - `view`: the catalogue's view that it learns from. A name that ends with `_training` is scored by its twin
      `_scoring`, another by itself.
    - `label`: what it learns; a view that teaches another label is refused.
    - `baselines`: columns, best known first, that rank customers by themselves (higher = likelier); the first that the
      view has is shown beside the model. None there: the column whose role is recency.
    - `wording`: how its reports speak, by language (nb, nn, sv, en, de) and key; what is not there is said as for every
      module (`predict.telling`). `title` names the module, `pair`, `top` and `stood` are sentences of figures, `common`
      and `rare` are said when the outcome is so frequent, or so rare, that a reader may be misled.
    - `readiness`, `cadence`: how much it needs to know, and how often it is looked after.
    """

    name: str
    view: str
    label: Label
    folder: str = ""
    texts: str = ""
    baselines: tuple[str, ...] = ()
    wording: Words = field(default_factory=dict)
    readiness: Readiness = field(default_factory=Readiness)
    cadence: Cadence = field(default_factory=Cadence)

    @property
    def home(self) -> str:
        """Name the Python module that holds the code."""
        return f"predict.{self.folder or self.name}.module"
