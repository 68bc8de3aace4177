"""The modules of this folder: how likely a return is. Whom contacting *changes* is `predict.uplift`'s question."""

from typing import Final

from predict.likelihood.module import Likelihood
from predict.winback.declaration import WINBACK

MODULES: Final = {WINBACK.name: Likelihood(WINBACK)}
