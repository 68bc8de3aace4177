"""How many customers stand behind a figure that is told of a group."""

from typing import Final

LEAST_CUSTOMERS: Final = 10
