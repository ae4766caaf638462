"""The tables of the ledger, and what brings an older file to them."""

VERSION = 3  # user_version of the database
SCHEMA = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    clip_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('label', 'remove', 'skip')),
    video_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    start REAL NOT NULL,
    "end" REAL NOT NULL,
    label INTEGER CHECK (label IN (0, 1)),
    origin TEXT NOT NULL,
    labeller TEXT NOT NULL,
    note TEXT NOT NULL,
    at TEXT NOT NULL,
    undoes TEXT NOT NULL DEFAULT ''
);
CREATE INDEX events_of_a_clip ON events (clip_id, seq);
"""
_OLD = 'seq, id, clip_id, kind, video_id, person_id, start, "end", label, origin, labeller, note, at'
TRIMS = """
CREATE TABLE trims (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    moment_id TEXT NOT NULL,
    video_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    start REAL,
    "end" REAL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    at TEXT NOT NULL,
    undoes TEXT NOT NULL DEFAULT ''
);
CREATE INDEX trims_of_a_moment ON trims (moment_id, seq);
"""
# What brings a file of each version to the next one. Version 2 added skips and undo, version 3 trims of moments.
MIGRATIONS = {
    0: SCHEMA,
    1: "DROP INDEX events_of_a_clip; ALTER TABLE events RENAME TO events_1;"
    f"{SCHEMA}; INSERT INTO events ({_OLD}) SELECT {_OLD} FROM events_1 ORDER BY seq; DROP TABLE events_1",
    2: TRIMS,
}
