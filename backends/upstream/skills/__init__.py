"""What is asked of a server for each skill, and what its answer means.

`skills` sends each request its way: `native` to another Moonsight, which is asked for the skill
itself; `writing`, `places` and `choosing` to all others, which are talked to; `check` tries what
they can do. `asking` sends a chat and remembers what a model does not take (`refusals`), `reply`
reads it (`thinking`, `loose_json`, `coordinates`); `words` holds all that is said to a model,
`pictures` and `drawn` all that it is shown.
"""
