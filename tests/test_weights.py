"""The weights file: a saved model is loaded unchanged, any other file is one clear line."""

import json
import math
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from helpers import refusal
from numpy.typing import NDArray

from sketchvae.errors import MissingExtra, SketchvaeError
from sketchvae.model import weights as model_file
from sketchvae.model.config import ModelConfig
from sketchvae.model.density_ratio import DensityRatio, Regression, n_columns
from sketchvae.model.head import ARRAYS, ClassHead
from sketchvae.model.loader import load_model
from sketchvae.model.prior import Prior
from sketchvae.model.weights import Model, load, save

CONFIG = ModelConfig(encoder_hidden=2, decoder_hidden=3, latent=2, mixtures=1)
ABOUT = {"word": "sheep", "licence": "CC BY 4.0", "nats": -1.25, "über": ["é", None, "\ud800"]}
NAN, INF = math.nan, math.inf

Arrays = dict[str, NDArray[Any]]
Metadata = dict[str, str]


def tiny_model(seed: int = 0) -> Model:
    rng = np.random.default_rng(seed)
    tensors = {n: rng.normal(size=s).astype(np.float32) for n, s in CONFIG.shapes().items()}
    prior = Prior(
        np.array([0.25, 0.75], dtype=np.float32),
        rng.normal(size=(2, 2)).astype(np.float32),
        np.tril(rng.normal(size=(2, 2, 2))).astype(np.float32),
    )
    shapes = ClassHead.shapes(hidden=3, encoder_hidden=2, n_reference=5)
    arrays = {n: np.sort(rng.normal(size=s)).astype(np.float32) for n, s in shapes.items()}
    head = ClassHead(**arrays, about={"auroc": 0.99})
    return Model(CONFIG, 23.418368, tensors, prior, ABOUT, head, max_steps=77)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    save(tiny_model(), path)
    return path


def in_full(model: Model) -> tuple[object, ...]:
    """Return everything in a model, in a form that compares with ==."""
    arrays = {**model.tensors, **{f"prior.{k}": v for k, v in vars(model.prior).items()}}
    if model.head is not None:
        arrays |= {name: getattr(model.head, name) for name in ARRAYS}
    return (
        model.config,
        model.scale,
        model.max_steps,
        model.about,
        model.head and model.head.about,
        {name: (a.dtype, a.shape, a.tobytes()) for name, a in arrays.items()},
    )


def forge(path: Path, change: Callable[[Arrays, Metadata], object]) -> None:
    """Change the content of a file and write it with the right checksum."""
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = dict(file.metadata())
    arrays = safetensors.numpy.load_file(path)
    del metadata["checksum"]
    change(arrays, metadata)
    metadata["checksum"] = model_file._checksum(arrays, metadata)
    path.write_bytes(safetensors.numpy.save(arrays, metadata))


def refused(path: Path) -> str:
    with pytest.raises(SketchvaeError) as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    return message


# --- saving and loading ---------------------------------------------------------------


def test_loaded_model_is_the_saved_one_in_float16(path: Path) -> None:
    model, loaded = tiny_model(), load(path)
    assert (loaded.config, loaded.scale) == (model.config, model.scale)  # the scale exactly
    assert loaded.about == ABOUT
    assert loaded.max_steps == 77
    assert set(loaded.tensors) == set(CONFIG.shapes())
    pairs = [(loaded.tensors[n], a) for n, a in model.tensors.items()]
    pairs += [(getattr(loaded.prior, n), a) for n, a in vars(model.prior).items()]
    for ours, theirs in pairs:
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, theirs.astype(np.float16))


def test_class_head_keeps_its_float32(path: Path) -> None:
    head, loaded = tiny_model().head, load(path).head
    assert head is not None
    assert loaded is not None
    assert loaded.about == {"auroc": 0.99}
    for name in ARRAYS:
        ours = getattr(loaded, name)
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, getattr(head, name))


def test_typical_temperature_is_kept_and_must_be_one_to_draw_at(path: Path) -> None:
    assert load(path).typical_temperature == 0.7
    save(replace(tiny_model(), typical_temperature=0.25), path)
    assert load(path).typical_temperature == 0.25
    forge(path, lambda _, metadata: metadata.update(typical_temperature="nan"))
    assert "typical_temperature must be from 0.001 to 10, got nan" in refused(path)
    forge(path, lambda _, metadata: metadata.update(typical_temperature="warm"))
    assert "the metadata must hold config" in refused(path)


