"""Messages of another process arrive on the loop, whole and in order."""

from tests.web.loop.story import on_a_loop


def test_wire_carries_messages_of_any_size_in_order_each_way():
    printed = on_a_loop(
        """
        import pickle, socket

        N_MESSAGES, LARGE = 500, bytes(8_000_000)
        here, there = socket.socketpair()

        def echo():
            inlet = there.makefile("rb")
            while message := pickle.load(inlet):
                there.sendall(pickle.dumps(message))
            there.shutdown(socket.SHUT_RDWR)

        def tell():
            print(heard == [*range(1, N_MESSAGES), LARGE])
            server.stop()

        Thread(target=echo).start()
        wire = Wire(here, heard.append, tell)
        for message in [*range(1, N_MESSAGES), LARGE, None]:
            wire.send(message)
        """
    )
    assert printed == "True\n"


def test_wire_carries_on_after_a_message_that_could_not_be_taken():
    printed = on_a_loop(
        """
        import pickle, socket

        here, there = socket.socketpair()
        Wire(here, lambda message: print(1 / message), server.stop)
        for message in (0, 1):
            there.sendall(pickle.dumps(message))
        there.close()
        """
    )
    assert printed == "1.0\n"


def test_wire_ends_when_the_other_side_breaks_off_within_a_message():
    printed = on_a_loop(
        """
        import pickle, socket

        here, there = socket.socketpair()
        wire = Wire(here, heard.append, lambda: bridge.call(end))

        def end():
            print(heard, wire.wait_for_end(0.0))
            server.stop()

        there.sendall(pickle.dumps("whole") + pickle.dumps("half of a longer one")[:12])
        there.close()
        """
    )
    assert printed == "['whole'] True\n"
