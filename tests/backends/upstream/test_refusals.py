"""Refusals in the words of real servers are understood."""

import pytest

from backends.upstream.refusals import fields_of, is_about_number, is_about_pictures, told_by
from protocol.errors import UpstreamFailed, UpstreamRefused


def refused(told: str) -> UpstreamRefused:
    return UpstreamRefused("api.example.com refused this.", 400, told)


@pytest.mark.parametrize(
    ("told", "names"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
            " 'max_completion_tokens' instead.",
            ["max_tokens"],
        ),
        ("This model does not support response_format json_schema.", ["response_format"]),
        ("Unrecognized request argument supplied: stream_options", ["stream_options"]),
        ("logprobs is not supported with reasoning models", ["logprobs"]),
        ('"gemma3" does not support thinking', ["reasoning_effort"]),
        ("Unsupported value: 'temperature' does not support 0 with this model.", ["temperature"]),
        ("property 'seed' is unsupported", ["seed"]),
        ("`top_p` and `temperature` cannot both be specified", ["temperature", "top_p"]),
        ("The context is full.", []),
    ],
)
def test_field_that_is_not_taken_is_recognised(told: str, names: list[str]):
    sent = ("model", "messages", "max_tokens", "temperature", "top_p", "seed", "stream_options")
    sent += ("response_format", "logprobs", "reasoning_effort")
    assert fields_of(refused(told), sent) == names


def test_field_that_was_not_sent_is_not_left_out():
    assert fields_of(refused("seed is unsupported"), ("model", "temperature")) == []


def test_failure_without_a_refusal_is_about_no_field():
    assert fields_of(UpstreamFailed("The seed is broken."), ("seed",)) == []


@pytest.mark.parametrize(
    "told",
    [
        "image input is not supported - hint: if this is unexpected, you may need to provide the"
        " mmproj",
        "No endpoints found that support image input",
        "Model does not support images. Please use a model that does.",
        "Invalid content type. image_url is only supported by certain models.",
        "Failed to deserialize: unknown variant `image_url`, expected `text`",
        "At most 0 image(s) may be provided in one prompt.",
        "qwen3-8b is not a multimodal model",
        "this model is missing data required for image input",
        "messages[0].content must be a string",
    ],
)
def test_model_that_reads_text_only_is_recognised(told: str):
    assert is_about_pictures(refused(told))


@pytest.mark.parametrize(
    "told",
    [
        "Unsupported image format: webp",
        "The image cannot be decoded.",
        "image too large, not supported",
        "The context is full.",
        "response_format is not supported",
    ],
)
def test_bad_picture_says_nothing_of_the_model(told: str):
    assert not is_about_pictures(refused(told))


@pytest.mark.parametrize(
    "told",
    [
        "At most 1 image(s) may be provided in one prompt.",
        "This model only supports one image",
        "multiple images are not supported",
    ],
)
def test_model_that_takes_fewer_pictures_is_recognised(told: str):
    assert is_about_number(refused(told))


def test_sentence_stands_for_words_that_are_not_known():
    assert told_by(UpstreamFailed("It failed.")) == "It failed."
