"""Servers that speak OpenAI's API, as a model: they answer in the place of a network of our own.

`model` keeps the contract on one thread with an event loop of asyncio's, where everything here
runs; `wire` knows who is there and asks; `skills` turns a request into what is asked, and what
comes back into pieces. No request waits for another's, and a cancelled one closes its connection.

Everything that a server sends is hostile until it is read: bounded in bytes, values and time.
"""
