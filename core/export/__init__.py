"""Results as files for other programs.

`formats` writes any of them; `lists`, `editors`, `clips`, `reel` one kind each; `timecode`: frame numbers, timecodes.
"""
