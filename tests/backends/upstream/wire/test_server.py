"""One server: what it has, what its errors say, and a key that stays between it and us."""

import gc
import logging
import socket
import ssl
from collections.abc import Iterator
from threading import Thread

import pytest

from backends.upstream.wire.limits import Limits
from protocol.errors import Busy, RequestError, UpstreamFailed, UpstreamRefused
from protocol.status import ModelState
from protocol.upstream import KEY_NAME
from tests.backends.upstream.certificates import self_signed
from tests.backends.upstream.connected import QUICK, connected
from tests.scripted_server import (
    Script,
    Talk,
    answers,
    chunk,
    cuts,
    event,
    hangs,
    head,
    lists,
    says,
    sends,
    serve_script,
    stays,
    streams,
)
from tests.server import free_port

KEY = "sk-Very-Secret-0123456789"


@pytest.fixture
def key(monkeypatch) -> str:
    monkeypatch.setenv(KEY_NAME, f" {KEY}\n")
    return KEY


@pytest.fixture(scope="module")
def tls(tmp_path_factory) -> Iterator[tuple[ssl.SSLContext, str]]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(
    ("models", "ids"),
    [
        (lists("b", "a"), ("b", "a")),
        (answers(200, {"models": [{"name": "llava:7b"}]}), ("llava:7b",)),
        (answers(200, ["a", {"id": "b"}]), ("a", "b")),
        (answers(200, {"data": [{"id": "a"}]}, kind="text/plain"), ("a",)),
        (lists(*(f"{number}" for number in range(3000))), tuple(map(str, range(2000)))),
    ],
)
def test_models_of_a_server_can_be_chosen(models: Script, ids: tuple[str, ...]):
    with serve_script(models=models) as server, connected(server.url) as wire:
        assert wire.status.state is ModelState.READY
        assert (wire.status.model, wire.status.upstream.models) == (ids[0], ids)


@pytest.mark.parametrize("status", [404, 405, 501])
def test_server_that_lists_no_models_is_good_for_one_that_is_named(status: int):
    with serve_script(models=answers(status, "no")) as server:
        with connected(server.url, model="gemma") as wire:
            assert (wire.status.state, wire.status.model) == (ModelState.READY, "gemma")
            assert wire.text() == "Red"
        with connected(server.url) as wire:
            assert wire.status.state is ModelState.FAILED
            assert wire.status.error == (
                f"{server.host} lists no models. Name one with --model, start again."
            )


NO_API = "not with OpenAI's API. Is the address right?"


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        (sends(), "{host} broke off the connection."),
        (sends("SSH-2.0-OpenSSH_9\r\n"), "{host} broke off the connection."),
        (sends("HTTP/1.1 200 OK\r\nContent-Len"), "{host} broke off the connection."),
        (sends(head(200, "Content-Length: 90"), "{"), "{host} broke off the connection."),
        (answers(200, "<html>", kind="text/html"), "{host} answered with a web page, " + NO_API),
        (answers(200, "{}"), "{host} lists no models, as OpenAI's API does. Is the address right?"),
        (answers(200, "7"), "{host} lists no models, as OpenAI's API does. Is the address right?"),
        (answers(200, ""), "{host} sent something that is no JSON."),
        (answers(200, "[" * 10_000), "{host} sent something that is no JSON."),
        (answers(200, "[" + "1," * 500_000 + "1]"), "{host} sent more than any answer has."),
        (answers(200, '"' + "x" * 2**20), "{host} sent more than any answer has."),
        (answers(401, {"error": "No."}), "{host} wants a key. Set " + KEY_NAME + ", start again."),
        (answers(403, ""), "{host} wants a key. Set " + KEY_NAME + ", start again."),
        (answers(429, ""), "{host} takes no more just now. Ask again later."),
        (answers(500, {"error": "Oh"}), "{host} failed: Oh."),
        (answers(502, "<html>", kind="text/html"), "{host} answered 502."),
        (answers(204, ""), "{host} answered 204."),
        (
            answers(301, "", "Location: https://other.example/models"),
            "{host} leads to https://other.example: redirects are not followed."
            " Start with the address it leads to.",
        ),
        (
            answers(200, "", "Content-Encoding: br"),
            "{host} compressed its answer, which was not asked for.",
        ),
    ],
)
def test_server_that_is_not_well_says_why_and_is_well_again(models: Script, sentence: str):
    limits = Limits(**{**vars(QUICK), "max_models_bytes": 10**6})
    with serve_script(models=models) as server, connected(server.url, limits=limits) as wire:
        assert wire.status.state is ModelState.FAILED
        assert wire.status.error == sentence.format(host=server.host)
        status, failure = wire.told[-1]
        assert (status, failure.message) == (wire.status, wire.status.error)
        server.models = lists("gemma")
        wire.refresh()
        assert (wire.status.state, wire.status.error) == (ModelState.READY, None)
        assert wire.told[-1][1] is None


