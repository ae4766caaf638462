"""The workspace folder: its videos, people, settings and background jobs, and the cache of what was read from it.

`workspace`: Workspace, paths and locks; `library`: Library, the cache; `jobs`: Jobs; `settings`, `folders`.
"""
