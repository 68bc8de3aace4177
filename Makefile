.PHONY: check gates

# Exactly what CI runs, in a fresh virtual environment (about as long as CI takes).
check:
	bash .ci/run

# The quick gates alone, in the environment that is active; no test.
gates:
	ruff check .
	ruff format --check .
	mypy --strict
	lint-imports