def test_server_that_says_nothing_is_told_and_is_well_when_it_does():
    limits = Limits(**{**vars(QUICK), "look_s": 0.1})
    with serve_script(models=hangs) as server, connected(server.url, limits=limits) as wire:
        assert wire.status.error == f"No answer from {server.host}. Is it running?"
        server.models = lists("gemma")
        wire.keep_to(QUICK)
        wire.refresh()
        assert wire.status.state is ModelState.READY


def test_server_that_is_not_there_is_told():
    port = free_port()
    with connected(f"http://127.0.0.1:{port}/v1") as wire:
        assert wire.status.error == f"No answer from 127.0.0.1:{port}. Is it running?"
        with pytest.raises(UpstreamFailed, match=r"No answer from .* Is it running\?"):
            wire.ask()


def test_server_that_loads_its_model_is_waited_for():
    loading = answers(503, {"error": {"message": "Loading model", "code": 503}})
    with serve_script(models=loading) as server, connected(server.url) as wire:
        assert (wire.status.state, wire.status.error) == (ModelState.LOADING, None)
        server.models = lists("gemma")
        wire.refresh()
        assert wire.status.state is ModelState.READY


REDIRECT = (
    "leads to http://127.0.0.1:1: redirects are not followed. Start with the address it leads to."
)


@pytest.mark.parametrize(
    ("script", "n_asked", "kind", "words"),
    [
        (
            answers(401, {"error": {"message": "No."}}),
            1,
            UpstreamRefused,
            "wants a key. Set " + KEY_NAME + ", start again.",
        ),
        (
            answers(403, "<html>"),
            1,
            UpstreamRefused,
            "wants a key. Set " + KEY_NAME + ", start again.",
        ),
        (
            answers(404, {"error": {"message": "model 'gemma' not found"}}),
            1,
            UpstreamRefused,
            "has no model named gemma. Choose another.",
        ),
        (
            answers(404, "<html>"),
            1,
            UpstreamRefused,
            "has nothing at this address. Is it the right one?",
        ),
        (
            answers(413, ""),
            1,
            UpstreamRefused,
            "takes no picture of this size. Choose a smaller picture.",
        ),
        (
            answers(400, {"detail": "`top_p` is odd"}),
            1,
            UpstreamRefused,
            "refused this: `top_p` is odd.",
        ),
        (answers(400, "x" * 10**6), 1, UpstreamRefused, "answered 400."),
        (answers(307, "", "Location: http://127.0.0.1:1/x?y=z"), 1, UpstreamFailed, REDIRECT),
        (answers(429, ""), 3, Busy, "takes no more just now. Ask again later."),
        (answers(429, "", "Retry-After: 0"), 3, Busy, "takes no more just now. Ask again later."),
        (answers(429, "", "Retry-After: 90"), 1, Busy, "takes no more just now. Ask again later."),
        (
            answers(500, {"error": {"message": "Oh", "code": 500}}),
            3,
            UpstreamRefused,
            "failed: Oh.",
        ),
        (
            answers(500, {"error": {"message": "image input is not supported"}}),
            1,
            UpstreamRefused,
            "failed: image input is not supported.",
        ),
        (answers(503, "<html>"), 3, UpstreamFailed, "answered 503."),
        (sends(), 3, UpstreamFailed, "broke off the connection."),
        (sends("HTTP/1.1 200"), 3, UpstreamFailed, "broke off the connection."),
        (sends("\x00" * 1000), 3, UpstreamFailed, "broke off the connection."),
        (sends(head(200, "Content-Length: 9")), 3, UpstreamFailed, "broke off the connection."),
        (
            sends(head(200, "Content-Length: 90"), "{"),
            3,
            UpstreamFailed,
            "broke off the connection.",
        ),
        (cuts(), 3, UpstreamFailed, "broke off the connection."),
        (cuts("data: {"), 3, UpstreamFailed, "broke off the connection."),
    ],
)
def test_server_that_does_not_answer_is_told_and_the_next_answer_is_read(
    script: Script, n_asked: int, kind: type[RequestError], words: str
):
    with serve_script(*[script] * n_asked, says("Red")) as server, connected(server.url) as wire:
        with pytest.raises(RequestError) as failed:
            wire.ask()
        assert (type(failed.value), server.n_asked) == (kind, n_asked)
        assert failed.value.message == f"{server.host} {words}"
        assert wire.text() == "Red"
        assert wire.status.state is ModelState.READY


