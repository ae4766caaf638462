"""The document of a page: it names the server, and loads early what is there."""

from __future__ import annotations

import re

import pytest

from pages.components.shared.document import EARLY, ON_PAGE, STATIC, document, page_routes


@pytest.mark.parametrize("name", ["", *ON_PAGE])
def test_the_document_names_the_server_and_loads_early_what_this_streamlit_has(name):
    html = document(name)
    assert html.index("BACKEND_BASE_URL") < html.index('<script type="module"')
    early = re.findall(r"import\('\./(static/js/[^']+)'\)", html)
    assert len(early) == len((*EARLY, *ON_PAGE.get(name, ())))
    assert all((STATIC / script).exists() for script in early)


def test_every_page_and_the_root_have_one():
    assert [route.path for route in page_routes(["home", "detect"])] == ["/", "/home", "/detect"]
