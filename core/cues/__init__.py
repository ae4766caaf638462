"""What is known beside the 12 features, on the same clock, never mixed into them.

`cue` lists the cues; `laughter` hears laughter, speech, music and crowd by `yamnet`; `chat_reading` reads messages of
viewers, `kept_chat_counts` is the file of what is kept of them; `hearing` takes all that an extraction needs of the
sound.
"""
