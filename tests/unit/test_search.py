"""Faces of a recording without looking everywhere: none is lost, none comes late, order stays."""

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyraz.detect import Haar, YuNet
from vyraz.search import make_search
from vyraz.sources import expand, read
from vyraz.types import Box, Face, Frame, Pixels, View

SIDE = 40


class Painted(YuNet):
    """Finds white squares of 40 pixels; in windows only those near where one was. Counts its searches and looks."""

    def __init__(self) -> None:
        super().__init__()
        self.scans = self.looks = 0

    def scan(self, view: View, *, turned: bool = False, within: Box | None = None) -> list[Face]:  # noqa: ARG002
        self.scans += 1
        whole = Box(0, 0, view.shape[1], view.shape[0])
        return [face for face in squares(view.whole()) if face.box.shared(within or whole) > 0.9 * SIDE * SIDE]

    def near(self, view: View, faces: Sequence[Face]) -> list[Face]:
        self.looks += bool(faces)
        return [found for found in squares(view.whole()) if any(close(found, face) for face in faces)]


def squares(pixels: Pixels) -> list[Face]:
    """The red channel holds the score of a square, in per cent, in its top left pixel."""
    tops = np.argwhere(pixels[..., 0] > 0)
    return [Face(Box(float(x), float(y), SIDE, SIDE), float(pixels[y, x, 0]) / 100) for y, x in tops]


def close(first: Face, second: Face) -> bool:
    return float(np.hypot(*np.subtract(first.box.centre, second.box.centre))) < SIDE


def picture(index: int, faces: Iterable[tuple[int, int, int]], shade: int = 40) -> Frame:
    pixels = np.full((240, 320, 3), shade, dtype=np.uint8)
    pixels[..., 0] = 0
    for x, y, score in faces:
        pixels[y : y + SIDE, x : x + SIDE, 1] = 255
        pixels[y, x, 0] = score
    return Frame(pixels, index, index / 25, "clip")


def found(frames: Iterable[Frame], detector: YuNet | None = None, *, live: bool = False) -> list[list[float]]:
    """The left sides of the faces of each frame."""
    chunks = make_search(detector or Painted(), live=live).run(frames)
    return [[face.box.x for face in look.faces] for chunk in chunks for look in chunk]


def test_a_moving_face_is_found_in_every_frame_with_few_searches() -> None:
    detector = Painted()
    frames = [picture(index, [(10 + 4 * index, 60, 90)]) for index in range(60)]
    assert found(frames, detector) == [[10 + 4 * index] for index in range(60)]
    assert detector.scans <= 12


def test_a_face_that_comes_between_searches_is_followed_back() -> None:
    frames = [picture(index, [(100 + index, 60, 90)] if index >= 9 else []) for index in range(30)]
    assert found(frames) == [[]] * 9 + [[100 + index] for index in range(9, 30)]


def test_a_face_that_hardly_moves_is_looked_at_in_every_other_frame() -> None:
    detector = Painted()
    places = [20 + 2 * index + index % 2 for index in range(41)]
    halfway = [[x - index % 2] for index, x in enumerate(places)]
    assert found([picture(index, [(x, 60, 90)]) for index, x in enumerate(places)], detector) == halfway
    assert detector.looks <= 24


def test_a_face_that_stays_in_its_window_sets_off_no_search() -> None:
    detector = Painted()
    frames = [picture(index, [(100 + index % 7, 60, 90)]) for index in range(100)]
    assert [len(faces) for faces in found(frames, detector)] == [1] * 100
    assert detector.scans == 1


def test_frames_far_apart_are_all_looked_at() -> None:
    detector = Painted()
    frames = [picture(index, [(20, 60, 90)]) for index in range(0, 200, 5)]
    found([replace(frame, index=number) for number, frame in enumerate(frames)], detector)
    assert detector.looks >= 38


@pytest.mark.parametrize("end", [11, 12])
def test_a_face_that_sets_off_is_looked_at_in_every_frame(end: int) -> None:
    places = [20] * 7 + [30 + 12 * index for index in range(20)]
    assert found([picture(index, [(x, 60, 90)]) for index, x in enumerate(places[:end])]) == [[x] for x in places[:end]]


def test_a_fast_face_is_not_taken_for_a_lost_one() -> None:
    detector = Painted()
    frames = [picture(index, [(10 + 30 * index, 60, 90)]) for index in range(9)]
    assert found(frames, detector) == [[10 + 30 * index] for index in range(9)]
    assert detector.scans == 1


