"""Laws of safe file names."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from core.storage.names import LONGEST_BYTES, safe_name

TEXTS = st.one_of(
    st.text(), st.from_regex(r"(?i)(con|nul|com[1-9¹])[ .]*\w*", fullmatch=True), st.text("가각 ./<", max_size=300)
)


@settings(max_examples=60)
@given(TEXTS)
def test_a_safe_name_is_accepted_everywhere_and_stays_as_it_is(text: str) -> None:
    name = safe_name(text)
    assert name
    assert name == name.strip(" .")
    assert not set(name) & set('<>:"/\\|?*')
    assert not any(unicodedata.category(c).startswith("C") for c in name)
    assert len(name.encode()) <= LONGEST_BYTES + 1
    stem = name.split(".")[0].rstrip().upper()
    assert stem not in {"CON", "PRN", "AUX", "NUL"}
    assert not (stem[:3] in {"COM", "LPT"} and stem[3:] in set("0123456789¹²³"))
    assert unicodedata.is_normalized("NFC", name)
    assert safe_name(name) == name
