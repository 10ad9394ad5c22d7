"""The loop: the one thread on which pages are served and events leave, by eventlet.

Only this folder knows eventlet, so that another driver could take its place. `calls` brings the
calls of other threads onto the loop, `wire` the messages of another process; `server` opens the
port, serves until a signal and says farewell; `repairs` names what is mended in libraries. Nothing
is monkey-patched: what blocks lives in other threads and processes.
"""

import http.server
import os
import sys
import warnings

# Its resolver of names takes as long to import as all the rest, and none is resolved here.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")

# eventlet announces at import that it is in maintenance mode. That is why it lives in this folder.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet.wsgi  # noqa: F401

# What eventlet is the first to import, it leaves to everybody in a version that waits for its loop;
# so this was imported before. Of one that is there it still leaves its own where the package is
# asked for it.
http.server = sys.modules["http.server"]
