"""What the user can do, a function each, called by command, worker and pages alike.

`videos`, `people`, `labels`, `models`, `moments`: the verbs; `overview`: how far each video is; `background`: jobs of
these verbs, which `worker` does; `batch`: many videos, by `workers` on this machine or a `cluster`; `retraining`: when
another training is worth it.
"""