def test_typical_prior_is_kept_and_checked_as_the_prior_is(path: Path) -> None:
    model = tiny_model()
    assert load(path).typical_prior is None
    few = Prior(*(array[:1] for array in vars(model.prior).values()))
    save(replace(model, typical_prior=few), path)
    loaded = load(path).typical_prior
    assert loaded is not None
    for name, array in vars(few).items():
        np.testing.assert_array_equal(getattr(loaded, name), array.astype(np.float16))
    no_weight = replace(few, weights=np.zeros(1, np.float32))
    text = refusal(lambda: save(replace(model, typical_prior=no_weight), path))
    assert "typical_prior.weights must be 0 or more and not all 0" in text
    forge(path, lambda arrays, _: arrays.pop("typical_prior.means"))
    assert "typical_prior.means must have the shape" in refused(path)


def test_density_ratio_is_kept_and_its_shapes_are_checked(path: Path) -> None:
    rng = np.random.default_rng(0)
    lines, pixels = (
        Regression(**{name: rng.normal(size=shape) for name, shape in shapes.items()})
        for shapes in DensityRatio.shapes(n_columns(has_head=True), 4).values()
    )
    model = replace(tiny_model(), density_ratio=DensityRatio(lines, pixels))
    assert load(path).density_ratio is None
    save(model, path)
    loaded = load(path).density_ratio
    assert loaded is not None
    for ours, theirs in ((loaded.lines, lines), (loaded.pixels, pixels)):
        for name, array in vars(theirs).items():
            np.testing.assert_array_equal(getattr(ours, name), array.astype(np.float16))
    save(replace(model, head=None), path)
    columns = n_columns(has_head=False)
    assert f"density_ratio.lines.axes must have the shape ({columns}, {columns})" in refused(path)
    save(model, path)
    forge(path, lambda arrays, _: arrays.pop("density_ratio.pixels.offset"))
    assert "density_ratio.pixels.axes must have the shape (1, 784)" in refused(path)


def test_model_without_class_head_has_none(path: Path) -> None:
    save(replace(tiny_model(), head=None), path)
    assert load(path).head is None


def as_format_3(path: Path) -> None:
    """Turn a file of format 4 into one of format 3, as sketchvae 0.1 wrote it."""

    def change(arrays: Arrays, metadata: Metadata) -> None:
        metadata["format"] = "sketchvae-model-3"
        arrays["prior.factors"] = arrays.pop("prior.scale_tril")
        for name in [name for name in arrays if name.startswith("class_head.")]:
            del arrays[name]
        del metadata["max_steps"], metadata["class_head"]

    forge(path, change)


def test_file_of_format_3_is_read_and_saved_as_format_4(path: Path) -> None:
    as_format_3(path)
    loaded = load(path)
    expected = replace(tiny_model(), head=None, max_steps=250)
    save(expected, path)
    assert in_full(loaded) == in_full(load(path))
    save(loaded, path)
    with safetensors.safe_open(path, framework="numpy") as file:
        assert file.metadata()["format"] == "sketchvae-model-4"
        assert "prior.scale_tril" in file.keys()  # noqa: SIM118


def test_format_3_is_checked_as_format_4_is(path: Path) -> None:
    as_format_3(path)
    forge(path, without("prior.factors"))
    assert "prior.scale_tril must have the shape (2, 2, 2), got nothing" in refused(path)


