"""The files for containers, as far as they can be read without any: what they start exists."""

import re
import shlex
from pathlib import Path

import click
import pytest

from app import command as app_command
from settings import Settings

pytest.importorskip("ray")

import yaml

from deploy.__main__ import command as deploy_command
from deploy.application import build

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
SERVICES: dict[str, dict] = COMPOSE["services"]
PROGRAMS = {"app.py": app_command, "-m deploy": deploy_command}
OURS = re.compile(r"python (app\.py|-m deploy) ([^&\"]*)")


@pytest.mark.parametrize("name", SERVICES)
def test_every_option_that_a_service_starts_with_is_one(name: str):
    for program, options in OURS.findall(SERVICES[name].get("command", "")):
        command: click.Command = PROGRAMS[program]
        command.make_context(program, shlex.split(options))


def test_each_web_tier_is_one_that_nginx_knows():
    known = re.findall(r"server (\S+):5000", (ROOT / "deploy" / "nginx.conf").read_text())
    tiers = [name for name, each in SERVICES.items() if "app.py" in each.get("command", "")]
    # Of those who come, and of those who are connected.
    assert known == tiers * 2


def test_only_nginx_can_be_reached_and_from_this_machine_alone():
    opened = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}
    assert opened == {"nginx": ["127.0.0.1:8080:80"]}


def test_head_worker_and_tiers_ask_for_the_token():
    ours = [each for each in SERVICES.values() if each["image"] == "moonsight"]
    assert len(ours) == 5
    assert all("RAY_AUTH_TOKEN" in each["environment"] for each in ours)


def test_image_is_built_of_what_is_there():
    lines = (ROOT / "deploy" / "Dockerfile").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]]
    assert copied
    assert all((ROOT / each).exists() for each in copied)


def test_what_serve_deploys_is_an_application_with_options_that_exist():
    [told] = yaml.safe_load((ROOT / "deploy" / "serve.yaml").read_text())["applications"]
    assert told["import_path"] == "deploy.application:build"
    assert told["name"] == "moonsight"
    build(told["args"])
    assert told["args"]["model"] != Settings().model
