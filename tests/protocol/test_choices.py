"""A choice may be written in several ways, and two choices never in the same one."""

import pytest

from protocol.choices import spellings


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ("yes", {"yes", "Yes"}),
        ("Yes", {"yes", "Yes"}),
        (" yes\n", {"yes", "Yes"}),
        ("a red Car", {"a red Car", "A red Car"}),
        ("NO", {"NO", "nO"}),
        ("7", {"7"}),
        ('"yes"', {'"yes"'}),
        ("été", {"été", "Été"}),
        ("日本", {"日本"}),
        # Its capital would be two letters, and the small one of the last, too.
        ("ßa", {"ßa"}),
        ("İa", {"İa"}),
        # The sign for kelvin is one more capital of k.
        ("K", {"K", "k"}),
    ],
)
def test_choice_is_written_with_a_capital_or_without_behind_a_space_or_none(choice, written):
    assert set(spellings(choice)) == written | {f" {each}" for each in written}
    assert len(spellings(choice)) == 2 * len(written)
