"""Models of clips and how they are trained, calibrated and measured: arrays in, probabilities out.

`choice` picks among `simple` models and `networks`; `folds`, `metrics`, `intervals`,
`event_metrics` and `calibration` judge; `augmentation` varies.
"""
