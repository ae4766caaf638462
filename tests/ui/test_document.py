"""The document of a page names the server before Streamlit's script looks for it."""

from pages.components.shared.document import document, page_routes


def test_the_document_names_the_server_first():
    html = document()
    assert 0 < html.index("window.__streamlit = {BACKEND_BASE_URL") < html.index('<script type="module"')


def test_every_page_and_the_root_have_it():
    assert [route.path for route in page_routes(["home", "detect"])] == ["/", "/home", "/detect"]
