"""Every option once, as a flag and as a variable."""

from dataclasses import fields

import click
import pytest
from click.testing import CliRunner

from settings import Settings, with_options


def settings_of(arguments: list[str], environment: dict[str, str] | None = None) -> Settings:
    got: list[Settings] = []

    @click.command()
    @with_options
    def command(**options) -> None:
        got.append(Settings(**options))

    result = CliRunner().invoke(command, arguments, env=environment, standalone_mode=False)
    if result.exception:
        raise result.exception
    return got[0]


def test_no_option_means_the_defaults():
    assert settings_of([]) == Settings()


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_a_flag_and_a_variable(name: str):
    value = {"device": "cpu", "dtype": "float32", "quantize": "int8"}.get(name, "77")
    flag = settings_of([f"--{name.replace('_', '-')}", value])
    variable = settings_of([], {f"MOONSIGHT_{name.upper()}": value})
    assert flag == variable != Settings()


def test_flag_wins_over_variable():
    assert settings_of(["--port", "1"], {"MOONSIGHT_PORT": "2"}).port == 1


@pytest.mark.parametrize("flags", [["--device", "tpu"], ["--port", "0"], ["--max-running", "0"]])
def test_impossible_value_is_refused_with_what_is_accepted(flags: list[str]):
    with pytest.raises(click.UsageError):
        settings_of(flags)
