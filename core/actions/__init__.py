"""What the user can do, a function each, called by command, worker and pages alike.

`worker` does background jobs; `overview` says how far each video is.
"""