def test_saving_a_loaded_model_loses_nothing(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    save(load(path), again)
    assert in_full(load(again)) == in_full(load(path))


def test_equal_weights_are_equal_files(path: Path, tmp_path: Path) -> None:
    for again in range(6):  # safetensors alone writes the four keys in any of 24 orders
        save(tiny_model(), tmp_path / f"{again}.safetensors")
        assert (tmp_path / f"{again}.safetensors").read_bytes() == path.read_bytes()


def test_safetensors_itself_reads_the_file(path: Path) -> None:
    arrays = safetensors.numpy.load_file(path)
    head = {name for name in arrays if name.startswith("class_head.")}
    assert {str(arrays[name].dtype) for name in head} == {"float32"}
    assert {str(arrays[name].dtype) for name in arrays.keys() - head} == {"float16"}
    network = {n: a.shape for n, a in arrays.items() if n not in head and "prior" not in n}
    assert network == CONFIG.shapes()
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    assert metadata["format"] == "sketchvae-model-4"
    assert json.loads(metadata["about"])["licence"] == "CC BY 4.0"


def test_default_sizes_are_those_of_the_paper() -> None:
    shapes = ModelConfig().shapes()
    assert shapes["encoder.backward.recurrent"] == (4 * 256, 256)
    assert shapes["decoder.input"] == (4 * 512, 5 + 8 + 128)
    assert shapes["posterior.mean.weight"] == (128, 512)
    assert shapes["head.weight"] == (6 * 20 + 3, 512 + 5 + 8)


def test_file_of_a_later_version_with_more_keys_is_read(path: Path) -> None:
    def add(arrays: Arrays, metadata: Metadata) -> None:
        arrays["more"] = np.zeros(3, np.float16)
        metadata["config"] = json.dumps({**json.loads(metadata["config"]), "layer_norm": False})
        metadata["more"] = "x"

    before = in_full(load(path))
    forge(path, add)
    assert in_full(load(path)) == before


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (replace(tiny_model(), scale=0.0), "the scale must be above 0 and at most 1000 pixels"),
        (replace(tiny_model(), scale=NAN), "at most 1000 pixels, got nan; train again"),
        (
            replace(tiny_model(), tensors={**tiny_model().tensors, "start.bias": np.full(6, NAN)}),
            "start.bias must be finite in float16, got nan or infinity; take the weights of an",
        ),
        (
            replace(tiny_model(), tensors={**tiny_model().tensors, "start.bias": np.full(6, 7e4)}),
            "start.bias must be finite in float16",
        ),
        (
            replace(
                tiny_model(), prior=replace(tiny_model().prior, weights=np.zeros(2, np.float32))
            ),
            "prior.weights must be 0 or more and not all 0, got [0.0, 0.0]; fit the prior again",
        ),
    ],
)
def test_model_that_cannot_draw_is_not_saved(path: Path, model: Model, message: str) -> None:
    before = path.read_bytes()
    with pytest.raises(SketchvaeError) as caught:
        save(model, path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert path.read_bytes() == before


def test_save_into_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SketchvaeError, match=r"cannot be written \(No such file or directory\)"):
        save(tiny_model(), tmp_path / "no" / "tiny.safetensors")


# --- damage ---------------------------------------------------------------------------


def flips(content: bytes) -> Iterator[bytes]:
    """Yield the file with one byte changed: in the length, the header, its end, or the data."""
    rng = np.random.default_rng(0)
    start = 8 + struct.unpack("<Q", content[:8])[0]
    for position in [
        *range(8),
        *range(8, start, 4),
        *range(start - 12, start + 12),
        *range(start, len(content), 9),
        len(content) - 1,
    ]:
        mask = int(rng.choice([1, 2, 32, 255]))
        yield content[:position] + bytes([content[position] ^ mask]) + content[position + 1 :]


def test_every_flipped_byte_is_refused_or_harmless(path: Path) -> None:
    content, whole = path.read_bytes(), in_full(load(path))
    messages = []
    for damaged in flips(content):
        path.write_bytes(damaged)
        try:
            model = load(path)
        except SketchvaeError as error:
            messages.append(str(error))
        else:  # for instance another blank in the padding of the header
            assert in_full(model) == whole
    assert len(messages) > 500
    assert any("the checksum does not match: the file is damaged; copy it" in m for m in messages)
    assert all(m.startswith(f"{path}: ") and "\n" not in m for m in messages)


def test_file_cut_anywhere_is_refused(path: Path) -> None:
    content = path.read_bytes()
    for length in [*range(0, len(content), 41), len(content) - 1]:
        path.write_bytes(content[:length])
        assert "must be a safetensors file of weights" in refused(path)


def test_exchanged_tensors_are_refused(path: Path) -> None:
    with safetensors.safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    arrays = safetensors.numpy.load_file(path)
    one, other = "encoder.forward.bias", "encoder.backward.bias"
    arrays[one], arrays[other] = arrays[other], arrays[one]
    path.write_bytes(safetensors.numpy.save(arrays, metadata))
    assert "the checksum does not match" in refused(path)


# --- files by other programs or by hand -----------------------------------------------


