"""Two tests run at a time: each, and every process it starts, computes on one thread."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
