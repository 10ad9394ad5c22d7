"""What happens in the clip of the live bench, and what a camera makes of it."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.clip import (
    EVENTS,
    FLICKER,
    FRAMES_PER_S,
    GAP_S,
    HEIGHT_PX,
    LEAD_S,
    NOISE_LEVELS,
    SETTLE_S,
    TAIL_S,
    WIDTH_PX,
    Clip,
    frames,
    make_clip,
    shoot,
    write_y4m,
)

STILL_S = 1.0


@pytest.fixture(scope="module")
def clip() -> Clip:
    """A clip of four events of each kind, of which any answer was right."""
    return make_clip(3, lambda picture, sentence: True, n_of_each=4, still_s=STILL_S)


def test_clip_has_as_many_of_each_event(clip: Clip):
    assert Counter(part.event for part in clip.parts[1:]) == dict.fromkeys(EVENTS, 4)


def test_events_come_at_irregular_times_and_nothing_comes_at_the_end(clip: Clip):
    begins = [part.begins_at_s for part in clip.parts]
    gaps = [round(later - earlier, 1) for earlier, later in pairwise(begins)]
    assert gaps[0] == LEAD_S
    assert all(GAP_S[0] <= gap <= GAP_S[1] for gap in gaps[1:])
    assert len(set(gaps[1:])) > 4
    assert clip.ends_at_s == pytest.approx(begins[-1] + SETTLE_S + STILL_S + TAIL_S)


def test_each_event_changes_what_is_right_to_say(clip: Clip):
    assert all(later.sentence != earlier.sentence for earlier, later in pairwise(clip.parts))


def test_only_scenes_are_taken_that_are_answered_right():
    asked = []

    def is_right(picture: Image.Image, sentence: str) -> bool:
        asked.append((picture.tobytes(), sentence))
        return "heart" not in sentence

    clip = make_clip(4, is_right, n_of_each=1, still_s=STILL_S)
    checked = set(asked)
    for part in clip.parts:
        assert "heart" not in part.sentence
        assert (part.picture.tobytes(), part.sentence) in checked


def test_same_seed_makes_the_same_clip(clip: Clip):
    again = make_clip(3, lambda picture, sentence: True, n_of_each=4, still_s=STILL_S)
    assert again == clip


def test_shots_have_the_noise_and_the_flicker_that_are_told():
    grey = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (120, 120, 120))
    generator = np.random.default_rng(1)
    shots = [shoot(grey, generator).astype(float) for _ in range(40)]
    light = [shot.mean() / 120 for shot in shots]
    assert np.std(shots[0]) == pytest.approx(NOISE_LEVELS, rel=0.05)
    assert 1 - FLICKER - 0.001 <= min(light) < 0.97
    assert 1.03 < max(light) <= 1 + FLICKER + 0.001


def test_each_frame_shows_the_part_of_its_time(clip: Clip):
    shots = list(frames(clip, 1))
    assert len(shots) == round(clip.ends_at_s * FRAMES_PER_S)
    assert shots[0].shape == (HEIGHT_PX, WIDTH_PX, 3)
    last = np.asarray(clip.parts[-1].picture, dtype=float)
    assert np.abs(shots[-1] - last).mean() < 12


def test_file_has_a_frame_of_all_three_planes_for_each_shot(tmp_path: Path):
    file = tmp_path / "clip.y4m"
    shot = np.full((HEIGHT_PX, WIDTH_PX, 3), (255, 255, 255), dtype=np.uint8)
    write_y4m(file, iter([shot, shot]))
    head, *rest = file.read_bytes().split(b"FRAME\n")
    assert head == b"YUV4MPEG2 W640 H360 F12:1 Ip A1:1 C420jpeg\n"
    assert [len(each) for each in rest] == [WIDTH_PX * HEIGHT_PX * 3 // 2] * 2
    # White is 235 in video range, and without colour.
    assert (rest[0][0], rest[0][-1]) == (235, 128)
