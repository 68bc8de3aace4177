"""Everything that can go wrong under `predict`, named after what happened.

An error carries fields, never a value from a row: its text is sent back to the hub and may reach a log.
"""


class PredictError(Exception):
    """The base of every error raised in `predict`."""


class FrameRefused(PredictError):
    """A frame does not keep its contract; names the column and the rule, never a value."""

    def __init__(self, column: str, rule: str, remedy: str) -> None:
        super().__init__(f"frame refused: column {column!r}: {rule}; {remedy}")
        self.column = column
        self.rule = rule
        self.remedy = remedy


class TooFewCustomers(PredictError):
    """There is too little to learn from; says what to collect instead of guessing."""

    def __init__(self, *, have: int, need: int, of_what: str, advice: str) -> None:
        super().__init__(f"too few {of_what}: {have}, at least {need} are needed; {advice}")
        self.have = have
        self.need = need
        self.of_what = of_what
        self.advice = advice


class LabelNotYetKnown(PredictError):
    """The label window reaches past the end of the records: silence there is ignorance, not churn."""

    def __init__(self, *, until: str, known_until: str) -> None:
        super().__init__(f"label window ends {until}, records are complete only until {known_until}")
        self.until = until
        self.known_until = known_until


class ArtefactRefused(PredictError):
    """A stored model is of an unknown version, altered, or holds a type that is not on the allow-list."""

    def __init__(self, because: str) -> None:
        super().__init__(f"artefact refused: {because}; train again with this version")
        self.because = because


class TreesMissing(PredictError):
    """LightGBM cannot be loaded on this machine; models without trees are trained and score all the same."""

    def __init__(self) -> None:
        super().__init__("LightGBM cannot be loaded: the system's OpenMP library is missing; install libgomp1 (Debian)")


class MessageRefused(PredictError):
    """A message between hub and child process does not follow the framing of `predict.wire`."""

    def __init__(self, because: str) -> None:
        super().__init__(f"message refused: {because}")
        self.because = because


class RuleRefused(PredictError):
    """Rules, offers or sequences that somebody edited do not make sense; names the entry and the rule."""

    def __init__(self, entry: str, rule: str, remedy: str) -> None:
        super().__init__(f"rule refused: {entry!r}: {rule}; {remedy}")
        self.entry = entry
        self.rule = rule
        self.remedy = remedy


class TextRefused(PredictError):
    """A template or a letter may not go out as it is; names the template and the rule, never the text."""

    def __init__(self, entry: str, rule: str, remedy: str) -> None:
        super().__init__(f"text refused: {entry!r}: {rule}; {remedy}")
        self.entry = entry
        self.rule = rule
        self.remedy = remedy
