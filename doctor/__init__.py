"""Is everything here, and does it work? `python app.py --check`.

`check` tells the computer's facts (`computer`), then starts `apart` in a process of its own, so
that a torch that breaks off takes nobody along; there a model is loaded and `exam` asks it about
pictures of `questions`. Where another server answers, `upstream` has that tested instead. `report`
is how a line looks: it can be pasted anywhere, and names nobody. `packages` is the first thing that
runs of every start. Uses the model through the Python door, as any script would; nothing but
`app.py` imports this room.
"""
