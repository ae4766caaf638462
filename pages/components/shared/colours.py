"""The colours of all charts, in one table. Red is left to actions and faults.

Any two emotions differ by 20 or more (CIE 1976) to usual sight, without red or green cones, and without blue ones as
Machado, Oliveira and Fernandes simulate it (2009, doi:10.1109/TVCG.2009.113); all hold on light and on dark.
"""

EMOTION_COLOURS = {
    "anger": "#993131",
    "contempt": "#a67411",
    "disgust": "#73bf74",
    "fear": "#714096",
    "happiness": "#f4bc1a",
    "neutral": "#868f94",
    "sadness": "#2244d9",
    "surprise": "#40d4ff",
}
FUNNY, OTHER, LEFT_OUT = "#2fa866", "#9aa0a6", "#d9a441"  # labels; also what speaks for a funny moment and against it
FIRST, SECOND = "#4a8fd4", "#e0803c"  # one series, and another beside it
QUIET = "#808890"  # lines and words
