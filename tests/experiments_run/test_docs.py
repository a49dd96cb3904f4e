"""docs/experiments.md is what its template and docs/experiments.json make."""

import json

import pytest

from conftest import skip_without_packages

skip_without_packages()

from experiments.outputs import FACTS, PAGE, TEMPLATE
from experiments.page import directives, render


def test_the_page_is_of_its_results():
    template, facts = TEMPLATE.read_text(encoding="utf-8"), json.loads(FACTS.read_text(encoding="utf-8"))
    assert PAGE.read_text(encoding="utf-8") == render(template, facts), "run scripts/experiments.sh --docs"
    assert facts["facts"].keys() == set(directives(template))


def test_no_claim_of_the_page_fails():
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("| holds |") > 30 and "**fails**" not in page


def test_another_result_makes_another_page():
    template, facts = TEMPLATE.read_text(encoding="utf-8"), json.loads(FACTS.read_text(encoding="utf-8"))
    table = next(fact for directive, fact in facts["facts"].items() if directive.startswith("table"))
    table["rows"][0][0] += "1"
    assert render(template, facts) != PAGE.read_text(encoding="utf-8")
