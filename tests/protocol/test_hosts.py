"""One host has many spellings, and none of another's."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.hosts import (
    ClusterAddress,
    Origin,
    parse_address,
    parse_cluster,
    parse_hook,
    parse_host,
    parse_origin,
    parse_upstream,
)

LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
PORTS = st.just("") | st.just(":") | st.integers(1, 65535).map(":{}".format)


def cased(text: str) -> st.SearchStrategy[str]:
    """The text in any mixture of upper and lower case."""
    flags = st.lists(st.booleans(), min_size=len(text), max_size=len(text))
    return flags.map(
        lambda ups: "".join(c.upper() if up else c for c, up in zip(text, ups, strict=True))
    )


def spellings_of(address: IPv6Address) -> list[str]:
    groups = [f"{int(group, 16):x}" for group in address.exploded.split(":")]
    return [address.compressed, address.exploded, ":".join(groups), ":".join(groups).upper()]


@given(st.data(), NAMES, PORTS, st.sampled_from(["", "."]))
def test_name_is_one_in_every_spelling(data, name: str, port: str, dot: str):
    assert parse_host(data.draw(cased(name)) + dot + port).name == name


@given(st.data(), st.integers(0, 2**128 - 1).map(IPv6Address), PORTS)
def test_ipv6_address_is_one_in_every_spelling(data, address: IPv6Address, port: str):
    spelling = data.draw(st.sampled_from(spellings_of(address)))
    mapped = address.ipv4_mapped
    assert parse_host(f"[{spelling}]{port}").name == str(mapped or f"[{address}]")


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_ipv4_address_is_one_in_every_spelling(address: IPv4Address):
    for spelling in (str(address), str(int(address)), hex(int(address)), f"[::ffff:{address}]"):
        assert parse_host(spelling).name == str(address)


@given(NAMES, NAMES)
def test_two_names_are_two(one: str, other: str):
    assert (parse_host(one).name == parse_host(other).name) == (one == other)


@given(st.text() | st.text("[]:.%019aflocalhst@/ \0", max_size=20))
def test_any_text_is_a_host_or_refused(text: str):
    for parse in (
        parse_host,
        parse_address,
        parse_origin,
        parse_hook,
        parse_upstream,
        parse_cluster,
    ):
        try:
            parse(text)
        except ValueError as refused:
            assert str(refused).endswith(".")  # noqa: PT017


NO_HOSTS = ["", ".", "a..b", "a b", "[::1", "::1]", "[]", "[localhost]", "a:b", "a:0", "a:65536"]
NO_HOSTS += ["a:80:80", "me@localhost", "localhost/", "localhost,evil", "127.0.0.1 evil", "a\0"]


@pytest.mark.parametrize("text", [*NO_HOSTS, "x" * 64, "\ud800"])
def test_what_is_no_host_is_refused(text: str):
    with pytest.raises(ValueError, match=r"neither|no port|no IPv6"):
        parse_host(text)


def test_name_of_other_letters_is_the_one_that_travels():
    assert parse_host("Bücher.example").name == "xn--bcher-kva.example"


@given(st.data(), NAMES, st.sampled_from(["http", "https"]), st.integers(1, 65535))
def test_origin_is_one_in_every_spelling(data, name: str, scheme: str, port: int):
    usual = {"http": 80, "https": 443}[scheme]
    text = f"{data.draw(cased(scheme))}://{data.draw(cased(name))}"
    slash = data.draw(st.sampled_from(["", "/"]))
    assert parse_origin(f"{text}:{port}{slash}") == Origin(scheme, name, port)
    assert parse_origin(text + slash) == Origin(scheme, name, usual)
    assert str(parse_origin(f"{text}:{usual}{slash}")) == f"{scheme}://{name}"


@given(NAMES, st.integers(1, 65535), st.integers(1, 65535))
def test_two_ports_are_two_origins(name: str, one: int, other: int):
    origins = [parse_origin(f"http://{name}:{port}") for port in (one, other)]
    assert (origins[0] == origins[1]) == (one == other)


@pytest.mark.parametrize(
    ("text", "url", "host", "is_here", "credentials"),
    [
        (
            "http://127.0.0.1:8123/a?b=c#d",
            "http://127.0.0.1:8123/a?b=c",
            "127.0.0.1:8123",
            True,
            None,
        ),
        (" https://Hooks.Example. ", "https://hooks.example/", "hooks.example", False, None),
        ("https://hooks.example:443/x", "https://hooks.example/x", "hooks.example", False, None),
        ("http://[::1]:80/", "http://[::1]/", "[::1]", True, None),
        ("HTTP://LOCALHOST:81", "http://localhost:81/", "localhost:81", True, None),
        ("http://a.localhost/", "http://a.localhost/", "a.localhost", True, None),
        (
            "http://localhost.example/",
            "http://localhost.example/",
            "localhost.example",
            False,
            None,
        ),
        ("http://127.1/", "http://127.0.0.1/", "127.0.0.1", True, None),
        ("http://10.0.0.5/", "http://10.0.0.5/", "10.0.0.5", False, None),
        (
            "https://me:p%40s:s@h.example/",
            "https://h.example/",
            "h.example",
            False,
            ("me", "p@s:s"),
        ),
        ("https://me@h.example/", "https://h.example/", "h.example", False, ("me", "")),
        ("http://localhost@h.example/", "http://h.example/", "h.example", False, ("localhost", "")),
    ],
)
def test_webhook_is_read_and_its_password_kept_apart(text, url, host, is_here, credentials):
    address = parse_hook(text)
    assert (address.url, address.host) == (url, host)
    assert (address.is_here, address.credentials) == (is_here, credentials)


@pytest.mark.parametrize(
    "text",
    [
        "hooks.example",
        "http://",
        "http:///secret",
        "ftp://me:secret@hooks.example/",
        "file:///secret",
        "http://me:secret@/",
        "http://me:secret@hooks.example:0/",
        "http://hooks.example:port/secret",
        "http://hooks.example/a secret",
        "http://hooks.example/\nsecret",
        "http://[::1/secret",
        "http://[secret]/",
    ],
)
def test_webhook_that_cannot_be_is_refused_and_not_repeated(text: str):
    with pytest.raises(ValueError, match=r"http://127\.0\.0\.1") as refused:
        parse_hook(text)
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:8080", "http://localhost:8080/v1"),
        ("http://localhost:8080/", "http://localhost:8080/v1"),
        ("http://localhost:8080/v1", "http://localhost:8080/v1"),
        (" http://localhost:8080/v1// ", "http://localhost:8080/v1"),
        ("http://localhost:8080/v1/chat/completions", "http://localhost:8080/v1"),
        ("http://localhost:8080/v1/models/", "http://localhost:8080/v1"),
        ("http://localhost:8080/v1/responses", "http://localhost:8080/v1"),
        # Ollama, LM Studio
        ("localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:11434/api", "http://localhost:11434/v1"),
        ("http://localhost:11434/api/chat", "http://localhost:11434/v1"),
        ("http://localhost:11434/api/tags/", "http://localhost:11434/v1"),
        ("http://localhost:1234/api/v0", "http://localhost:1234/api/v0"),
        # OpenRouter and other hosts of the internet
        ("openrouter.ai", "https://openrouter.ai/api/v1"),
        ("https://openrouter.ai/", "https://openrouter.ai/api/v1"),
        ("https://openrouter.ai/api", "https://openrouter.ai/api/v1"),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        ("https://openrouter.ai/api/v1/chat/completions", "https://openrouter.ai/api/v1"),
        ("api.openai.com", "https://api.openai.com/v1"),
        ("https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1"),
        ("https://h.example/api/v1", "https://h.example/api/v1"),
        ("https://h.example/api/paas/v4/", "https://h.example/api/paas/v4"),
        ("https://h.example/v1beta/openai/", "https://h.example/v1beta/openai"),
        ("https://h.example/behind/a/proxy", "https://h.example/behind/a/proxy/v1"),
        # What is near is asked without TLS where nobody says otherwise.
        ("192.168.0.7:1234", "http://192.168.0.7:1234/v1"),
        ("[::1]:8080", "http://[::1]:8080/v1"),
        ("desk.local:8080", "http://desk.local:8080/v1"),
        ("desk:8080", "http://desk:8080/v1"),
        ("https://desk.local", "https://desk.local/v1"),
    ],
)
def test_base_url_is_read_as_people_write_it(text: str, url: str):
    assert parse_upstream(text).url == url
    assert parse_upstream(url).url == url


@pytest.mark.parametrize(
    "text",
    [
        "http://me:secret@h.example/v1",
        "http://h.example/v1?key=secret",
        "https://h.example/#secret",
    ],
)
def test_key_in_a_base_url_is_refused_and_not_repeated(text: str):
    with pytest.raises(ValueError, match="A key belongs into MOONSIGHT_UPSTREAM_KEY") as refused:
        parse_upstream(text)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["", " ", "://", "http://", "ftp://h", "h:99999", "http://h/a b", "http://[::1/v1", "\0"],
)
def test_base_url_that_cannot_be_is_refused(text: str):
    with pytest.raises(ValueError, match="It is no web address"):
        parse_upstream(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.5", ClusterAddress("10.0.0.5:6379", "moonsight", is_here=False)),
        (" head.lan:6380 ", ClusterAddress("head.lan:6380", "moonsight", is_here=False)),
        ("HEAD/cam-2", ClusterAddress("head:6379", "cam-2", is_here=False)),
        ("127.0.0.2:7000/x", ClusterAddress("127.0.0.2:7000", "x", is_here=True)),
        ("[::1]:7000", ClusterAddress("[::1]:7000", "moonsight", is_here=True)),
    ],
)
def test_cluster_is_read_as_people_write_it(text: str, address: ClusterAddress):
    assert parse_cluster(text) == address
    assert parse_cluster(str(address)) == address


@pytest.mark.parametrize(
    "text",
    ["", "auto pilot", "http://10.0.0.5:6379", "ray://10.0.0.5", "a:b", "a:0", "a/b/c", "a/ä"],
)
def test_what_is_no_cluster_is_refused(text: str):
    with pytest.raises(ValueError, match=r"\w"):
        parse_cluster(text)
