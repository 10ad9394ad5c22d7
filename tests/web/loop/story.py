"""Stories told by a loop of their own, in a process of their own."""

import subprocess
import sys
import textwrap

from tests.server import ROOT

STORY_TIMEOUT_S = 20


def on_a_loop(story: str) -> str:
    """Run `story` with a bridge and a server that serves; returns what it printed."""
    script = textwrap.dedent(
        """
        from threading import Thread, current_thread, main_thread
        from web.loop.calls import Bridge
        from web.loop.server import Server, listen
        from web.loop.wire import Wire

        bridge, heard = Bridge(), []
        server = Server(bridge)
        {story}
        server.serve(lambda environ, start_response: [], listen("127.0.0.1", 0))
        """
    ).format(story=textwrap.dedent(story))
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=STORY_TIMEOUT_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
