"""A frame that is sent ahead of its question: looked at once, and asked about by its name."""

from tests.protocol.pictures import encoded
from tests.server import connect, over_the_wire

JPEG = encoded()


@over_the_wire
async def test_look_ends_with_the_name_of_a_frame_that_can_be_asked_about(server):
    async with connect(server) as anna:
        await anna.send("look", id="ahead", image=JPEG)
        looked = await anna.wait_for("looked", "ahead")
        assert looked["finish_reason"] == "stop"
        asked = await anna.send(question="What is it?", frame=looked["frame"])
        assert (await anna.response(asked))["answer"]
        started = await anna.wait_for("started", asked)
        assert started["frame"] == looked["frame"]
        assert "response" not in [name for name, _ in anna.story("ahead")]


@over_the_wire
async def test_look_at_no_picture_ends_with_the_reason(server):
    async with connect(server) as anna:
        await anna.send("look", id="ahead", image=JPEG[:40])
        looked = await anna.wait_for("looked", "ahead")
    assert looked["frame"] is None
    assert looked["finish_reason"] == "error"
    assert looked["error"]["code"] == "bad_image"


@over_the_wire
async def test_frame_of_a_look_is_held_for_its_sender_only(server):
    async with connect(server) as anna, connect(server) as boris:
        await anna.send("look", id="ahead", image=JPEG)
        looked = await anna.wait_for("looked", "ahead")
        response = await boris.ask(question="What is it?", frame=looked["frame"])
    assert response["error"]["code"] == "frame_forgotten"


@over_the_wire
async def test_every_look_ends_even_when_many_are_sent_at_once(server):
    async with connect(server) as anna:
        for n in range(6):
            await anna.send("look", id=f"ahead-{n}", image=JPEG)
        ends = await anna.count("looked", 6)
    assert sorted(each["id"] for each in ends) == [f"ahead-{n}" for n in range(6)]
