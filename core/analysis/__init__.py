"""What a series tells about a person, and curves cut down to what a screen shows.

`emotions`: shares, transitions, ranges, peaks; `reduction`: long curves for a screen.
"""
