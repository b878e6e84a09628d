"""docs/events.md says what the code does: every example is read by the contract and by its JSON Schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.domain.errors import Rejected
from shared.domain.events import ImageResolved, ProdTestsFinished, ReleaseCheck, ReportedCompletion, TestPassed
from shared.domain.pushes import Pushes

DOCS = Path(__file__).parents[2] / "docs"
CONTRACTS = {
    contract.topic: contract
    for contract in (Pushes, ImageResolved, TestPassed, ReportedCompletion, ReleaseCheck, ProdTestsFinished)
}
SECTION = re.compile(r"^## `([a-z-]+)`$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> list[Any]:
    """Every JSON example of the page, with its topic."""
    return [
        pytest.param(topic, text, id=f"{topic}-{number}")
        for topic, section in SECTION.findall((DOCS / "events.md").read_text())
        for number, text in enumerate(EXAMPLE.findall(section), start=1)
    ]


def schema(topic: str) -> Draft202012Validator:
    """The published schema of a topic."""
    document = json.loads((DOCS / "schemas" / f"{topic}.json").read_text())
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def is_read(topic: str, document: Any) -> bool:
    """Whether the contract takes a document."""
    try:
        CONTRACTS[topic].parse(json.dumps(document).encode())
    except Rejected:
        return False
    return True


def variations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The document with each field missing, of another type, and with a field too many."""
    for name in document:
        yield {key: value for key, value in document.items() if key != name}
        yield document | {name: None}
        yield document | {name: 7}
    yield document | {"key_version": "projects/evil/cryptoKeyVersions/1"}


@pytest.mark.parametrize(("topic", "text"), examples())
def test_every_example_is_what_its_contract_reads(topic: str, text: str) -> None:
    """An example that the code refuses would cost its reader an evening."""
    assert is_read(topic, json.loads(text))


@pytest.mark.parametrize(("topic", "text"), examples())
def test_every_example_fits_its_published_schema(topic: str, text: str) -> None:
    """Publishers may validate against the schema before they publish, so it must take what the code takes."""
    assert list(schema(topic).iter_errors(json.loads(text))) == []


@pytest.mark.parametrize(("topic", "text"), examples())
def test_schema_and_contract_refuse_the_same_variations(topic: str, text: str) -> None:
    """A schema that is laxer than the code, or stricter, is a second contract."""
    for variation in variations(json.loads(text)):
        assert schema(topic).is_valid(variation) == is_read(topic, variation), variation


def test_every_topic_has_a_section_with_an_example() -> None:
    """A contract that is not on the page does not exist for whoever has to publish it."""
    documented = {parameters.values[0] for parameters in examples()}

    assert documented == set(CONTRACTS)
