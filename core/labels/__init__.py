"""Labels: what the user said of clips, never lost.

`ledger`: events in SQLite; `ledger_backups`, `restore`; `csv`: labels in and out; `queue`: what to label
next, by `coverage`: what is taken; `judgements`: what keys of the player mean.
"""
