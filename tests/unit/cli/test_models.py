"""What `punchline train` says of a model."""

from __future__ import annotations

import pytest

from core.cli.models import _verdict


def judgement(**lows: float | None) -> dict[str, object]:
    baselines = {name: {"difference": {"f1": {"value": 0.1, "low": low, "high": 0.3}}} for name, low in lows.items()}
    return {"metrics": {"f1": {"value": 0.512}}, "baselines": baselines}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ""),
        (judgement(majority=0.2, loudness=0.05), "F1 0.51 on unseen clips: better than majority, loudness"),
        (judgement(majority=0.2, loudness=-0.1), "not clearly better than loudness; more labels may help"),
        (judgement(majority=None, chat_laughing=0.0), "not clearly better than majority, chat; more"),
    ],
)
def test_the_verdict_is_said(given: dict[str, object], said: str) -> None:
    assert said in _verdict(given)
    assert bool(said) == bool(_verdict(given))
