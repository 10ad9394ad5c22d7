"""Flask and Socket.IO: check what comes in, hand it to a model, send what comes out.

`page` serves the pages and the health check, `events` speaks Socket.IO, `outlet` sends one answer
as fast as the hub can, and `bridge` is the one file that knows eventlet. Nothing here blocks and
nothing here is patched: the model works in a process of its own and its events come over a wire.
Imports `protocol` and nothing else of the project.
"""