def test_server_says_when_it_wants_to_be_asked_again():
    with serve_script(answers(429, "", "Retry-After: 90")) as server, connected(server.url) as wire:
        with pytest.raises(Busy) as busy:
            wire.ask()
        assert busy.value.retry_after_s == 90


@pytest.mark.parametrize(
    "script",
    [
        answers(429, "", "Retry-After: 0"),
        answers(500, "oh"),
        answers(502, ""),
        answers(503, {"error": "Service Unavailable"}),
        answers(504, "<html>"),
        sends(),
        cuts(),
        streams(event({"error": {"message": "Overloaded", "code": 503}})),
    ],
)
def test_what_passes_is_asked_again_before_anything_is_told(script: Script):
    with serve_script(script, says("Red")) as server, connected(server.url) as wire:
        assert wire.text() == "Red"
        assert server.n_asked == 2


def test_model_that_is_being_loaded_is_waited_for_longer_than_all_else():
    loading = answers(503, {"error": {"message": "Loading model", "code": 503}})
    with serve_script(*[loading] * 9, says("Red")) as server, connected(server.url) as wire:
        assert wire.text() == "Red"
        assert server.n_asked == 10


def test_model_that_is_loaded_for_ever_is_told():
    loading = answers(503, {"error": {"message": "Loading model", "code": 503}})
    limits = Limits(**{**vars(QUICK), "loading_s": 0.0})
    with (
        serve_script(loading) as server,
        connected(server.url, limits=limits) as wire,
        pytest.raises(UpstreamFailed, match="still loading its model"),
    ):
        wire.ask()


def test_error_whose_words_never_come_is_told_without_them():
    limits = Limits(**{**vars(QUICK), "look_s": 0.3})

    def refuse(talk: Talk) -> None:
        talk.send(head(400, "Content-Length: 90"), '{"err')
        talk.wait_for_end()

    with serve_script(refuse, says("Red")) as server, connected(server.url, limits=limits) as wire:
        with pytest.raises(UpstreamRefused, match="answered 400"):
            wire.ask()
        wire.keep_to(QUICK)
        assert wire.text() == "Red"


def test_connection_is_used_again():
    with serve_script(says("Red"), says("Blue")) as server, connected(server.url) as wire:
        assert (wire.text(), wire.text()) == ("Red", "Blue")
        assert server.n_connections == 1


def test_server_that_has_closed_a_kept_connection_is_asked_on_another():
    closing = sends(head(200, "Content-Length: 15"), '{"choices": []}')
    with serve_script(closing, says("Blue")) as server, connected(server.url) as wire:
        assert wire.ask() == [{"choices": []}]
        assert wire.text() == "Blue"


def test_key_is_sent_to_the_server_that_was_named(key: str):
    with serve_script(models=lists("gemma")) as server, connected(server.url) as wire:
        wire.ask()
        assert server.next().headers["authorization"] == f"Bearer {key}"


def test_without_a_key_none_is_sent(monkeypatch):
    monkeypatch.delenv(KEY_NAME, raising=False)
    with serve_script() as server, connected(server.url) as wire:
        wire.ask()
        assert "authorization" not in server.next().headers


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_key_and_picture_follow_no_redirect(key: str, status: int):
    with serve_script() as elsewhere:
        leads = answers(status, "", f"Location: {elsewhere.url}")
        with (
            serve_script(leads, models=leads) as server,
            connected(server.url) as wire,
            pytest.raises(UpstreamFailed, match="redirects are not followed"),
        ):
            wire.ask()
        assert elsewhere.n_connections == 0


