import pytest

from core.cues.laughs import PatternFault, pattern, patterns_of

LAUGHING = [
    "ㅋㅋ", "ㅋㅋㅋㅋㅋ 뭐야", "ㅎㅎㅎ", "ㅋㅎㅋㅎ", "푸하하", "아 진짜ㅋㅋㅋlol", "haha", "HAHAHAHA", "ahahah", "lol",
    "LOOOL", "lmao", "ROFL", "xD", "草", "（笑）", "www", "すごいw", "ｗｗｗ", "哈哈哈", "233", "2333333",
    "笑死我了", "jajaja", "JAJAJAJ", "jejeje", "kkkkk", "rsrs", "KEKW", "LUL", "OMEGALUL",
    "that is funny 😂", ":rolling_on_the_floor_laughing:",
]  # fmt: skip
CALM = [
    "안녕하세요", "hello", "what", "https://www.example.com", "123345", "1233", "w", "ok", "lower",
    "Kappa", "GG", "아하", "axd", "the", "tax dollar", "",
]  # fmt: skip


@pytest.mark.parametrize("text", LAUGHING)
def test_laughing_messages_are_known(text):
    assert pattern().search(text)


@pytest.mark.parametrize("text", CALM)
def test_others_are_not(text):
    assert not pattern().search(text)


def test_patterns_are_one_a_line_and_wrong_ones_are_named():
    assert patterns_of(" a+ \n\nb\n") == ("a+", "b")
    assert pattern(("a+", "b")).search("xB")
    assert not pattern(()).search("anything")
    with pytest.raises(PatternFault, match=r"\(: not a regular expression"):
        pattern(("a", "("))
