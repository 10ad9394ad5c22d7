from protocol.status import ModelState, Status
from protocol.upstream import Upstream

HERE = Status(ModelState.READY, "demo", "cpu")


def through(model: str, *models: str) -> Status:
    return Status(ModelState.READY, model, upstream=Upstream(("api.example.com",), False, models))


def test_model_here_is_the_only_one_and_answers_whatever_it_is_called():
    assert HERE.models == ("demo",)
    assert HERE.answering("gpt-4o") == HERE.answering("") == "demo"


def test_all_models_of_a_server_can_answer_who_names_them():
    status = through("gemma", "gemma", "llava")
    assert status.models == ("gemma", "llava")
    assert status.answering("llava") == "llava"
    assert status.answering("gpt-4o") == "gemma"


def test_model_that_was_named_at_the_start_is_among_them_though_it_is_not_listed():
    assert through("custom", "gemma").models == ("custom", "gemma")


def test_nothing_can_answer_before_it_is_known_what_is_there():
    assert through("").models == ()
