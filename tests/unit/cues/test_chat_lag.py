import numpy as np
import pytest

from core.cues.chat_counts import ChatCounts, counts_of
from core.cues.chat_lag import lag_of
from core.cues.chat_message import Unread
from core.cues.chat_reading import ReadChat

TIMES = np.arange(3000) / 3  # 1000 s


def chat_of(times: np.ndarray, laughing: np.ndarray) -> ChatCounts:
    order = np.argsort(times)
    return counts_of(ReadChat(times[order], laughing[order].astype(bool), "csv", 0, Unread(), False))


ANSWERS = {  # seconds after the lag at which viewers answer a laugh of so many seconds
    "as long as it lasts": lambda rng, length: rng.uniform(0, length, 15),
    "at once, then fewer": lambda rng, length: rng.exponential(2.5, 15),
    "after a moment": lambda rng, length: rng.gamma(2, 1.0, 15),
    "all together": lambda rng, length: rng.normal(0, 0.3, 15),
    "around a second": lambda rng, length: rng.normal(0, 1.0, 15),
    "far around it": lambda rng, length: rng.normal(0, 3.0, 15),
    "within three seconds": lambda rng, length: rng.uniform(0, 3, 15),
    "a second and a half to both sides": lambda rng, length: rng.uniform(-1.5, 1.5, 15),
}


def planted(rng, lag, answer, lengths, *, n_laughs, answered=1.0):
    """Counts of a chat that answers laughs, and how surely they are heard."""
    moments = np.sort(rng.choice(np.arange(20, 900, 20), n_laughs, replace=False)).astype(float)
    evidence, laughs = np.full(len(TIMES), 0.05), []
    for moment in moments:
        length = rng.uniform(*lengths)
        evidence[(moment <= TIMES) & (moment + length > TIMES)] = 0.9
        answers = moment + lag + ANSWERS[answer](rng, length)
        laughs.append(answers[: round(answered * len(answers))])
    times = np.concatenate(laughs)
    chatter = rng.uniform(0, 1000, 2000)
    flags = np.r_[np.ones(len(times)), rng.random(2000) < 0.05]
    return chat_of(np.r_[times, chatter], flags), evidence


def seconds_of(counts, evidence):
    lag = lag_of(counts, TIMES, evidence)
    return lag and lag.seconds


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("lag", [-1.0, 0.0, 4.0, 7.3, 12.0])
@pytest.mark.parametrize("lengths", [(5, 5), (2, 7)])
def test_a_planted_lag_is_found(lag, answer, lengths):
    rng = np.random.default_rng(round(lag * 10) + 50)
    counts, evidence = planted(rng, lag, answer, lengths, n_laughs=25)
    assert seconds_of(counts, evidence) == pytest.approx(lag, abs=1.0)
    evidence[rng.random(len(TIMES)) < 0.5] = np.nan
    assert seconds_of(counts, evidence) == pytest.approx(lag, abs=1.0)


def test_the_doubt_holds_nine_of_ten_lags_and_shrinks_with_laughs():
    inside, widths = {}, {}
    for n_laughs in (6, 25):
        found = []
        for seed, answer in enumerate([*ANSWERS] * 5):
            rng = np.random.default_rng((n_laughs, seed))
            planted_lag = rng.uniform(0, 12)
            counts, evidence = planted(rng, planted_lag, answer, (2, 6), n_laughs=n_laughs, answered=0.3)
            found.append((lag_of(counts, TIMES, evidence), planted_lag))
        known = [(lag, truth) for lag, truth in found if lag is not None]
        inside[n_laughs] = np.mean([abs(lag.seconds - truth) <= lag.doubt for lag, truth in known])
        widths[n_laughs] = np.median([lag.doubt for lag, _ in known])
    assert min(inside.values()) >= 0.8
    assert widths[25] < widths[6] < 4


def test_chance_is_no_lag():
    rng = np.random.default_rng(3)
    evidence = np.repeat(rng.random(len(TIMES) // 15) < 0.05, 15) * 0.9
    found = [lag_of(chat_of(rng.uniform(0, 1000, 2000), rng.random(2000) < 0.1), TIMES, evidence) for _ in range(20)]
    assert sum(lag is not None for lag in found) <= 4


def test_without_evidence_there_is_no_lag():
    counts = chat_of(np.random.default_rng(0).uniform(0, 1000, 500), np.ones(500))
    assert lag_of(counts, TIMES, np.full(len(TIMES), np.nan)) is None
    assert lag_of(counts, TIMES, np.zeros(len(TIMES))) is None
    assert lag_of(chat_of(np.array([3.0]), np.ones(1)), TIMES, np.ones(len(TIMES))) is None
