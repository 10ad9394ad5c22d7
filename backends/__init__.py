"""Kinds of model behind the one contract, `protocol/model.py`.

`resident` keeps the network in this process, on the engine's thread, and `loading` is how it comes
there; `process` keeps one in a process of its own. Imports `engine`, `checkpoints`, `moondream2`,
`protocol` and `settings`; knows no door.
"""
