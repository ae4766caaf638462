"""People: who somebody is, which faces are theirs, and how sure that is.

`person`: Person, references, matching; `groups`, `tuning`, `photos`, `scan`: ways to choose faces;
`reference_doubts`: what is odd about references; `person_file`: a person on the disk.
"""
