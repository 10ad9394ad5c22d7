"""The engine owns the resident network on one native thread.

`engine` is the thread and its inbox; `admission` says who may come in; `line` tells each its place,
its beginning and its end, and `turns` does the work, one turn at a time; both need no thread for
it. `scheduler` decides whose turn it is and knows no tensor; `runner` turns a turn into network
calls and is the only file here that imports torch; `sequence` is one request in progress. Anybody
may call `submit`, `cancel` and `close`; only the engine thread touches the network. Imports
`moondream2` and `protocol`.
"""
