"""The workspace folder: its videos, people, settings and background jobs, and the cache of what was read from it.

`workspace`: Workspace, paths and locks; `registry`: its videos; `growth`: those that are still recorded; `library`:
Library, the cache; `jobs`: Jobs; `job_queue`: how long they take together; `settings`, `folders`.
"""
