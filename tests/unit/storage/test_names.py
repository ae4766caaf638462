"""Names of files that every system accepts."""

import unicodedata

import pytest

from core.storage.names import LONGEST, LONGEST_BYTES, safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CON", "CON_"),
        ("con.txt", "con_.txt"),
        ("Com1 .mp4", "Com1_.mp4"),
        ("LPT¹", "LPT¹_"),
        ("CONSOLE", "CONSOLE"),
        ('a<b>c:d"e/f\\g|h?i*j', "a_b_c_d_e_f_g_h_i_j"),
        ("..", "moment"),
        (" . hidden. ", "hidden"),
        ("", "moment"),
        ("two\nlines\tand tab", "two_lines_and tab"),
        ("a‮gpm.exe", "a_gpm.exe"),
        ("bad \udcff byte", "bad _ byte"),
        ("웃음 모음", "웃음 모음"),
    ],
)
def test_what_a_system_forbids_is_replaced(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_korean_is_composed_and_cut_between_syllables() -> None:
    name = safe_name(unicodedata.normalize("NFD", "가나다" * 100))
    assert name == ("가나다" * 100)[: len(name)]
    assert len(name) <= LONGEST
    assert LONGEST_BYTES - 3 < len(name.encode()) <= LONGEST_BYTES
