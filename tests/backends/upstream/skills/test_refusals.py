"""Refusals in the words of real servers are understood."""

import pytest

from backends.upstream.skills.refusals import (
    is_about_number,
    is_about_pictures,
    refused_field,
    told_by,
)
from protocol.errors import UpstreamFailed, UpstreamRefused


def refused(told: str) -> UpstreamRefused:
    return UpstreamRefused("api.example.com refused this.", 400, told)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
            " 'max_completion_tokens' instead.",
            "max_tokens",
        ),
        ("This model does not support response_format json_schema.", "response_format"),
        ("Unrecognized request argument supplied: stream_options", "stream_options"),
        ("logprobs is not supported with reasoning models", "logprobs"),
        ('"gemma3" does not support thinking', "reasoning_effort"),
        ("Unsupported value: 'temperature' does not support 0 with this model.", "temperature"),
        ("property 'seed' is unsupported", "seed"),
        ("`top_p` and `temperature` cannot both be specified", "top_p"),
        ("The context is full.", None),
        ("'max_tokens' is too large: 2048. This model supports at most 1024 tokens.", None),
    ],
)
def test_field_that_is_not_taken_is_recognised(told: str, name: str | None):
    sent = ("model", "messages", "max_tokens", "temperature", "top_p", "seed", "stream_options")
    sent += ("response_format", "logprobs", "reasoning_effort")
    assert refused_field(refused(told), sent) == name


def test_field_that_was_not_sent_is_not_left_out():
    assert refused_field(refused("seed is unsupported"), ("model", "temperature")) is None


def test_failure_without_a_refusal_is_about_no_field():
    assert refused_field(UpstreamFailed("The seed is broken."), ("seed",)) is None


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
