"""What can be asked and what comes back, as plain data.

This folder does no I/O, starts no thread, and imports neither torch nor flask nor anything else of
the project. Web and engine meet here and nowhere else. Everything from outside passes through a
`parse_…` function before anyone believes it.
"""
