"""What is put into a mailbox comes out in order, to the greenlet that waits."""

from tests.web.loop.story import on_a_loop


def test_items_come_out_in_the_order_in_which_they_were_put_in():
    told = on_a_loop(
        """
        import eventlet
        from web.loop.mailbox import Mailbox

        mailbox = Mailbox()

        def read():
            print(*(mailbox.take(10) for _ in range(3)), len(mailbox))
            server.stop()

        eventlet.spawn(read)
        for item in "abcd":
            eventlet.spawn(mailbox.put, item)
        """
    )
    assert told == "a b c 1\n"


def test_mailbox_that_stays_empty_gives_nothing_after_its_time():
    told = on_a_loop(
        """
        import eventlet
        from web.loop.mailbox import Mailbox

        def read():
            print(Mailbox().take(0.01))
            server.stop()

        eventlet.spawn(read)
        """
    )
    assert told == "None\n"
