"""What a series tells about a person, and curves cut down to what a screen shows.

`emotions`: shares, ranges, peaks; `transitions`: what followed what; `plane`: valence and arousal; `reduction`:
long curves for a screen.
"""
