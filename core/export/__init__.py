"""Results as files for other programs.

`formats` writes moments in any form; `lists` (CSV, JSON, SRT, chapters, LosslessCut, Label Studio), `edl`, `timeline`,
`final_cut`, `clips` and `reel` one kind each; `read_cuts`: an editor's cut lists back; `series_table`: a person's
series; `timecode`: frame numbers, timecodes.
"""
