import pytest

from backends.first_status import first_status
from protocol.errors import StartRefused
from protocol.status import Cluster, LoadStage, ModelState
from protocol.upstream import Upstream
from settings import Settings


def test_model_here_is_being_found():
    status = first_status(Settings(model="demo"))
    assert (status.state, status.model) == (ModelState.LOADING, "demo")
    assert status.progress.stage is LoadStage.FINDING
    assert status.upstream is None


def test_checkpoint_that_cannot_be_is_refused_at_once():
    with pytest.raises(StartRefused):
        first_status(Settings(model="/no/such/folder"))


def test_servers_are_told_by_their_hosts_alone():
    urls = ("http://localhost:8080/v1", "http://127.0.0.1:8081/v1")
    status = first_status(Settings(upstream=urls))
    assert status.upstream == Upstream(("localhost:8080", "127.0.0.1:8081"), is_here=True)
    assert status.model == ""


def test_one_server_elsewhere_is_enough_for_pictures_to_leave_this_computer():
    urls = ("http://localhost:8080/v1", "https://openrouter.ai/api/v1")
    assert not first_status(Settings(upstream=urls)).upstream.is_here


def test_model_that_was_named_is_the_one_that_is_wanted_of_the_server():
    settings = Settings(upstream=("http://localhost:8080/v1",), model="gemma-3-4b-it")
    assert first_status(settings).model == "gemma-3-4b-it"


@pytest.mark.parametrize(("address", "is_here"), [("10.0.0.5", False), ("127.0.0.1", True)])
def test_cluster_is_told_by_its_address_before_it_is_reached(address: str, is_here: bool):
    status = first_status(Settings(ray=f"{address}/cam"))
    assert status.cluster == Cluster(f"{address}:6379", is_here)
    assert not status.cluster.is_reached
