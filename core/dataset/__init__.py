"""dataset.h5, the clips that training reads.

`dataset_file`: the file; `upkeep`: kept in step with labels and series.
"""
