"""Examples in docstrings are run, so that they stay true"""

import doctest
import importlib

import pytest

from tests.test_architecture import SOURCES, name_of

MODULES = [name_of(path) for path in SOURCES if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_give_what_they_say(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0


def test_at_least_three_functions_have_an_example() -> None:
    finder = doctest.DocTestFinder()
    modules = [importlib.import_module(name) for name in MODULES if name.startswith(("src.contract", "src.model"))]
    assert len({test.name for module in modules for test in finder.find(module) if test.examples}) >= 3
