from contextlib import closing

from backends.kinds import make_model
from backends.resident import ResidentModel
from backends.upstream.model import UpstreamModel
from settings import Settings


def test_named_server_answers_in_the_place_of_a_model_here():
    with closing(make_model(Settings(upstream=("http://127.0.0.1:1/v1",)))) as model:
        assert isinstance(model, UpstreamModel)


def test_model_here_answers_otherwise():
    with closing(make_model(Settings(model="demo"))) as model:
        assert isinstance(model, ResidentModel)
