"""Churn as a module: a yes/no outcome, learned, scored and reported as every other (`predict.likelihood`)."""

from typing import Final

from predict.churn.declaration import CHURN
from predict.likelihood.module import Likelihood

MODULES: Final = {CHURN.name: Likelihood(CHURN)}
