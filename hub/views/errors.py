"""What can go wrong between a view's text and its frame."""

from datetime import datetime

from hub.errors import HubError


class SpecRefused(HubError):
    """A view asks for what no approval could make lawful, or says it in words the hub does not know.

    `rule` is a constant name that tests and the console rely on; `where` is a place in the spec, never a value of a
    customer's row.
    """

    def __init__(self, view: str, where: str, rule: str, remedy: str) -> None:
        super().__init__(f"view {view}: {where}: {rule}; {remedy}")
        self.view = view
        self.where = where
        self.rule = rule
        self.remedy = remedy


class RowsRefused(HubError):
    """What a view is to be joined to is no list of customers and instants, or names too many of them."""

    def __init__(self, view: str, rule: str, remedy: str) -> None:
        super().__init__(f"view {view}: rows to join: {rule}; {remedy}")
        self.view = view
        self.rule = rule
        self.remedy = remedy


class CutRefused(HubError):
    """An instant cannot be asked of a view: off its grid, without zone, or its label is not yet known."""

    def __init__(self, view: str, at: datetime, rule: str, remedy: str) -> None:
        super().__init__(f"view {view}: as_of {at.isoformat()}: {rule}; {remedy}")
        self.view = view
        self.at = at
        self.rule = rule
        self.remedy = remedy
