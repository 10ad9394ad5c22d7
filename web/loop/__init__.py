"""The loop: the one thread on which pages are served and events leave, by eventlet.

Only this folder knows eventlet, so that another driver could take its place. `calls` brings the
calls of other threads onto the loop, `wire` the messages of another process; `server` opens the
port, serves until a signal and says farewell; `repairs` names what is mended in libraries. Nothing
is monkey-patched: what blocks lives in other threads and processes.
"""

import http.server  # noqa: F401
import os
import warnings

# What eventlet imports first, it leaves to everybody in a version that waits for its loop; so this
# came before. Its resolver of names takes as long to import as all the rest, and none is resolved
# here.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")

# eventlet announces at import that it is in maintenance mode. That is why it lives in this folder.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import eventlet  # noqa: F401
