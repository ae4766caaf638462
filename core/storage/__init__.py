"""Writing files whole, and files of ours that are checked when they are read.

`files`: whole-or-nothing writing, HDF5 with named faults; `names`: file names that every system accepts; `weights`:
where the networks' weights come from.
"""
