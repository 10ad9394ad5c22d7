"""What a cluster is told to run."""

import pytest

pytest.importorskip("ray")

from deploy.application import ROWS, Scale, application, build
from protocol.errors import StartRefused
from settings import Settings


def deployed(settings: Settings, scale: Scale):
    return application(settings, scale)._bound_deployment


def test_option_that_does_not_exist_is_refused_by_its_name():
    with pytest.raises(StartRefused, match="colour, size: there is no such option"):
        build({"model": "demo", "size": 1, "colour": "red"})


def test_options_are_those_of_settings_and_of_the_scale():
    app = build({"model": "demo", "max_running": 3, "min_replicas": 2, "max_replicas": 5})
    bound = app._bound_deployment
    scaling = bound._deployment_config.autoscaling_config
    assert (scaling.min_replicas, scaling.max_replicas) == (2, 5)
    (settings,) = bound.init_args
    assert (settings.model, settings.max_running) == ("demo", 3)


def test_replica_takes_whoever_a_web_tier_lets_in():
    """Who may enter, a web tier says: a replica that refused would refuse in the wrong words."""
    bound = deployed(Settings(max_waiting=7, max_waiting_per_client=2), Scale())
    (settings,) = bound.init_args
    assert settings.max_waiting_per_client == bound.max_ongoing_requests == ROWS + 7