def config(**changes: object) -> Callable[[Arrays, Metadata], object]:
    def change(_: Arrays, metadata: Metadata) -> None:
        metadata["config"] = json.dumps({**json.loads(metadata["config"]), **changes})

    return change


def meta(**changes: str) -> Callable[[Arrays, Metadata], object]:
    return lambda _, metadata: metadata.update(changes)


def without(name: str) -> Callable[[Arrays, Metadata], object]:
    return lambda arrays, metadata: (arrays if name in arrays else metadata).pop(name)


def tensor(name: str, values: object) -> Callable[[Arrays, Metadata], object]:
    return lambda arrays, _: arrays.update({name: np.array(values, np.float16)})


BOUNDS = "must be a whole number from 1 to 4096"
META = "the metadata must hold config, scale, max_steps and about as 'sketchvae train' writes them"
SCALE = "the scale must be above 0 and at most 1000 pixels, got"
FORGED: list[tuple[Callable[[Arrays, Metadata], object], str]] = [
    (without("config"), f"{META}, got something else ('config'); train again"),
    (without("scale"), f"{META}, got something else ('scale')"),
    (without("about"), f"{META}, got something else ('about')"),
    (
        without("format"),
        "of the format sketchvae-model-4 in F16 and F32, got 'none' in F16, F32",
    ),
    (meta(format="sketchvae-model-1"), "got 'sketchvae-model-1' in F16, F32"),
    (meta(format="\n" * 9999), "must be a weights file of the format sketchvae-model-4"),
    (meta(config="{"), META),
    (meta(config="5"), META),
    (meta(config="[]"), META),
    (meta(config="[" * 200_000), META),
    (meta(config="{}"), f"{META}, got something else ('encoder_hidden')"),
    (meta(about="sheep"), META),
    (meta(about='["sheep"]'), f"{META}, got something else (about is no object)"),
    (meta(scale="wide\n" * 1000), META),
    (meta(scale="0.0"), f"{SCALE} 0; train again"),
    (meta(scale="-23.4"), f"{SCALE} -23.4"),
    (meta(scale="nan"), f"{SCALE} nan"),
    (meta(scale="inf"), f"{SCALE} inf"),
    (meta(scale="1e300"), f"{SCALE} 1e+300"),
    (config(latent=0), f"latent {BOUNDS}, got 0; try 128"),
    (config(decoder_hidden=-3), f"decoder_hidden {BOUNDS}, got -3; try 512"),
    (config(mixtures=10**9), f"mixtures {BOUNDS}, got 1000000000; try 20"),
    (config(encoder_hidden=10**4000), f"encoder_hidden {BOUNDS}, got 1000"),
    (config(latent=2.0), f"latent {BOUNDS}, got 2.0"),
    (config(latent="2"), f"latent {BOUNDS}, got '2'"),
    (config(latent=None), f"latent {BOUNDS}, got None"),
    (config(latent=[[]]), f"latent {BOUNDS}, got [[]]"),
    (config(latent=3), "decoder.input must have the shape (12, 16), got (12, 15); the file was"),
    (without("head.bias"), "head.bias must have the shape (9,), got nothing; the file was written"),
    (tensor("head.bias", np.zeros((9, 1))), "must have the shape (9,), got (9, 1)"),
    (tensor("head.bias", 0.0), "must have the shape (9,), got ()"),
    (without("prior.weights"), "prior.weights must have the shape (1,), got nothing"),
    (tensor("prior.weights", np.zeros(0)), "prior.weights must have the shape (1,), got (0,)"),
    (tensor("prior.weights", np.ones((2, 1))), "must have the shape (2,), got (2, 1)"),
    (tensor("prior.means", np.ones((3, 2))), "must have the shape (2, 2), got (3, 2)"),
    (without("prior.scale_tril"), "prior.scale_tril must have the shape (2, 2, 2), got nothing"),
    (tensor("prior.weights", [-1, 2]), "must be 0 or more and not all 0, got [-1.0, 2.0]"),
    (tensor("prior.weights", [0, 0]), "not all 0, got [0.0, 0.0]; fit the prior again"),
    (tensor("prior.weights", [NAN, 1]), "prior.weights must be finite in float16, got nan"),
    (tensor("prior.scale_tril", np.full((2, 2, 2), NAN)), "prior.scale_tril must be finite"),
    (tensor("start.bias", [0, 0, 0, 0, 0, NAN]), "start.bias must be finite in float16"),
    (tensor("start.bias", [0, 0, 0, 0, 0, -INF]), "start.bias must be finite in float16"),
    (
        lambda arrays, _: arrays.update({"head.bias": np.zeros(9, np.float64)}),
        "in F16 and F32, got 'sketchvae-model-4' in F16, F32, F64;",
    ),
    (without("max_steps"), f"{META}, got something else ('max_steps')"),
    (meta(max_steps="many"), META),
    (meta(max_steps="0"), "max_steps must be from 1 to 10000, got 0; train again"),
    (meta(max_steps="10001"), "max_steps must be from 1 to 10000, got 10001"),
    (meta(class_head="[]"), f"{META}, got something else (about is no object)"),
    (without("class_head.bias"), "class_head.weight must have the shape (1, 8), got (3, 8)"),
    (without("class_head.reference"), "class_head.reference must have the shape (1,), got nothing"),
    (tensor("class_head.out", np.zeros(3)), "class_head.out must have the shape (4,), got (3,)"),
    (tensor("class_head.out", [0, 0, 0, NAN]), "class_head.out must be finite in float16, got nan"),
    (lambda arrays, _: arrays.clear(), "got 'sketchvae-model-4' in nothing; name a file"),
]


