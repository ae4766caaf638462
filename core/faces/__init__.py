"""Every face of a video, whoever it is: found, cut out, embedded, read, and kept in a table.

`detection`, `embedders`, `emotion` hold the networks; `search`, `reading`, `tracks` go through a video; `table` and
`feature_file` keep what was seen.
"""
