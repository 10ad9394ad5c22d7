"""The doors: check what comes in, hand it to a model, send what comes out.

`page` serves the pages and the health check, `events` speaks Socket.IO, `programs` the HTTP APIs:
each of those is one file that parses, asks and writes, by formats of `protocol`. `outlet` sends one
answer as fast as the loop can, and `loop/` is the one place that knows eventlet. A door is handed a
model and imports none; nothing here blocks. Imports `protocol` and nothing else of the project.
"""
