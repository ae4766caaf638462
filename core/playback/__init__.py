"""Videos in the browser: what it can play, a copy where it cannot, and the route that serves them.

`playable`: how to play a video now; `proxy`: the copy; `route`: signed addresses.
"""
