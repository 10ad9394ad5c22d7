"""Choices as a tree of tokens, and how likely an answer begins with each.

An answer begins with a choice when its first tokens are those that the tokenizer writes for one of
the choice's spellings. What comes after them does not count, unless it makes them a longer choice:
then they count as that one alone. So "red" beside "red car" is as likely as an answer that begins
with "red" and does not go on with " car"; else the shorter would always be the likelier. Choices
exclude each other, then, and each is treated alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, inf, isfinite, log, log1p


@dataclass(frozen=True)
class Choice:
    """One of the answers that may be given.

    spellings: the ways to write it, as token ids; at least one, none empty, none of them
    also another choice's.
    """

    text: str
    spellings: tuple[tuple[int, ...], ...]


@dataclass
class Node:
    """A place in the tree: where some tokens lead, and with which they go on.

    choice: the number of the one that is complete here.
    """

    children: dict[int, "Node"] = field(default_factory=dict)
    choice: int | None = None


def tree_of(choices: Sequence[Choice]) -> Node:
    """The root of a tree in which each spelling is a way down."""
    root = Node()
    for number, choice in enumerate(choices):
        for spelling in choice.spellings:
            node = root
            for token in spelling:
                node = node.children.setdefault(token, Node())
            node.choice = number
    return root


def log_sum(logs: Iterable[float]) -> float:
    """The logarithm of a sum of likelihoods, each of them given as its logarithm."""
    terms = list(logs)
    largest = max(terms, default=-inf)
    if largest == -inf:
        return -inf
    return largest + log(sum(exp(each - largest) for each in terms))


def log_rest(logs: Iterable[float]) -> float:
    """The logarithm of what likelihoods, given as logarithms, leave of 1; rounding leaves no less
    than 0.
    """
    taken = sum(map(exp, logs))
    return log1p(-taken) if taken < 1 else -inf


def probabilities_of(logs: Mapping[int, float], n_choices: int) -> tuple[float, ...]:
    """Turn logarithms of likelihoods, by the choice's number, into shares of their sum.

    Raises FloatingPointError where the network computes no numbers.
    """
    total = log_sum(logs.values())
    if not isfinite(total):
        raise FloatingPointError(f"The network's scores of choices are no numbers: {logs}")
    return tuple(exp(logs[number] - total) for number in range(n_choices))
