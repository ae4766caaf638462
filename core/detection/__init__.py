"""Funny moments of a person in a whole video.

`detect`: score and decide; `moments`, `candidates`, `loud_stretches`: pure functions; `results`: kept;
`explanation`: why.
"""
