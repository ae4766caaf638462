"""Every sentence of the pages and every error can be said in both languages."""

import ast
import json
from pathlib import Path

import pytest

from core.errors import PunchlineError, Sentence, VideoUnreadable, with_templates
from core.translation import FOLDER, LANGUAGES, catalogue, places, singular, text, translated

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").rglob("*.py"))]
SHOWN = {  # functions of streamlit whose first argument is read by the user
    *("title", "header", "subheader", "caption", "write", "text", "info", "warning", "success", "error", "toast"),
    *("button", "text_input", "selectbox", "multiselect", "slider", "select_slider", "checkbox", "toggle", "radio"),
    *("expander", "file_uploader", "download_button", "page_link", "metric", "form_submit_button", "number_input"),
    *("segmented_control", "pills", "text_area", "dialog", "popover", "status", "spinner", "tabs"),
}
NOT_TRANSLATED = {"Punchline", "Language / 언어"}
ENDINGS = ("PunchlineError", "Fault")  # of the bases of our errors


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


def templates() -> set[str]:
    """What core says when it raises, or wherever else it makes a sentence."""
    calls = [node for path in CORE for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    firsts = [node.args[0] for node in calls if isinstance(node, ast.Call) and node.args and called(node) in SAID]
    return {template for first in firsts for template in constants(first)} - {"{faults}"}


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def constants(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return constants(node.body) + constants(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


CORE = [path for path in sorted((ROOT / "core").rglob("*.py")) if path.parent.name != "cli"]
SAID = {"PunchlineError", "Sentence"} | {
    node.name
    for path in CORE
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith(ENDINGS) for base in node.bases)
}


SENTENCES = sorted({sentence for path in PAGES for sentence in sentences(path)})


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_sentence_is_missing(language: str) -> None:
    known = catalogue(language)
    missing = [sentence for sentence in SENTENCES if sentence not in known]
    assert not missing, f"{len(missing)} sentences are missing in {language}.json: {json.dumps(missing, indent=1)}"


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_error_is_missing(language: str) -> None:
    known = catalogue(language)
    missing = sorted(templates() - set(known))
    assert not missing, f"{len(missing)} errors are missing in {language}.json: {json.dumps(missing, indent=1)}"


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_translation_has_the_places_of_its_sentence(language: str) -> None:
    for sentence, said in catalogue(language).items():
        assert sorted(set(places(said))) == sorted(set(places(sentence))), sentence
        assert said.strip(), sentence


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_the_catalogue_holds_nothing_that_nobody_says(language: str) -> None:
    unused = set(catalogue(language)) - set(SENTENCES) - told_otherwise()
    assert not unused, sorted(unused)


def told_otherwise() -> set[str]:
    """Every string of core: what is said without values need not be made a `Sentence`."""
    nodes = [node for path in CORE for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_no_error_hides_its_values_in_a_finished_string() -> None:
    for path in [*CORE, *PAGES]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called(node) in SAID:
                finished = any(isinstance(part, ast.JoinedStr) for part in node.args)
                assert not finished, f"{path.name}, line {node.lineno}: give the template and its values"


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


def test_an_error_is_translated_with_the_errors_in_its_values() -> None:
    inner = VideoUnreadable("{path}: the file is empty (0 bytes); copy or download it again", path="[1] {a}.mp4")
    error = PunchlineError("{faults}", faults=Sentence.several([Sentence("sound: {text}", text=inner), "other"]))
    inner_ko = catalogue("ko")[inner.sentence.template].format(path="[1] {a}.mp4")
    assert translated(error, "ko") == catalogue("ko")["sound: {text}"].format(text=inner_ko) + "; other"
    assert translated(error, "en") == str(error) == f"sound: {inner}; other"


def test_a_stored_sentence_is_translated_as_one_that_was_just_said() -> None:
    said = Sentence("sound: {text}", text=Sentence("{bad_packets} damaged packets were skipped", bad_packets=3))
    stored = json.loads(json.dumps(with_templates([said, "plain"])))
    assert [translated(one, "ko") for one in stored] == [translated(said, "ko"), "plain"]
    assert "3" in translated(said, "ko")
    assert translated(said, "ko") != said
    assert translated("a sentence of another program", "ko") == "a sentence of another program"


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
