"""Calls of native threads arrive on the loop, which is a process of its own in these tests."""

from tests.web.loop.story import on_a_loop


def test_bridge_keeps_the_order_of_each_thread():
    printed = on_a_loop(
        """
        N_THREADS, N_CALLS = 4, 5000

        def count(name):
            for i in range(N_CALLS):
                bridge.call(heard.append, (name, i))
            bridge.call(end_when_all_came)

        def end_when_all_came():
            if len(heard) < N_THREADS * N_CALLS:
                return
            by_name = [[i for each, i in heard if each == name] for name in range(N_THREADS)]
            print(by_name == [list(range(N_CALLS))] * N_THREADS)
            server.stop()

        for name in range(N_THREADS):
            Thread(target=count, args=(name,)).start()
        """
    )
    assert printed == "True\n"


def test_bridge_runs_calls_on_the_loop_and_not_on_the_thread_that_made_them():
    printed = on_a_loop(
        """
        def tell():
            print(current_thread() is main_thread())
            server.stop()

        Thread(target=bridge.call, args=(tell,)).start()
        """
    )
    assert printed == "True\n"


def test_bridge_carries_on_after_a_call_that_fails():
    printed = on_a_loop(
        """
        bridge.call(lambda: 1 / 0)
        bridge.call(print, "carried on")
        bridge.call(server.stop)
        """
    )
    assert printed == "carried on\n"


def test_call_that_comes_later_lets_the_others_go_first():
    printed = on_a_loop(
        """
        def first():
            bridge.call_later(0.01, print, "later")
            bridge.call_later(0.02, lambda: 1 / 0)
            bridge.call_later(0.03, server.stop)
            print("at once")

        bridge.call(first)
        """
    )
    assert printed == "at once\nlater\n"
