"""Claims hold within their bounds and nowhere else."""

import math

import pytest

from conftest import skip_without_packages

skip_without_packages()

from experiments.checks import Check, checks_document


@pytest.mark.parametrize("value, low, high, passed", [
    (0.5, 0.4, 0.6, True), (0.4, 0.4, 0.6, True), (0.39, 0.4, 0.6, False), (0.61, 0.4, 0.6, False), (0.9, 0.85, None, True),
    (0.8, 0.85, None, False), (0.1, None, 0.05, False), (math.nan, 0.0, 1.0, False), (math.inf, 0.0, None, False),
    (None, 0.0, None, False)])
def test_bounds(value, low, high, passed):
    check = Check("p", "claim", value, low, high)
    assert check.passed is passed
    assert check.line.startswith("ok" if passed else "FAILED")


def test_the_document_counts_what_fails():
    document = checks_document([Check("p", "a", 1.0, low=0.5), Check("p", "b", 0.0, low=0.5)])
    assert document.summary == "1 of 2 claims hold."
    assert document.tables[0].column("outcome") == ["ok", "FAILED"]
    document.to_json()
