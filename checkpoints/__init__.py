"""Which checkpoint is meant, and how it comes to this computer.

`checkpoint` reads what `--model` says and finds or fetches it: a `folder` of the person's own,
judged at a glance and completed, or what `hub` finds in the cache that all programs of this
computer share, or fetches into it, resumed and checked. What cannot be used says why: `reasons`
tells the errors of requests apart, `surroundings` what this computer has set up, `recipe` weights
of an older kind. Blocks the thread that calls, so only the engine's thread calls it. Imports
`protocol`, and `moondream2` for a checkpoint's files.
"""