def test_live_gives_each_frame_at_once() -> None:
    given_out: list[int] = []

    def frames() -> Iterable[Frame]:
        for index in range(20):
            assert given_out == list(range(index))
            yield picture(index, [(100, 60, 90)])

    for chunk in make_search(Painted(), live=True).run(frames()):
        given_out.extend(look.frame.index for look in chunk)
    assert given_out == list(range(20))


def test_a_lost_face_is_searched_for_at_once() -> None:
    frames = [picture(index, [(20 if index < 8 else 200, 60, 90)]) for index in range(20)]
    assert found(frames) == [[20]] * 8 + [[200]] * 12


def test_a_still_picture_is_searched_seldom() -> None:
    detector = Painted()
    assert found([picture(index, []) for index in range(250)], detector) == [[]] * 250
    assert detector.scans <= 3


def test_a_cut_is_told() -> None:
    frames = [picture(index, [(20, 60, 90)], shade=30 if index < 10 else 200) for index in range(20)]
    cuts = [look.cut for chunk in make_search(Painted()).run(frames) for look in chunk]
    assert [index for index, cut in enumerate(cuts) if cut] == [0, 10]


def test_candidates_are_not_given_out() -> None:
    assert found([picture(index, [(20, 60, 55)]) for index in range(12)]) == [[]] * 12


def test_a_face_that_is_followed_may_waver() -> None:
    scores = [90, 65, 90, 62, 55, 65, 90]
    frames = [picture(index, [(20, 60, score)]) for index, score in enumerate(scores)]
    assert found(frames) == [[20], [20], [20], [20], [], [], [20]]


def test_frames_that_could_not_be_read_pass_through() -> None:
    broken = Frame(np.empty((0, 0, 3), dtype=np.uint8), 5, None, "clip", error="torn")
    frames = [broken if index == 5 else picture(index, [(20, 60, 90)]) for index in range(12)]
    assert found(frames) == [[20]] * 5 + [[]] + [[20]] * 6


@given(st.lists(st.sampled_from([None, 20, 120, 220]), max_size=40), st.booleans())
def test_every_frame_comes_once_and_in_order(places: list[int | None], live: bool) -> None:
    frames = [picture(index, [] if place is None else [(place, 60, 90)]) for index, place in enumerate(places)]
    given_out = [look.frame.index for chunk in make_search(Painted(), live=live).run(frames) for look in chunk]
    assert given_out == list(range(len(places)))


def test_detectors_without_windows_search_every_frame(face: Pixels) -> None:
    frames = [Frame(face, index, index / 25, "clip") for index in range(3)]
    assert [len(look.faces) for chunk in make_search(Haar()).run(frames) for look in chunk] == [1, 1, 1]


@given(st.lists(st.sampled_from([None, 20, 120, 220]), min_size=1, max_size=40), st.integers(1, 8))
def test_a_search_goes_on_from_its_state_as_if_nothing_had_happened(places: list[int | None], stop: int) -> None:
    frames = [
        picture(index, [] if place is None else [(place + index, 60, 65 + index)]) for index, place in enumerate(places)
    ]
    whole = [(look.frame.index, look.faces, look.cut) for some in make_search(Painted()).run(frames) for look in some]
    first, parts = make_search(Painted()), []
    for some in itertools.islice(first.run(frames), stop):
        parts += [(look.frame.index, look.faces, look.cut) for look in some]
    second = make_search(Painted())
    second.restore(json.loads(json.dumps(first.state())))
    rest = [frame for frame in frames if frame.index >= second.resume_at]
    parts += [(look.frame.index, look.faces, look.cut) for some in second.run(rest) for look in some]
    assert parts == whole


@pytest.mark.parametrize("clip", ["head-pose.mp4", "classroom.mp4", "walking.mp4", "sign-language.mkv"])
def test_faces_of_real_clips_are_those_of_a_search_of_every_frame(clip: str, video_folder: Path) -> None:
    detector, frames = YuNet(), list(read(expand([str(video_folder / clip)])[0]))
    everywhere = [(index, face) for index, frame in enumerate(frames) for face in detector(frame.pixels)]
    here = [look.faces for chunk in make_search(detector).run(frames) for look in chunk]
    again = [any(face.box.overlap(other.box) > 0.5 for other in here[index]) for index, face in everywhere]
    assert len(everywhere) > 50
    assert np.mean(again) >= 0.95
