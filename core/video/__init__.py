"""Video and sound files as they come: what they hold, frames at their true times, sound in blocks, new files.

`video`: probe, frames, sound; `packets`, `packet_choice`, `frame_rate`: packets without decoding; `writer`,
`transcode`: MP4 files; `ahead`: stages at work at the same time; `hardware`: decoding on a GPU.
"""
