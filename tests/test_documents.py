"""What the documents name is there, and the order of core that they give is the one that holds."""

import os
import re
from pathlib import Path

import pytest

from tests.test_architecture import ORDER, ROOT

DOCS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
DOCUMENTS = ["CONTRIBUTING.md", "README.md", "README.ko.md", *DOCS]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_a_document_names_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:core|pages|tests|tools|benchmarks|assets|docs)/[\w./]*)`", text))
    named |= {
        os.path.normpath(Path(name).parent / link)
        for link in re.findall(r"\]\(([\w./-]+\.(?:md|py|png|csv|ipynb))\)", text)
    }
    missing = sorted(path for path in named if not (ROOT / path).exists())
    assert not missing, f"{name} names files that are not there: {missing}"


def test_functions_that_the_walks_name_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path, function in re.findall(r"`(core/[\w/]+\.py)` \(`(\w+)`\)", text):
        source = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^(?:@\w+\n)?def {function}\(|^def {function}\b|def {function}\(", source, re.MULTILINE), (
            path
        )


def test_the_order_is_the_one_of_the_rule() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    assert " ".join(lines).replace("<", " ").split() == ORDER
