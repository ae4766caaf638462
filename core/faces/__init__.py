"""Every face of a video, whoever it is: found, cut out, embedded, read, and kept in a table.

`detection` finds faces by `mtcnn_cascade`, which runs the `mtcnn_networks`; `embedders`, `emotion` hold the other
networks; `search`, `reading`, `tracks` go through a video, `smallest_face` says how small faces are looked for; `table`
and `feature_file` keep what was seen.
"""
