"""The check where another server answers: the page's test of it, as lines."""

from doctor.report import Report
from model import load_model
from protocol.errors import RequestError
from protocol.hosts import parse_upstream
from settings import Settings

# What each thing that is tried is called, and without which of them nothing is answered.
TOPICS = {
    "reached": "Server",
    "key": "Key",
    "model": "Model",
    "sees": "Pictures",
    "streams": "Words",
    "places": "Places",
}
NEEDED = ("reached", "key", "model", "sees")


def tell_upstream(settings: Settings, report: Report) -> None:
    """Have the servers tested, and tell each step as it ends."""
    hosts = dict.fromkeys(parse_upstream(url).host for url in settings.upstream)
    report.tell("Upstream", f"{' and '.join(hosts)}, where pictures go")
    try:
        with load_model(settings) as model:
            for step in model.check():
                is_fault = step.is_well is False and step.what in NEEDED
                words = f"{step.words}. {step.remedy}" if step.remedy else step.words
                (report.fault if is_fault else report.tell)(TOPICS[step.what], words)
    except RequestError as error:
        report.fault("Server", error.message)
