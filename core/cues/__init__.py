"""What is known beside the 12 features, on the same clock, never mixed into them.

`cue` lists the cues; `laughter` hears laughter, speech, music and crowd by `yamnet`; `chat` reads messages of viewers;
`hearing` takes all that an extraction needs of the sound.
"""
