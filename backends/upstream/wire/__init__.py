"""Who is there and how they are asked: knows HTTP and JSON, and nothing of skills.

`servers` has all of them: which are there, which is asked; `server` is one of them and one attempt;
`stream` turns bytes into objects, `verdicts` errors into sentences; `limits` bounds it all.
"""
