"""Every sentence of the pages and every error can be said in both languages."""

import ast
import json
from pathlib import Path

import pytest

from core.translation import FOLDER, LANGUAGES, catalogue, finished, places, singular, text

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
SHOWN = {  # functions of streamlit whose first argument is read by the user
    *("title", "header", "subheader", "caption", "write", "text", "info", "warning", "success", "error", "toast"),
    *("button", "text_input", "selectbox", "multiselect", "slider", "select_slider", "checkbox", "toggle", "radio"),
    *("expander", "file_uploader", "download_button", "page_link", "metric", "form_submit_button", "number_input"),
    *("segmented_control", "pills", "text_area", "dialog", "popover", "status", "spinner", "tabs"),
}
NOT_TRANSLATED = {"Punchline", "Language / 언어"}


def sentences(path: Path) -> list[str]:
    """What a page says through the catalogue."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            assert isinstance(node.args[0], ast.Constant), f"{path.name}, line {node.lineno}: no plain sentence"
            found.append(node.args[0].value)
            given = {keyword.arg for keyword in node.keywords}
            assert given == set(places(node.args[0].value)), f"{path.name}, line {node.lineno}: places {given}"
    return found


def errors() -> list[str]:
    """What core says when it raises, with its places numbered."""
    found = []
    for path in sorted((ROOT / "core").rglob("*.py")):
        if path.parent.name == "cli":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                name = ast.unparse(node.exc.func)
                if name in USER_ERRORS:
                    found += _templates(node.exc.args[0])
    return found


USER_ERRORS = {
    node.name
    for node in ast.parse((ROOT / "core" / "errors.py").read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef)
}


def _templates(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        parts, n = "", 0
        for value in node.values:
            if isinstance(value, ast.Constant):
                parts += str(value.value)
            else:
                parts += f"{{v{n}}}"
                n += 1
        return [parts]
    if isinstance(node, ast.IfExp):
        return _templates(node.body) + _templates(node.orelse)
    return []


SENTENCES = sorted({sentence for path in PAGES for sentence in sentences(path)})


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_sentence_is_missing(language: str) -> None:
    known = catalogue(language)
    missing = [sentence for sentence in SENTENCES if sentence not in known]
    assert not missing, f"{len(missing)} sentences are missing in {language}.json: {json.dumps(missing, indent=1)}"


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_error_is_missing(language: str) -> None:
    known = catalogue(language)
    missing = [template for template in errors() if template.strip("{v0}") and template not in known]
    assert not missing, f"{len(missing)} errors are missing in {language}.json: {json.dumps(missing, indent=1)}"


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_translation_has_the_places_of_its_sentence(language: str) -> None:
    for sentence, said in catalogue(language).items():
        assert sorted(set(places(said))) == sorted(set(places(sentence))), sentence
        assert said.strip(), sentence


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_the_catalogue_holds_nothing_that_nobody_says(language: str) -> None:
    unused = set(catalogue(language)) - set(SENTENCES) - set(errors()) - told_otherwise()
    assert not unused, sorted(unused)


def told_otherwise() -> set[str]:
    """Sentences of core that are no errors: warnings and messages, as plain strings or f-strings."""
    found = set()
    for path in (ROOT / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Constant, ast.JoinedStr)):
                found |= set(_templates(node))
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_say_nothing_past_the_catalogue(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHOWN):
            continue
        first = [] if node.func.attr == "page_link" else node.args[:1]  # a page's path
        shown = [*first, *(k.value for k in node.keywords if k.arg in ("label", "help", "placeholder", "text"))]
        for value in shown:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                words = [word for word in value.value.split() if not word.startswith((":", "/", "#"))]
                assert not words or value.value in NOT_TRANSLATED, f"line {node.lineno}: {value.value!r}"


def test_a_finished_sentence_is_found_again() -> None:
    english = next(s for s in catalogue("ko") if places(s) == ["v0"])
    place = places(english)[0]
    said = english.format(**{place: "영상 [1].mp4"}) if ":" not in english.split(place)[1][:1] else english
    assert finished(said, "ko") == catalogue("ko")[english].format(**{place: "영상 [1].mp4"})
    assert finished(said, "en") == said
    assert finished("a sentence of another program", "ko") == "a sentence of another program"


def test_what_is_not_in_the_catalogue_stays_english() -> None:
    assert text("not in the catalogue {n}", "ko", n=3) == "not in the catalogue 3"


def test_every_language_has_its_file() -> None:
    for language in LANGUAGES:
        assert language == "en" or (FOLDER / f"{language}.json").is_file()


def test_one_thing_is_not_called_several() -> None:
    assert text("{n} labels", "en", n=1) == "1 label"
    assert text("{n} labels", "en", n="1") == "1 label"
    assert text("{n} labels", "en", n=2) == "2 labels"
    unused = set(singular()) - set(SENTENCES)
    assert not unused, sorted(unused)
