"""Answers among which a question may let the model choose, and what counts as the same one."""

MIN_CHOICES, MAX_CHOICES = 2, 16
MAX_CHOICE_CHARS = 40


def spellings(choice: str) -> tuple[str, ...]:
    """The ways in which an answer that begins with this choice may be written.

    Its first letter small or capital, a space in front or none: which of them is a habit of the
    model's and says nothing about the choice. choice: a text that is more than spaces.
    """
    text = choice.strip()
    first, rest = text[0], text[1:]
    # Some letters have no capital of one character, and none is made up for them.
    letters = {each: None for each in (first, first.lower(), first.upper()) if len(each) == 1}
    return tuple(f"{space}{letter}{rest}" for space in ("", " ") for letter in letters)