@pytest.mark.parametrize(("change", "message"), FORGED)
def test_forged_file_is_one_line(
    path: Path, change: Callable[[Arrays, Metadata], object], message: str
) -> None:
    forge(path, change)
    assert message in refused(path)


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "I16", "F16"])
def test_weights_of_other_programs_are_refused_by_their_format(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "other.safetensors"
    size = 1 if kind.startswith("F8") else 2
    header = json.dumps({"w": {"dtype": kind, "shape": [4], "data_offsets": [0, 4 * size]}})
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + bytes(4 * size))
    assert f"got 'none' in {kind}; name a file that 'sketchvae train' wrote" in refused(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(500), b"\x89PNG\r\n", b"x" * 9999])
def test_file_that_is_not_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    assert "must be a safetensors file of weights, got a file in .pt" in refused(path)


def test_line_breaks_of_a_damaged_header_do_not_reach_the_message(tmp_path: Path) -> None:
    path = tmp_path / "odd.safetensors"
    header = json.dumps({"w": {"dtype": "F\n\nx" * 99, "shape": [4], "data_offsets": [0, 8]}})
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + bytes(8))
    assert "must be a safetensors file of weights" in refused(path)


def test_missing_file_and_folder_are_one_line(tmp_path: Path) -> None:
    message = refused(tmp_path / "none.safetensors")
    assert "cannot be read (No such file or directory); name a weights file that" in message
    assert "cannot be read (it is a folder); name a weights file" in refused(tmp_path)


def test_file_of_two_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    header = json.dumps({"w": {"dtype": "F16", "shape": [2**30], "data_offsets": [0, 2**31]}})
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode())
    with path.open("r+b") as file:
        file.truncate(8 + len(header) + 2**31)  # sparse: takes no space on the disk
    assert "must have at most 1073741824 bytes, got 2147" in refused(path)


@pytest.mark.parametrize("size", [0, -1, 4097, 2.0, "512", None])
def test_size_of_a_network_is_a_whole_number_in_bounds(size: int) -> None:
    with pytest.raises(SketchvaeError, match="decoder_hidden must be a whole number from 1 to 40"):
        ModelConfig(decoder_hidden=size)


# --- what people name -------------------------------------------------------------------


def test_a_checkpoint_without_torch_names_the_file_that_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "best.pt").write_bytes(b"PK\x03\x04")
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "sketchvae.model.checkpoints", raising=False)
    for name in (tmp_path, tmp_path / "best.pt"):
        with pytest.raises(MissingExtra) as caught:
            load_model(name)
        assert str(caught.value).startswith(f"{tmp_path / 'best.pt'}: a checkpoint needs torch")
        assert "model.safetensors" in str(caught.value)
    save(tiny_model(), tmp_path / "model.safetensors")
    assert in_full(load_model(tmp_path)) == in_full(load(tmp_path / "model.safetensors"))


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"", "must be a checkpoint"), (b"junk", "must be a checkpoint")],
)
def test_something_else_named_like_a_checkpoint_is_one_line(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "x.pt").write_bytes(content)
    assert said in refusal(lambda: load_model(tmp_path / "x.pt"))
