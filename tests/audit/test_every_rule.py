"""Each rule's own examples: the bad one breaks it, the good one keeps it. A rule that cannot fire fails the build."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.audit_draw import precisions
from tests.audit.reading import audited

from tipoff_audit.rules import catalog
from tipoff_audit.rules.rule import Rule, example_files

ROOT = Path(__file__).parents[2]
BESIDE = {"streamed-and-mutated": {"streaming-insert"}}  # one cannot be broken without the other


@pytest.mark.parametrize("rule", catalog.RULES, ids=lambda rule: rule.slug)
def test_the_bad_example_fires_this_rule_and_no_other(rule: Rule) -> None:
    found = {finding.rule for finding in audited(example_files(rule.place, rule.bad))}

    assert found == {rule.slug} | BESIDE.get(rule.slug, set())


@pytest.mark.parametrize("rule", catalog.RULES, ids=lambda rule: rule.slug)
def test_the_good_example_fires_nothing(rule: Rule) -> None:
    assert audited(example_files(rule.place, rule.good)) == []


@pytest.mark.parametrize("rule", catalog.RULES, ids=lambda rule: rule.slug)
def test_a_rule_says_what_is_lost_where_it_happened_and_what_to_do(rule: Rule) -> None:
    assert all([rule.claim, rule.why, rule.incident, rule.rows, rule.fix, rule.beside])


def test_no_two_rules_bear_one_name() -> None:
    assert len(catalog.slugs()) == len(catalog.RULES)


def test_every_rule_that_the_code_names_is_in_the_catalogue() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "packages" / "tipoff-audit" / "src").rglob("*.py"))
    named = set(re.findall(r'(?:say|Said|_found|_at)\(\s*(?:guard, |one, method, )?"([a-z]+(?:-[a-z]+)+)"', text))
    named |= set(re.findall(r'rule="([a-z-]+)"', text))

    assert len(named) > 20
    assert named <= catalog.slugs()


def test_the_page_of_rules_is_what_the_catalogue_says() -> None:
    from benchmarks.audit_page import page  # noqa: PLC0415 -- reads the whole catalogue and the evidence

    assert (ROOT / "docs" / "audit-rules.md").read_text() == page(), "run `make reference`"


def test_a_rules_precision_is_what_the_draws_have_measured_and_unsaid_where_they_have_not() -> None:
    said = {rule.slug: rule.precision for rule in catalog.RULES if rule.precision}

    assert said == precisions()


def test_the_readme_tells_how_often_two_judges_agreed_that_findings_of_the_last_eight_draws_are_right() -> None:
    judged, right = Counter[str](), Counter[str]()
    for draw in range(28, 36):
        with (ROOT / "docs" / "evidence" / f"audit_draw_{draw}.tsv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                judged[row["level"]] += 1
                right[row["level"]] += (row["verdict"], row["second"]) == ("right", "right")

    told = " ".join((ROOT / "packages" / "tipoff-audit" / "README.md").read_text("utf-8").split())

    assert not (ROOT / "docs" / "evidence" / "audit_draw_36.tsv").exists()  # or it is the last, and belongs to them
    assert (
        f"in the last eight draws {right['error']} of {judged['error']} errors and {right['warning']} of "
        f"{judged['warning']} warnings were right to both"
    ) in told
