"""What a model is called on pages."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from pages.components.shared.model_name import model_title

    st.session_state.language = st.query_params.get("language", "en")
    for name in ("20261127-091158", "20261127-091158-2", "evening"):
        st.text(model_title(name, "2026-11-27T09:11:58"))
    st.text(model_title("20261127-091158", None))


def test_models_that_nobody_named_are_called_by_day_and_time():
    texts = [element.value for element in AppTest.from_function(page).run().text]
    assert texts == ["Nov 27, 09:11", "Nov 27, 09:11", "evening", "20261127-091158"]


def test_the_day_is_told_in_korean():
    app = AppTest.from_function(page)
    app.query_params["language"] = "ko"
    assert app.run().text[0].value == "11월 27일 09:11"
