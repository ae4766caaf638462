"""Results as files for other programs.

`formats` writes moments in any form; `lists`, `edl`, `timeline`, `final_cut`, `clips` and `reel` one kind each;
`series_table`: a person's series; `timecode`: frame numbers, timecodes.
"""
