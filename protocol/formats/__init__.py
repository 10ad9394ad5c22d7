"""One file per format that is spoken outside: text to data, and data to text beside it.

A format checks what it reads with the shared readers of `fields`, which name a field by its path in
that format, and does no I/O: doors (`web/`) and backends do that.
"""