def test_key_that_a_server_echoes_is_told_nowhere(key: str, caplog):
    """Not in an error, a status, a model's name, a log, nor in what objects say of themselves."""
    echo = f"Bad key {KEY}, {KEY.upper()}"
    echoes = [
        answers(401, {"error": {"message": echo}}, f"X-Echo: {KEY}"),
        answers(400, {"error": {"message": echo, "code": KEY}}),
        answers(404, {"error": {"message": f"model {KEY}"}}),
        answers(302, "", f"Location: https://{KEY}.example/{KEY}"),
        answers(429, {"detail": f"{' ' * 280}{KEY}"}, f"Retry-After: {KEY}"),
        answers(500, {"error": echo}),
        answers(500, {"error": echo}),
        answers(500, {"error": echo}),
        answers(200, f"<html>{KEY}", kind="text/html"),
        answers(200, KEY, kind=KEY),
        streams(event({"error": {"message": echo}})),
        streams(event({"error": {"message": echo}})),
        streams(event({"error": {"message": echo}})),
        streams(event(chunk("Red")), event({"error": {"message": echo, "code": 400}})),
        sends(f"HTTP/1.1 {KEY}\r\n\r\n"),
        sends(f"HTTP/1.1 {KEY}\r\n\r\n"),
        sends(f"HTTP/1.1 {KEY}\r\n\r\n"),
    ]
    said: list[str] = []
    with (
        caplog.at_level(logging.DEBUG),
        serve_script(*echoes, models=lists("gemma", KEY, f"x{KEY.lower()}")) as server,
        connected(server.url) as wire,
    ):
        while server.n_asked < len(echoes):
            with pytest.raises(RequestError) as failed:
                wire.ask()
            said += [str(failed.value), repr(failed.value), repr(vars(failed.value))]
        for models in echoes:
            server.models = models
            wire.refresh()
        said += [repr(wire.told), repr(wire.status), repr(wire.servers), repr(vars(wire.servers))]
        said += [repr(vars(each)["_client"].headers) for each in wire.servers._servers]
    said += [f"{record.getMessage()} {record.args}" for record in caplog.records]
    gc.collect()
    assert len(said) > 30
    assert [line for line in said if KEY.lower() in line.lower()] == []


def test_certificate_that_is_not_trusted_is_told(tls):
    context, _ = tls
    with serve_script(context=context) as server, connected(server.url) as wire:
        told = f"{server.host} has a certificate that is not trusted: self-signed certificate."
        assert wire.status.error == told
        with pytest.raises(UpstreamFailed, match="not trusted"):
            wire.ask()


def test_certificate_that_this_computer_trusts_is_good(tls, monkeypatch):
    context, path = tls
    monkeypatch.setenv("SSL_CERT_FILE", path)
    with serve_script(context=context) as server, connected(server.url) as wire:
        assert wire.status.state is ModelState.READY
        assert wire.text() == "Red"


def test_certificate_of_another_host_is_told(tls, monkeypatch):
    context, path = tls
    monkeypatch.setenv("SSL_CERT_FILE", path)
    with serve_script(context=context) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        with connected(url) as wire:
            assert "has a certificate that is not trusted: Hostname mismatch" in wire.status.error


def test_server_that_speaks_no_tls_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(2**16)

        Thread(target=serve, daemon=True).start()
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        with connected(f"https://{host}/v1") as wire:
            assert wire.status.error == f"{host} opened no safe connection."


def test_server_that_speaks_tls_alone_is_told(tls):
    with (
        serve_script(context=tls[0]) as server,
        connected(server.url.replace("https:", "http:")) as wire,
    ):
        assert wire.status.error == f"{server.host} broke off the connection."


def test_proxy_is_asked_for_other_hosts_alone(monkeypatch):
    with serve_script() as proxy, serve_script() as server:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.host}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        with connected(server.url) as wire:
            assert wire.text() == "Red"
            assert proxy.n_connections == 0
        with connected("http://models.example/v1") as wire:
            assert wire.text() == "Red"
        assert proxy.next().path == "http://models.example/v1/chat/completions"


def test_leaving_an_answer_early_closes_its_connection():
    async def leave(wire) -> None:
        answer = wire.servers.post("/chat/completions", {}, "gemma")
        await anext(answer)
        await answer.aclose()

    script = stays(event(chunk("Red")))
    with serve_script(script, says("Red")) as server, connected(server.url) as wire:
        wire.run(leave(wire))
        assert server.ended.wait(30)
        assert [each.n_running for each in wire.servers._servers] == [0]
        assert wire.text() == "Red"
