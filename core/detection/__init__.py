"""Funny moments of a person in a whole video.

`detect`: score and decide; `moments`: pure functions on scores; `results`: kept results; `explanation`: why.
"""
