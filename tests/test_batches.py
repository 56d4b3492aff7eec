"""BatchSampler: against `sequences.to_stroke5`, and what training may and may not be shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sketchvae.data.dataset import PackedDataset, Points, Split, key_of
from sketchvae.data.splits import SplitFractions, valid_share
from sketchvae.drawing import Drawing
from sketchvae.errors import SketchvaeError
from sketchvae.model.batch import Augmentation, Batch, make_batch
from sketchvae.polyline import Floats, Ints
from sketchvae.sequences import LENGTH_MULTIPLE, Pen, to_stroke5
from sketchvae.train.batches import BatchSampler, DrawingPool, WeightedDataset, validation_batches
from sketchvae.train.shortcomings import simplification

SCALE = 17.0
HALF_A_PIXEL = 0.5 / SCALE + 1e-5
ALL_TRAIN = SplitFractions(valid=0, test=0)

points_of_a_stroke = st.lists(
    st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=6
)
drawing_lists = st.lists(
    st.lists(points_of_a_stroke, max_size=4).map(Drawing), min_size=1, max_size=5
)


class NoNoise:
    """A generator whose every draw is the middle: no dequantisation, no stretch."""

    def uniform(self, low: float, high: float, size: tuple[int, ...]) -> Floats:
        return np.full(size, (low + high) / 2)

    def random(self, n: int) -> Floats:
        return np.full(n, 0.5)

    def standard_normal(self, size: tuple[int, ...], dtype: type) -> Floats:
        return np.zeros(size, dtype)


QUIET = cast(np.random.Generator, NoNoise())


def packed(drawing: Drawing) -> Points:
    """x, y, lift by hand, apart from the code that packs."""
    rows = [
        (x, y, int(i == len(stroke) - 1))
        for stroke in drawing.strokes
        for i, (x, y) in enumerate(stroke.tolist())
    ]
    return np.array(rows, dtype=np.uint8).reshape(-1, 3)


def set_of(
    drawings: Sequence[Drawing], name: str = "a", fractions: SplitFractions = ALL_TRAIN
) -> PackedDataset:
    """A packed set in memory, with just these points: importing would simplify small ones."""
    points = [packed(d) for d in drawings]
    return PackedDataset(
        path=Path(f"{name}.drawings"),
        points=np.concatenate(points),
        starts=np.cumsum([0, *map(len, points)]),
        keys=np.array([key_of(p) for p in points], dtype=np.uint64),
        words=np.zeros(len(points), dtype=np.uint16),
        vocabulary=("sheep",),
        fractions=fractions,
        sources=(name,),
    )


def scribble(n: int, seed: int = 0) -> Drawing:
    """One stroke of n points, a walk inside the page that its edges throw back."""
    rng = np.random.default_rng([seed, n])
    offsets = rng.integers(1, 20, (n, 2)) * rng.choice([-1, 1], (n, 2))
    walk = (128 + np.cumsum(offsets, axis=0)) % 510
    return Drawing([np.minimum(walk, 510 - walk)])


def flock(n: int = 40, longest: int = 60) -> list[Drawing]:
    rng = np.random.default_rng(3)
    return [scribble(int(k), seed) for seed, k in enumerate(rng.integers(2, longest, n))]


def batches_of(
    pool: DrawingPool, size: int = 4, seed: int = 1, dropout: float = 0.1
) -> BatchSampler:
    return BatchSampler(pool, size, 3, SCALE, Augmentation(0.1, dropout), seed)


def same(a: Batch, b: Batch) -> bool:
    return all(
        np.array_equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True)
    )


def rows_of(batch: Batch, index: int) -> Floats:
    return batch.steps[index, : batch.lengths[index]].astype(np.float64)


# --- stroke-5 -----------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(drawings=drawing_lists)
def test_batch_is_the_stroke5_of_each_drawing(drawings: list[Drawing]) -> None:
    batch = make_batch([packed(d) for d in drawings], SCALE, 3, QUIET)
    for index, drawing in enumerate(drawings):
        expected = to_stroke5(drawing)
        expected[:, :2] /= SCALE
        assert batch.lengths[index] == len(expected)
        np.testing.assert_allclose(rows_of(batch, index), expected, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(drawings=drawing_lists, seed=st.integers(0, 99))
def test_noise_moves_no_offset_by_more_than_half_a_pixel(
    drawings: list[Drawing], seed: int
) -> None:
    batch = make_batch([packed(d) for d in drawings], SCALE, 3, np.random.default_rng(seed))
    for index, drawing in enumerate(drawings):
        expected = to_stroke5(drawing)
        got = rows_of(batch, index)
        np.testing.assert_array_equal(got[:, 2:], expected[:, 2:])
        assert np.abs(got[:, :2] - expected[:, :2] / SCALE).max() <= HALF_A_PIXEL
        assert not got[-1, :2].any()  # END has no offset to make noise on


def test_noise_is_uniform_and_of_its_own_in_x_and_y() -> None:
    drawing = scribble(250)
    batch = make_batch([packed(drawing)] * 40, SCALE, 3, np.random.default_rng(5))
    clean = to_stroke5(drawing)[:-1, :2]
    noise = batch.steps[:, : len(clean), :2].astype(float) * SCALE - clean
    x, y = noise[..., 0].ravel(), noise[..., 1].ravel()  # near 10,000 each
    for values in (x, y):
        heights = np.searchsorted(np.sort(values), np.linspace(-0.5, 0.5, 21)) / len(values)
        assert np.abs(heights - np.linspace(0, 1, 21)).max() < 1.95 / np.sqrt(len(values))
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.05


def test_padding_is_end_without_offset_up_to_a_multiple_of_sixteen() -> None:
    drawings = [scribble(20), scribble(3), Drawing([])]
    batch = make_batch([packed(d) for d in drawings], SCALE, 7, np.random.default_rng(0))
    assert batch.steps.shape == (3, 32, 5)
    assert 32 % LENGTH_MULTIPLE == 0
    assert batch.noise.shape == (3, 7)
    assert [v.dtype.name for v in vars(batch).values()] == ["float32", "int64", "float32"]
    assert batch.lengths.tolist() == [20, 3, 1]
    end = np.eye(5)[2 + Pen.END]
    for row, length in zip(batch.steps, batch.lengths, strict=True):
        assert (row[length - 1 :] == end).all()
        assert not row[: length - 1, 2 + Pen.END].any()


def test_dots_keep_their_row_and_empty_drawings_are_an_end() -> None:
    dot = Drawing([[[7, 9]]])
    dot_first = Drawing([[[1, 1]], [[5, 5], [6, 8]]])
    still = Drawing([[[4, 4], [4, 4], [8, 4]]])  # a first point that is there twice
    batch = make_batch([packed(d) for d in (dot, dot_first, still, Drawing([]))], 1.0, 1, QUIET)
    assert rows_of(batch, 0).tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]
    assert rows_of(batch, 1)[:, :2].tolist() == [[0, 0], [4, 4], [1, 3], [0, 0]]
    assert rows_of(batch, 1)[:, 2:].argmax(axis=1).tolist() == [1, 0, 1, 2]
    assert rows_of(batch, 2)[:, :2].tolist() == [[0, 0], [0, 0], [4, 0], [0, 0]]
    assert rows_of(batch, 3).tolist() == [[0, 0, 0, 0, 1]]


@pytest.mark.parametrize("augmentation", [None, Augmentation()])
def test_batch_of_nothing_but_empty_drawings_is_all_ends(
    augmentation: Augmentation | None,
) -> None:
    nothing = [packed(Drawing([]))] * 2
    batch = make_batch(nothing, SCALE, 1, np.random.default_rng(0), augmentation)
    assert batch.lengths.tolist() == [1, 1]
    assert (batch.steps == np.eye(5, dtype=np.float32)[2 + Pen.END]).all()


def test_drawing_s_packed_points_are_left_as_they_were() -> None:
    points = packed(scribble(30))
    before = points.copy()
    points.flags.writeable = False  # as in the memory-mapped file
    make_batch([points], SCALE, 1, np.random.default_rng(0), Augmentation())
    np.testing.assert_array_equal(points, before)


# --- augmentation -------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(drawings=drawing_lists, seed=st.integers(0, 99), drop=st.sampled_from([0.0, 0.5, 0.9]))
def test_augmentation_keeps_the_strokes_and_both_ends_of_each(
    drawings: list[Drawing], seed: int, drop: float
) -> None:
    """Without stretch, what comes out passes through the ends of all strokes, in order."""
    augmentation = Augmentation(random_scale=0.0, point_dropout=drop)
    rng = np.random.default_rng(seed)
    batch = make_batch([packed(d) for d in drawings], 1.0, 1, rng, augmentation)
    for index, drawing in enumerate(drawings):
        rows = rows_of(batch, index)
        assert rows[:, 2 + Pen.UP].sum() == len(drawing.strokes)
        assert len(rows) <= len(to_stroke5(drawing))
        if not drawing.strokes:
            continue
        walked = np.cumsum(rows[:-1, :2], axis=0) + drawing.strokes[0][0]
        ends = walked[rows[:-1, 2 + Pen.UP] == 1]
        expected = np.array([s[-1] for s in drawing.strokes])
        slack = 0.5 * np.arange(1, len(walked) + 1)[rows[:-1, 2 + Pen.UP] == 1] + 1e-3
        assert (np.abs(ends - expected) <= slack[:, None]).all()


def test_augmentation_turns_and_shears_each_drawing_as_a_whole() -> None:
    """The matrix of each drawing, by least squares, has determinant 1 and the spread asked for."""
    drawing = packed(scribble(30))
    augmentation = Augmentation(random_scale=0.0, point_dropout=0.0, random_turn=0.2)
    batch = make_batch([drawing] * 400, 1.0, 1, np.random.default_rng(1), augmentation)
    before = np.diff(drawing[:, :2].astype(float), axis=0)
    found = []
    for index in range(400):
        after = rows_of(batch, index)[: len(before), :2]
        matrix, *_ = np.linalg.lstsq(before, after, rcond=None)
        assert np.abs(before @ matrix - after).max() < 1.2  # half a pixel of dequantisation
        found.append(matrix)
    matrices = np.array(found)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=0.05)
    angle = np.arctan2(matrices[:, 0, 1], matrices[:, 0, 0])  # where the x axis goes
    assert 0.17 < angle.std() < 0.23
    shear = (matrices[:, 0] * matrices[:, 1]).sum(axis=1)  # of the axes, which lose their angle
    assert 0.17 < shear.std() < 0.23


def test_augmentation_drops_the_share_it_is_told() -> None:
    points = [packed(scribble(202, seed)) for seed in range(50)]
    rng = np.random.default_rng(0)
    kept = make_batch(points, SCALE, 1, rng, Augmentation(0.0, 0.3)).lengths - 2
    assert kept.sum() / (50 * 200) == pytest.approx(0.7, abs=0.03)  # inside the strokes


def test_augmentation_stretches_x_and_y_apart_and_each_drawing_as_a_whole() -> None:
    square = Drawing([[[0, 0], [200, 0], [200, 200], [0, 200], [0, 0]]])
    rng = np.random.default_rng(0)
    batch = make_batch([packed(square)] * 300, 200.0, 1, rng, Augmentation(0.1, 0.0))
    there_x, there_y = batch.steps[:, 0, 0], batch.steps[:, 1, 1]
    back_x, back_y = -batch.steps[:, 2, 0], -batch.steps[:, 3, 1]
    for there, back in ((there_x, back_x), (there_y, back_y)):
        assert np.abs(there - back).max() <= 1 / 200 + 1e-5  # twice half a pixel
        assert 0.89 < there.min() < 0.92 < 1.08 < there.max() < 1.11
    assert abs(np.corrcoef(there_x, there_y)[0, 1]) < 0.2


def test_validation_is_not_augmented_and_the_same_every_time() -> None:
    drawings = [scribble(n) for n in (30, 5, 40, 12, 7)]
    pool = DrawingPool([WeightedDataset(set_of(drawings))], "train", 100)
    first, second = (list(validation_batches(pool, 2, 3, SCALE)) for _ in range(2))
    assert all(same(a, b) for a, b in zip(first, second, strict=True))
    shown = [rows_of(batch, i) for batch in first for i in range(len(batch.lengths))]
    expected = sorted((to_stroke5(d) for d in drawings), key=len)
    assert len(shown) == len(expected)
    for got, clean in zip(shown, expected, strict=True):  # every drawing once, all its points
        assert np.abs(got[:, :2] - clean[:, :2] / SCALE).max() <= HALF_A_PIXEL
        np.testing.assert_array_equal(got[:, 2:], clean[:, 2:])


# --- which drawings, when -----------------------------------------------------------


def test_batch_depends_on_seed_and_step_alone() -> None:
    pool = DrawingPool([WeightedDataset(set_of(flock()))], "train", 100)
    forward, backward = batches_of(pool), batches_of(pool)
    in_order = [forward[step] for step in range(25)]
    assert all(same(backward[step], in_order[step]) for step in reversed(range(25)))
    assert not same(in_order[0], in_order[10])  # the same place in the next epoch
    assert not same(in_order[0], batches_of(pool, seed=2)[0])


def test_seed_and_step_change_the_noise_and_not_the_drawings_alone() -> None:
    """Where all drawings are the same one, the noise alone can differ."""
    pool = DrawingPool([WeightedDataset(set_of([scribble(20)] * 12))], "train", 100)
    noise = [batches_of(pool, seed=seed)[step].noise for seed in (1, 2) for step in (0, 1, 3)]
    assert len(np.unique(noise)) == 6 * noise[0].size


def test_epoch_shows_every_drawing_once() -> None:
    drawings = [scribble(n) for n in range(2, 42)]  # known by their lengths
    batches = batches_of(
        DrawingPool([WeightedDataset(set_of(drawings))], "train", 100), size=4, dropout=0.0
    )
    assert batches.per_epoch == 10
    cuts = []
    for epoch in range(3):
        epoch_batches = [batches[10 * epoch + place].lengths for place in range(10)]
        assert sorted(np.concatenate(epoch_batches)) == list(range(2, 42))
        cuts.append({frozenset(lengths) for lengths in epoch_batches})
    assert cuts[0] != cuts[1] != cuts[2]


def test_rest_that_fills_no_batch_is_another_in_each_epoch() -> None:
    drawings = [scribble(n) for n in range(2, 13)]  # 11 in batches of 4
    batches = batches_of(
        DrawingPool([WeightedDataset(set_of(drawings))], "train", 100), size=4, dropout=0.0
    )
    seen: set[int] = set()
    for epoch in range(8):
        shown = np.concatenate([batches[2 * epoch + place].lengths for place in (0, 1)])
        assert len(set(shown.tolist())) == 8
        seen.update(shown.tolist())
    assert seen == set(range(2, 13))


def test_source_is_shown_as_often_as_told() -> None:
    few, many = set_of([scribble(5)], "few"), set_of([scribble(n) for n in range(6, 11)], "many")
    pool = DrawingPool([WeightedDataset(few, 3), WeightedDataset(many)], "train", 100)
    batch = batches_of(pool, size=8, dropout=0.0)[0]
    assert sorted(batch.lengths) == [5, 5, 5, 6, 7, 8, 9, 10]


def test_drawings_of_a_batch_are_of_like_length() -> None:
    rng = np.random.default_rng(0)
    drawings = [scribble(int(n), i) for i, n in enumerate(rng.integers(2, 200, 256))]
    batches = batches_of(
        DrawingPool([WeightedDataset(set_of(drawings))], "train", 250), size=8, dropout=0.0
    )
    padded = real = 0
    orders = []
    for step in range(batches.per_epoch):
        lengths = batches[step].lengths
        padded, real = padded + lengths.max() * len(lengths), real + lengths.sum()
        orders.append(lengths.mean())
    assert real / padded > 0.85  # shuffled it would be a little over half
    assert abs(np.corrcoef(np.arange(len(orders)), orders)[0, 1]) < 0.5  # long and short mixed


def test_more_drawings_a_batch_than_there_are_gives_one_batch() -> None:
    batches = batches_of(DrawingPool([WeightedDataset(set_of(flock(3)))], "train", 100), size=64)
    assert batches.per_epoch == 1
    assert len(batches[5].lengths) == 3


def test_splits_share_no_drawing_and_miss_none() -> None:
    packed_set = set_of(flock(200), fractions=SplitFractions(valid=0.3, test=0.3))
    splits = [
        set(DrawingPool([WeightedDataset(packed_set)], s, 100).keys())
        for s in ("train", "valid", "test")
    ]
    assert sum(map(len, splits)) == len(set.union(*splits)) == len(set(packed_set.keys))


def test_validation_drawings_never_train_even_from_another_set() -> None:
    drawings = flock(60)
    judge = set_of(drawings, "judge", SplitFractions(valid=0.5, test=0))
    other = set_of(drawings[::-1], "other", ALL_TRAIN)  # where all of them would train
    valid = DrawingPool([WeightedDataset(judge)], "valid", 100)
    pool = DrawingPool(
        [WeightedDataset(judge), WeightedDataset(other, 2)], "train", 100, exclude_keys=valid.keys()
    )
    held_back = {key_of(p) for p in valid.points(np.arange(len(valid)))}
    trained = [key_of(p) for p in pool.points(np.arange(len(pool)))]
    assert 0 < len(held_back) < 60
    assert held_back.isdisjoint(trained)
    assert set(trained) | held_back == {key_of(packed(d)) for d in drawings}
    assert len(trained) == 3 * (60 - len(held_back))


def test_drawings_longer_than_longest_are_left_out_and_counted() -> None:
    pool = DrawingPool(
        [WeightedDataset(set_of([scribble(n) for n in range(2, 22)]), 2)], "train", 11
    )
    assert sorted(set(pool.lengths)) == list(range(2, 12))
    assert [len(p) for p in pool.points(np.arange(len(pool)))] == pool.lengths.tolist()
    assert (len(pool), pool.n_skipped) == (20, 20)


def test_pool_of_several_sets_gives_the_points_of_each() -> None:
    a, b = [scribble(n, 1) for n in (4, 6)], [scribble(n, 2) for n in (5, 7)]
    pool = DrawingPool(
        [WeightedDataset(set_of(a, "a")), WeightedDataset(set_of(b, "b"))], "train", 100
    )
    points = pool.points(np.array([3, 0, 2, 1]))
    for got, drawing in zip(points, (b[1], a[0], b[0], a[1]), strict=True):
        np.testing.assert_array_equal(got, packed(drawing))
    assert pool.keys().tolist() == [key_of(packed(d)) for d in (*a, *b)]


def test_pool_with_nothing_in_it_names_the_sets_and_the_way_out() -> None:
    sources = [WeightedDataset(set_of(flock(5), name)) for name in ("left", "right")]
    for split, longest in (("valid", 100), ("train", 1)):
        with pytest.raises(SketchvaeError) as caught:
            DrawingPool(sources, split, longest)  # type: ignore[arg-type]
        text = str(caught.value)
        assert "\n" not in text
        for part in (
            "left.drawings",
            "right.drawings",
            split,
            f"of 1 to {longest} points",
            "import",
        ):
            assert part in text


def in_split(split: Split, n: int) -> list[Drawing]:
    """Return drawings that a hash puts into a split of the usual fractions."""
    many = [scribble(20, seed) for seed in range(400)]
    return [many[i] for i in set_of(many, fractions=SplitFractions()).split(split)[:n]]


@pytest.mark.parametrize(
    ("drawings", "longest", "said"),
    [
        (
            [*in_split("train", 3), *in_split("valid", 2)],
            9,
            "all 2 of it, and all 5 of the set have ",
        ),
        (in_split("train", 5), 9, "got none: all 5 of the set have 20 points; use data import"),
        ([*in_split("train", 3), *in_split("valid", 2)], 9, "--simplify "),
        ([*in_split("train", 3), *in_split("valid", 2)], 9, "--max-points 20, which"),
        (in_split("train", 1) * 40, 99, "all 40 drawings are equal, and training needs two that"),
        (in_split("train", 1), 99, "there is one drawing, and training needs two that differ"),
        (in_split("train", 9), 99, "a hash chose none of 9 drawings for it; use data import"),
        ([*in_split("train", 9), scribble(60)], 30, "with --test 0 --valid 0."),
    ],
)
def test_set_without_validation_drawings_says_why_and_what_to_do(
    drawings: list[Drawing], longest: int, said: str
) -> None:
    packed_set = set_of(drawings, fractions=SplitFractions())
    with pytest.raises(SketchvaeError) as caught:
        DrawingPool([WeightedDataset(packed_set)], "valid", longest)
    assert said in str(caught.value)


@given(st.sets(st.integers(0, 2**64 - 1), min_size=2, max_size=60))
def test_advised_share_leaves_both_splits_a_drawing(keys: set[int]) -> None:
    share = valid_share(np.array(sorted(keys), dtype=np.uint64))
    chosen = np.array(sorted(keys)) / 2.0**64 < share
    assert chosen.any()
    assert not chosen.all() or len({key / 2.0**64 for key in keys}) == 1


def test_advised_simplification_makes_drawings_short_enough() -> None:
    short = [Drawing([[[0, 0], [9, 9]]])] * 30  # those that fit already do not count
    packed_set = set_of([*short, *(scribble(300, seed) for seed in range(9))])
    epsilon = simplification([packed_set], 100)
    assert epsilon is not None
    points = [drawing.simplify(epsilon).n_points for drawing in list(packed_set)[30:]]
    assert sorted(points)[7] <= 100


@pytest.mark.parametrize("size", [7, 300])
def test_parts_of_the_processes_make_up_the_whole(size: int) -> None:
    """With several blocks of random numbers too; each process gets as many, and as long ones."""
    pool = DrawingPool([WeightedDataset(set_of(flock(size)))], "train", 100)
    batches = batches_of(pool, size)
    whole = drawings_in(batches[3])
    assert len(set(whole)) == len(whole) == size
    for of in (1, 2, 3, 7):
        parts = [batches.part(3, rank, of) for rank in range(of)]
        counts = [len(part.lengths) for part in parts]
        assert max(counts) - min(counts) <= 1
        assert sorted(row for part in parts for row in drawings_in(part)) == sorted(whole)
        if size == 300:
            means = [part.lengths.mean() for part in parts]
            assert max(means) - min(means) < 0.1 * batches[3].lengths.mean()


def drawings_in(batch: Batch) -> list[bytes]:
    """Everything that a batch holds of each drawing, without padding."""
    assert (batch.steps[..., 4].sum(axis=1) == batch.steps.shape[1] - batch.lengths + 1).all()
    steps = [batch.steps[i, :length] for i, length in enumerate(batch.lengths)]
    return [s.tobytes() + z.tobytes() for s, z in zip(steps, batch.noise, strict=True)]


def test_process_reads_little_more_than_its_part(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = DrawingPool([WeightedDataset(set_of(flock(1000)))], "train", 100)
    batches, read, points = batches_of(pool, 1000), list[int](), pool.points

    def counted(rows: Ints) -> list[Points]:
        read.extend(rows.tolist())
        return points(rows)

    monkeypatch.setattr(pool, "points", counted)
    assert len(batches.part(0, 3, 10).lengths) == 100
    assert 100 <= len(read) <= 100 + 2 * 128


# --- scale --------------------------------------------------------------------------


def test_offset_scale_is_the_std_of_all_offsets() -> None:
    drawings = [*flock(), Drawing([[[0, 0], [200, 3]], [[9, 255], [1, 1]]]), Drawing([[[5, 5]]])]
    pool = DrawingPool([WeightedDataset(set_of(drawings))], "train", 100)
    offsets = [np.diff(d.points, axis=0) for d in drawings]
    assert pool.offset_scale() == pytest.approx(np.concatenate(offsets).std())


def test_offset_scale_of_many_drawings_is_that_of_some_spread_over_all() -> None:
    pool = DrawingPool([WeightedDataset(set_of(flock(300)))], "train", 100)
    assert pool.offset_scale(60) == pytest.approx(pool.offset_scale(), rel=0.1)
    assert pool.offset_scale(60) == pool.offset_scale(60)


def test_offset_scale_of_dots_is_one_pixel() -> None:
    assert (
        DrawingPool([WeightedDataset(set_of([Drawing([[[5, 5]]])]))], "train", 9).offset_scale()
        == 1.0
    )
    two_dots = Drawing([[[5, 5]], [[5, 5]]])
    assert DrawingPool([WeightedDataset(set_of([two_dots]))], "train", 9).offset_scale() == 1.0
