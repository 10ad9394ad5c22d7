"""What docs/upstream.md says is so: addresses, settings and patience are those of the code."""

import json
import re

from backends.upstream.wire.limits import LIMITS
from protocol.formats.fields import Fields
from protocol.formats.skills import parse_upstream as parse_settings
from protocol.hosts import parse_upstream
from protocol.upstream import UpstreamParams
from tests.server import ROOT

DOCUMENT = (ROOT / "docs" / "upstream.md").read_text()


def test_every_address_is_one_that_a_start_takes():
    addresses = set(re.findall(r"--upstream (http\S+?)[`\" ]", DOCUMENT))
    urls = {parse_upstream(each).url for each in addresses}
    assert len(addresses) > 5
    assert "https://openrouter.ai/api/v1" in urls
    assert all(url.endswith("/v1") for url in urls)


def test_settings_are_those_that_are_read():
    (snippet,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    told = json.loads(snippet)
    assert told.keys() == UpstreamParams.__dataclass_fields__.keys()
    read = parse_settings(Fields({"upstream": told}))
    assert (read.model, read.instruction) == (told["model"], told["instruction"])
    default = UpstreamParams()
    assert (read.longer_side_px, read.quality) == (default.longer_side_px, default.quality)


def test_patience_is_that_of_the_code():
    assert (LIMITS.connect_s, LIMITS.first_byte_s, LIMITS.between_s) == (5, 120, 30)
    assert "5 s to connect, 120 s to the first byte" in DOCUMENT
    assert (LIMITS.whole_s, len(LIMITS.pauses_s), LIMITS.retry_after_s) == (600, 2, 5)
    assert (LIMITS.loads_s, LIMITS.loading_s) == (1, 120)
    assert LIMITS.away_s == (1, 2, 5, 10)
